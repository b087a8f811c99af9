// Multiplexed waits: which of several fds ended poll, select and epoll_wait.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "workload.h"

static int pipe_fds[2], unix_fds[2], event_fd;
static char buffer[16];

// In a child, after a while: writes to fd. Small enough to inherit everything.
static pid_t write_later(int fd) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    uint64_t one = 1;
    CHECK(write(fd, &one, sizeof one) == sizeof one);
    _exit(0);
  }
  return child;
}

static struct expected_wait* expect_ready(const char* label, const char* call, const char* resource_kind,
                                          pid_t writer) {
  struct expected_wait* w = expect(label, "ipc", call);
  w->resource_kind = resource_kind;
  w->waker_tid = writer;
  w->context = "thread";
  return w;
}

static void consume(int fd, pid_t writer) {
  CHECK(read(fd, buffer, sizeof buffer) > 0);
  CHECK(waitpid(writer, NULL, 0) == writer);
}

static void poll_one(const char* label, int writer_fd, int reader_fd, const char* resource_kind) {
  struct pollfd polled[3] = {{.fd = pipe_fds[0], .events = POLLIN},
                             {.fd = unix_fds[0], .events = POLLIN},
                             {.fd = event_fd, .events = POLLIN}};
  pid_t writer = write_later(writer_fd);
  struct expected_wait* w = expect_ready(label, "poll", resource_kind, writer);
  CHECK(poll(polled, 3, 5000) == 1);
  done(w);
  consume(reader_fd, writer);
}

static void select_one(const char* label, int writer_fd, int reader_fd, const char* resource_kind) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(pipe_fds[0], &set);
  FD_SET(unix_fds[0], &set);
  FD_SET(event_fd, &set);
  pid_t writer = write_later(writer_fd);
  struct expected_wait* w = expect_ready(label, "select", resource_kind, writer);
  CHECK(syscall(SYS_select, 64, &set, NULL, NULL, NULL) == 1);
  done(w);
  consume(reader_fd, writer);
}

// `data` of the set: the fd, or a pointer that says nothing to anybody but the program.
static void epoll_one(const char* label, int writer_fd, int reader_fd, const char* resource_kind,
                      uint32_t how, int pointers) {
  int fds[3] = {pipe_fds[0], unix_fds[0], event_fd};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < 3; i++) {
    struct epoll_event add = {.events = EPOLLIN | how};
    if (pointers) add.data.ptr = &fds[i];
    else add.data.fd = fds[i];
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &add) == 0);
  }
  pid_t writer = write_later(writer_fd);
  struct epoll_event ready[4];
  struct expected_wait* w = expect_ready(label, "epoll_wait", resource_kind, writer);
  CHECK(epoll_wait(epoll, ready, 4, -1) == 1);
  done(w);
  consume(reader_fd, writer);
  close(epoll);
}

int main(void) {
  CHECK(pipe(pipe_fds) == 0);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, unix_fds) == 0);
  event_fd = eventfd(0, 0);
  CHECK(event_fd >= 0);

  poll_one("poll: pipe", pipe_fds[1], pipe_fds[0], "pipe");
  poll_one("poll: Unix socket", unix_fds[1], unix_fds[0], "unix");
  poll_one("poll: eventfd", event_fd, event_fd, "eventfd");
  select_one("select: pipe", pipe_fds[1], pipe_fds[0], "pipe");
  select_one("select: Unix socket", unix_fds[1], unix_fds[0], "unix");
  epoll_one("epoll: pipe", pipe_fds[1], pipe_fds[0], "pipe", 0, 0);
  epoll_one("epoll: Unix socket", unix_fds[1], unix_fds[0], "unix", 0, 0);
  epoll_one("epoll, edge-triggered: eventfd", event_fd, event_fd, "eventfd", EPOLLET, 0);
  epoll_one("epoll, pointers: pipe", pipe_fds[1], pipe_fds[0], "pipe", 0, 1);
  epoll_one("epoll, pointers, one-shot: Unix socket", unix_fds[1], unix_fds[0], "unix", EPOLLONESHOT, 1);
  print_notes();
}
