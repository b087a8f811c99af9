// Many messages in one sendmmsg, received by few recvmmsg: messages COUNT. Each says which one it is and has
// a length of its own. One in the middle lies in a page that is not in memory yet.
#include <sys/socket.h>

#include "workload.h"

#define MOST 1024
#define ROOM 512

static int count;

struct batch {
  struct mmsghdr heads[MOST];
  struct iovec buffers[MOST];
  char bytes[MOST][ROOM];
};

static struct batch* make_batch(void) {
  struct batch* batch = calloc(1, sizeof *batch);
  CHECK(batch != NULL);
  for (int i = 0; i < MOST; i++) {
    batch->buffers[i] = (struct iovec){batch->bytes[i], ROOM};
    batch->heads[i].msg_hdr.msg_iov = &batch->buffers[i];
    batch->heads[i].msg_hdr.msg_iovlen = 1;
  }
  return batch;
}

static void move_to_unseen_page(struct iovec* buffer) {
  int file = memfd_create("page", 0);
  CHECK(file >= 0);
  CHECK(write(file, buffer->iov_base, buffer->iov_len) == (ssize_t)buffer->iov_len);
  buffer->iov_base = mmap(NULL, buffer->iov_len, PROT_READ, MAP_PRIVATE, file, 0);
  CHECK(buffer->iov_base != MAP_FAILED);
}

static void* send_all(void* socket) {
  struct batch* batch = make_batch();
  for (int i = 0; i < count; i++) {
    int length = sprintf(batch->bytes[i], "message %04d of %d", i + 1, count), more = (i + 1) % 7 * 50;
    memset(batch->bytes[i] + length, '.', (size_t)more);
    batch->buffers[i].iov_len = (size_t)(length + more);
  }
  move_to_unseen_page(&batch->buffers[count / 2]);
  CHECK(sendmmsg(*(int*)socket, batch->heads, (unsigned)count, 0) == count);
  return NULL;
}

int main(int argc, char** argv) {
  int pair[2];
  count = argc > 1 ? atoi(argv[1]) : 64;
  CHECK(count > 0 && count <= MOST);
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
  pthread_t sender = start_thread(send_all, &pair[0]);
  struct batch* batch = make_batch();
  for (int done = 0; done < count;) {
    int got = recvmmsg(pair[1], batch->heads, (unsigned)(count - done), MSG_WAITFORONE, NULL);
    CHECK(got > 0);
    done += got;
  }
  pthread_join(sender, NULL);
}
