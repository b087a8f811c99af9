// Time passing: nanosleep, clock_nanosleep, multiplexers that time out, timerfd; and signals.
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/timerfd.h>

#include "workload.h"

static struct expected_wait* expect_sleep(const char* label, const char* call) {
  struct expected_wait* w = expect(label, "sleep", call);
  w->context = "timer";
  return w;
}

static void sleep_in_calls(void) {
  struct timespec t = {0, NAP_MS * MS};
  struct expected_wait* w = expect_sleep("nanosleep", "nanosleep");
  syscall(SYS_nanosleep, &t, NULL);
  done(w);

  w = expect_sleep("clock_nanosleep", "clock_nanosleep");
  clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
  done(w);

  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += (NAP_MS + 1) * MS;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  w = expect_sleep("clock_nanosleep to an absolute time", "clock_nanosleep");
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
  done(w);
}

static void time_out_on_a_futex(void) {
  uint32_t word = 7;
  struct timespec t = {0, NAP_MS * MS};
  struct expected_wait* w = expect_sleep("futex that times out", "futex");
  CHECK(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 7, &t, NULL, 0) == -1);
  done(w);
}

static void time_out(void) {
  int fds[2];
  CHECK(pipe(fds) == 0);
  struct pollfd polled = {.fd = fds[0], .events = POLLIN};
  struct timespec t = {0, NAP_MS * MS};
  struct timeval tv = {0, NAP_MS * 1000};
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fds[0], &set);

  struct expected_wait* w = expect_sleep("poll that times out", "poll");
  CHECK(poll(&polled, 1, NAP_MS) == 0);
  done(w);

  w = expect_sleep("ppoll that times out", "ppoll");
  CHECK(ppoll(&polled, 1, &t, NULL) == 0);
  done(w);

  w = expect_sleep("select that times out", "select");
  CHECK(syscall(SYS_select, fds[0] + 1, &set, NULL, NULL, &tv) == 0);
  done(w);

  w = expect_sleep("select on nothing", "select");
  tv = (struct timeval){0, NAP_MS * 1000};
  CHECK(syscall(SYS_select, 0, NULL, NULL, NULL, &tv) == 0);
  done(w);

  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event) == 0);
  w = expect_sleep("epoll_wait that times out", "epoll_wait");
  CHECK(epoll_wait(epoll, &event, 1, NAP_MS) == 0);
  done(w);
  close(epoll);
  close(fds[0]);
  close(fds[1]);
}

static void read_timer(void) {
  uint64_t ticks;
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec in = {.it_value = {0, (NAP_MS + 1) * MS}};
  CHECK(timerfd_settime(fd, 0, &in, NULL) == 0);
  struct expected_wait* w = expect_sleep("timerfd read", "read");
  w->resource_kind = "timerfd";
  CHECK(read(fd, &ticks, sizeof ticks) == sizeof ticks);
  done(w);

  CHECK(timerfd_settime(fd, 0, &in, NULL) == 0);
  struct pollfd polled = {.fd = fd, .events = POLLIN};
  w = expect_sleep("poll of a timerfd", "poll");
  w->resource_kind = "timerfd";
  CHECK(poll(&polled, 1, -1) == 1);
  done(w);
  close(fd);
}

static void ignore_signal(int number) {
  (void)number;
}

// `body` waits; a child sends SIGUSR1 after a while.
static void be_signalled(const char* label, const char* call, void (*body)(const sigset_t*)) {
  sigset_t usr1, old;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  CHECK(sigprocmask(SIG_BLOCK, &usr1, &old) == 0);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    kill(parent, SIGUSR1);
    _exit(0);
  }
  struct expected_wait* w = expect(label, "signal", call);
  w->waker_tid = child;
  w->context = "thread";
  body(&usr1);
  done(w);
  sigprocmask(SIG_SETMASK, &old, NULL);
  CHECK(waitpid(child, NULL, 0) == child);
}

static void in_sigsuspend(const sigset_t* usr1) {
  (void)usr1;
  sigset_t none;
  sigemptyset(&none);
  sigsuspend(&none);
}

static void in_sigwait(const sigset_t* usr1) {
  int number;
  sigwait(usr1, &number);
}

static void in_pause(const sigset_t* usr1) {
  sigprocmask(SIG_UNBLOCK, usr1, NULL);
  syscall(SYS_pause);
}

int main(void) {
  sleep_in_calls();
  time_out();
  time_out_on_a_futex();
  read_timer();
  signal(SIGUSR1, ignore_signal);
  be_signalled("sigsuspend", "rt_sigsuspend", in_sigsuspend);
  be_signalled("sigwait", "rt_sigtimedwait", in_sigwait);
  be_signalled("pause", "pause", in_pause);
  print_notes();
}
