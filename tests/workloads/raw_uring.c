// io_uring by its system calls alone, for the comparison with strace: setup, registered files and buffers,
// a probe, reads and writes submitted and waited for, with and without a time limit, an eventfd that tells of
// them. What is asked through the ring itself neither sees.
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "workload.h"

struct ring {
  int fd;
  char *queue, *completions;
  struct io_uring_sqe* entries;
  struct io_uring_params params;
};

static void submit(struct ring* ring, struct io_uring_sqe entry) {
  uint32_t* tail = (uint32_t*)(ring->queue + ring->params.sq_off.tail);
  uint32_t mask = *(uint32_t*)(ring->queue + ring->params.sq_off.ring_mask);
  uint32_t at = *tail & mask;
  ring->entries[at] = entry;
  ((uint32_t*)(ring->queue + ring->params.sq_off.array))[at] = at;
  atomic_store((_Atomic uint32_t*)tail, *tail + 1);
}

static long enter(struct ring* ring, unsigned submitted, unsigned complete, unsigned flags,
                  const void* argument, size_t size) {
  return syscall(SYS_io_uring_enter, ring->fd, submitted, complete, flags, argument, size);
}

int main(void) {
  struct ring ring = {0};
  ring.params.flags = IORING_SETUP_CQSIZE;
  ring.params.cq_entries = 16;
  ring.fd = (int)syscall(SYS_io_uring_setup, 4, &ring.params);
  if (ring.fd < 0) skip("io_uring_setup fails");
  syscall(SYS_io_uring_setup, 0, &ring.params);
  syscall(SYS_io_uring_setup, 4, NULL);
  ring.queue =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
  ring.entries =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
  CHECK(ring.queue != MAP_FAILED && ring.entries != MAP_FAILED);

  int files[2];
  CHECK(pipe2(files, O_CLOEXEC) == 0);
  char space[64] = {0};
  struct iovec buffer = {space, sizeof space};
  CHECK(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, files, 2) == 0);
  CHECK(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &buffer, 1) == 0);
  int event = eventfd(0, EFD_CLOEXEC);
  CHECK(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_EVENTFD, &event, 1) == 0);
  CHECK(syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_EVENTFD, NULL, 0) == 0);
  syscall(SYS_io_uring_register, ring.fd, 9999, NULL, 0);

  submit(&ring, (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 1});
  CHECK(enter(&ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
  submit(
      &ring,
      (struct io_uring_sqe){
          .opcode = IORING_OP_WRITE, .fd = files[1], .addr = (uintptr_t) "text", .len = 4, .user_data = 2});
  submit(&ring,
         (struct io_uring_sqe){
             .opcode = IORING_OP_READ, .fd = files[0], .addr = (uintptr_t)space, .len = 4, .user_data = 3});
  CHECK(enter(&ring, 2, 2, IORING_ENTER_GETEVENTS, NULL, 0) == 2 && memcmp(space, "text", 4) == 0);
  // Nothing comes: the wait ends with its time, or by its signal mask's argument alone.
  struct __kernel_timespec soon = {0, 10000000};
  struct io_uring_getevents_arg limit = {.sigmask_sz = 8, .ts = (uintptr_t)&soon};
  enter(&ring, 0, 4, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &limit, sizeof limit);
  sigset_t none;
  sigemptyset(&none);
  enter(&ring, 0, 0, IORING_ENTER_GETEVENTS, &none, 8);
  CHECK(syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL, 0) == 0);
  CHECK(syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_FILES, NULL, 0) == 0);
  close(ring.fd);
  enter(&ring, 0, 0, 0, NULL, 0);
  print_notes();
}
