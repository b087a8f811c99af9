// Lives that end or begin in unusual ways: a raw clone3, a vfork that executes, exit_group with live
// threads, a main thread that ends first, a process killed while it waits, a pid used twice.
// Facts: {"fact": "clone3" | "vfork" | "exit_group" | "leader_first" | "killed" | "reused", "pid", …}.
#include <linux/sched.h>
#include <signal.h>

#include "workload.h"

// Without libc's wrapper there is no new stack: as with fork.
static pid_t clone3(struct clone_args* args) {
  return (pid_t)syscall(SYS_clone3, args, sizeof *args);
}

static void* sleep_on(void* unused) {
  (void)unused;
  for (;;) nap_ms(1000);
  return NULL;
}

static void* end_later(void* unused) {
  (void)unused;
  nap_ms(50);
  return NULL;
}

static void with_clone3(void) {
  struct clone_args args = {.exit_signal = SIGCHLD};
  pid_t child = clone3(&args);
  CHECK(child >= 0);
  if (child == 0) {
    nap_ms(20);
    _exit(11);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  fact("\"fact\": \"clone3\", \"pid\": %d, \"exit_code\": 11", child);
}

static void with_vfork(void) {
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "exit 12", (char*)NULL);
    _exit(127);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  fact("\"fact\": \"vfork\", \"pid\": %d, \"exit_code\": 12", child);
}

static void with_exit_group(void) {
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; i++) start_thread(sleep_on, NULL);
    nap_ms(20);
    _exit(13);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  fact("\"fact\": \"exit_group\", \"pid\": %d, \"exit_code\": 13, \"threads\": 4", child);
}

static void with_leader_first(void) {
  pid_t child = fork();
  if (child == 0) {
    start_thread(end_later, NULL);
    syscall(SYS_exit, 14);  // this thread only
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  fact("\"fact\": \"leader_first\", \"pid\": %d, \"exit_code\": %d, \"threads\": 2", child,
       WEXITSTATUS(status));
}

static void with_kill(void) {
  pid_t child = fork();
  if (child == 0) sleep_on(NULL);
  nap_ms(20);
  kill(child, SIGKILL);
  CHECK(waitpid(child, NULL, 0) == child);
  fact("\"fact\": \"killed\", \"pid\": %d, \"exit_signal\": 9", child);
}

// The same pid twice: asked for by set_tid, which needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
static void with_reused_pid(void) {
  pid_t child = fork();
  if (child == 0) _exit(21);
  CHECK(waitpid(child, NULL, 0) == child);
  pid_t wanted = child;
  struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
  pid_t again = clone3(&args);
  if (again == 0) _exit(22);
  if (again < 0) return;
  CHECK(again == child && waitpid(again, NULL, 0) == again);
  fact("\"fact\": \"reused\", \"pid\": %d, \"first\": 21, \"second\": 22", child);
}

int main(void) {
  with_clone3();
  with_vfork();
  with_exit_group();
  with_leader_first();
  with_kill();
  with_reused_pid();
  print_notes();
}
