// A server to attach to: one thread hangs on a mutex for ever, one waits in epoll (a set built
// before anybody records) and answers, one in accept; the main thread reads its standard input and
// ends at end of file. Each line on standard input is passed on to the epoll thread through an
// eventfd. Says at once who is where, so that the recording may begin later.
#include <arpa/inet.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "workload.h"

static int event_fd;
static _Atomic int ready_count;

static void say(const char* what) {
  printf("{\"fact\": \"%s\", \"tid\": %d}\n", what, my_tid());
  fflush(stdout);
  ready_count++;
}

static void* hang(void* unused) {
  (void)unused;
  static int word = 2;  // a mutex that others want too, and nobody lets go
  say("futex");
  for (;;) syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
  return NULL;
}

static void* serve_events(void* unused) {
  (void)unused;
  static int marker;
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &marker};
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, event_fd, &event) == 0);
  say("epoll");
  for (;;) {
    CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
    eventfd_t value;
    CHECK(eventfd_read(event_fd, &value) == 0);
  }
  return NULL;
}

static void* accept_one(void* unused) {
  (void)unused;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(fd, (struct sockaddr*)&address, sizeof address) == 0 && listen(fd, 5) == 0);
  CHECK(getsockname(fd, (struct sockaddr*)&address, &length) == 0);
  printf("{\"fact\": \"port\", \"port\": %d}\n", ntohs(address.sin_port));
  say("accept");
  for (;;) close(accept(fd, NULL, NULL));
  return NULL;
}

int main(void) {
  event_fd = eventfd(0, EFD_CLOEXEC);
  start_thread(hang, NULL);
  start_thread(serve_events, NULL);
  start_thread(accept_one, NULL);
  while (ready_count < 3) nap_ms(1);
  say("stdin");
  char line[64];
  while (fgets(line, sizeof line, stdin)) CHECK(eventfd_write(event_fd, 1) == 0);
  _exit(0);
}
