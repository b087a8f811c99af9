// Waits for children: wait4, waitid, vfork's parent, a pidfd; and a child that is stopped.
#include <poll.h>
#include <signal.h>

#include "workload.h"

static pid_t napping_child(void) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    _exit(3);
  }
  return child;
}

static void wait_with_wait4(void) {
  pid_t child = napping_child();
  struct expected_wait* w = expect("wait4", "child", "wait4");
  w->waker_tid = child;
  w->context = "thread";
  CHECK(waitpid(child, NULL, 0) == child);
  done(w);
}

static void wait_with_waitid(void) {
  pid_t child = napping_child();
  siginfo_t info;
  struct expected_wait* w = expect("waitid", "child", "waitid");
  w->waker_tid = child;
  w->context = "thread";
  CHECK(waitid(P_PID, (id_t)child, &info, WEXITED) == 0);
  done(w);
}

static void wait_in_vfork(void) {
  struct expected_wait* w = expect("parent of a vfork", "child", "vfork");
  w->context = "thread";
  pid_t child = vfork();
  if (child == 0) {
    struct timespec t = {0, (NAP_MS + 20) * MS};
    syscall(SYS_nanosleep, &t, NULL);
    _exit(0);
  }
  done(w);
  w->waker_tid = child;
  CHECK(waitpid(child, NULL, 0) == child);
}

static void wait_for_pidfd(void) {
  pid_t child = napping_child();
  struct pollfd fd = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
  CHECK(fd.fd >= 0);
  struct expected_wait* w = expect("poll of a pidfd", "child", "poll");
  w->resource_kind = "pidfd";
  w->waker_tid = child;
  w->context = "thread";
  CHECK(poll(&fd, 1, -1) == 1);
  done(w);
  close(fd.fd);
  CHECK(waitpid(child, NULL, 0) == child);
}

static void stop_child(void) {
  pid_t child = fork();
  if (child == 0) {
    struct expected_wait* w = expect("stopped child", "stopped", "");
    raise(SIGSTOP);
    done(w);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  nap_ms(NAP_MS + 20);
  kill(child, SIGCONT);
  CHECK(waitpid(child, &status, 0) == child);
}

int main(void) {
  wait_with_wait4();
  wait_with_waitid();
  wait_in_vfork();
  wait_for_pidfd();
  stop_child();
  print_notes();
}
