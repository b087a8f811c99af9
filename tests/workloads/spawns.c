// Many short children, each begun in another way: vfork, posix_spawn, fork, clone with a stack, clone3, some
// that fail to exec. For the comparison with strace.
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>

#include "workload.h"

extern char** environ;

enum { kRounds = 12 };

static int exit_with_7(void* argument) {
  (void)argument;
  return 7;
}

static void await(pid_t child, int status) {
  int got;
  CHECK(child > 0 && waitpid(child, &got, __WALL) == child && WIFEXITED(got) && WEXITSTATUS(got) == status);
}

int main(void) {
  static char stack[65536];
  char* arguments[] = {"/bin/true", "an argument", NULL};
  for (volatile int round = 0; round < kRounds; round++) {
    pid_t child = vfork();
    if (child == 0) {
      execve(round % 3 == 0 ? "/nonexistent/true" : "/bin/true", arguments, environ);
      _exit(9);
    }
    await(child, round % 3 == 0 ? 9 : 0);
    CHECK(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0);
    await(child, 0);
    CHECK(posix_spawnp(&child, "nonexistent-true", NULL, NULL, arguments, environ) == ENOENT);
    child = fork();
    if (child == 0) _exit(round);
    await(child, round);
    await(clone(exit_with_7, stack + sizeof stack, SIGCHLD, NULL), 7);
    struct clone_args how = {.flags = CLONE_FS, .exit_signal = SIGCHLD};
    child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (child == 0) _exit(round + 20);
    await(child, round + 20);
  }
}
