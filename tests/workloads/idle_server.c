// A server that nobody asks, for recordings that begin when it has long been there: its loops wait for an
// epoll set that was built before, one for ever and one in ticks; a worker is parked on a condition variable,
// another on an eventfd; and one thread hangs on a mutex that nobody lets go. Says what each thread waits
// for, then goes on until it is ended.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "workload.h"

static pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static int event_fd;

static void say(const char* what, const char* kind, const char* role) {
  printf("{\"label\": \"%s\", \"tid\": %d, \"kind\": \"%s\", \"role\": \"%s\"}\n", what, my_tid(), kind,
         role);
  fflush(stdout);
}

static int listen_somewhere(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0 && bind(fd, (struct sockaddr*)&address, sizeof address) == 0 && listen(fd, 5) == 0);
  return fd;
}

// A listening socket beside what wakes the loop up; `data` says nothing to others.
static int build_set(void) {
  int pipe_fds[2];
  CHECK(pipe(pipe_fds) == 0);
  int fds[3] = {listen_somewhere(), pipe_fds[0], eventfd(0, 0)};
  int set = epoll_create1(0);
  for (int i = 0; i < 3; i++) {
    struct epoll_event add = {.events = EPOLLIN, .data.ptr = &fds[i]};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &add) == 0);
  }
  return set;
}

static void* loop(void* argument) {
  struct epoll_event ready;
  int set = build_set();
  say("loop", "network", "idle");
  epoll_wait(set, &ready, 1, -1);
  return argument;
}

static void* work(void* argument) {
  pthread_mutex_lock(&queue_mutex);
  say("worker on a condition variable", "lock", "idle");
  pthread_cond_wait(&queue, &queue_mutex);
  return argument;
}

static void* listen_to_event(void* argument) {
  uint64_t count;
  say("worker on an eventfd", "ipc", "idle");
  CHECK(read(event_fd, &count, sizeof count) == sizeof count);
  return argument;
}

static void* hang(void* argument) {
  say("stuck on a mutex", "lock", "");
  pthread_mutex_lock(&held);
  return argument;
}

int main(void) {
  event_fd = eventfd(0, 0);
  CHECK(pthread_mutex_lock(&held) == 0);
  start_thread(loop, NULL);
  start_thread(work, NULL);
  start_thread(listen_to_event, NULL);
  start_thread(hang, NULL);
  int set = build_set();
  nap_ms(NAP_MS);
  say("loop in ticks", "sleep", "idle");
  struct epoll_event ready;
  while (epoll_wait(set, &ready, 1, NAP_MS) == 0) continue;
  return 1;
}
