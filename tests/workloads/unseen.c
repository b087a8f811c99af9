// What a tracer that stops its program at every call would hide or change: calls that seccomp denies in each
// way (their entry is not seen by a tracepoint, and some never return), and paths on pages that are not in
// memory when the call begins, as strace would have fetched them. Facts:
// {"fact": "denied", "action", "tid"}: a thread that calls close(77), then openat("/denied/ACTION") and
// getppid(), both of which the filter denies, then close(78);
// {"fact": "cold", "tid", "call", "path"}: a call with that path.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "workload.h"

static void deny(uint32_t action) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {5, filter};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static volatile sig_atomic_t traps_;

static void on_trap(int number) {
  (void)number;
  traps_++;
}

static void call_denied(const char* name, uint32_t action) {
  char path[64];
  snprintf(path, sizeof path, "/denied/%s", name);
  fact("\"fact\": \"denied\", \"action\": \"%s\", \"tid\": %d", name, my_tid());
  signal(SIGSYS, on_trap);
  deny(action);
  close(77);
  syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
  syscall(SYS_getppid);
  close(78);
}

struct action {
  const char* name;
  uint32_t value;
  int status;  // of a process that ran into it
};

static void* in_thread(void* argument) {
  const struct action* action = argument;
  call_denied(action->name, action->value);
  return NULL;
}

static void with_seccomp(void) {
  static struct action actions[] = {
      {"errno", SECCOMP_RET_ERRNO | EPERM, 0},
      {"trap", SECCOMP_RET_TRAP, 0},
      {"trace", SECCOMP_RET_TRACE, 0},  // without a tracer: ENOSYS
      {"kill_process", SECCOMP_RET_KILL_PROCESS, SIGSYS},
  };
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
    pid_t child = fork();
    if (child == 0) {
      call_denied(actions[i].name, actions[i].value);
      _exit(actions[i].value == SECCOMP_RET_TRAP && traps_ != 2);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(actions[i].status == 0 ? status == 0 : WTERMSIG(status) == actions[i].status);
  }
  // A thread of a process that goes on without it. (It never tells that it ended: no joining.)
  pid_t child = fork();
  if (child == 0) {
    static struct action action = {"kill_thread", SECCOMP_RET_KILL_THREAD, 0};
    start_thread(in_thread, &action);
    nap_ms(50);
    close(79);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

// A page of a mapped file for each text, dropped from memory.
struct cold {
  char name[128];
  int fd, pages;
  char* memory;
};

static void cold_add(struct cold* cold, const char* text) {
  char page[4096] = {0};
  snprintf(page, sizeof page, "%s", text);
  CHECK(write(cold->fd, page, sizeof page) == sizeof page);
  cold->pages++;
}

static void cold_map(struct cold* cold) {
  size_t size = (size_t)cold->pages * 4096;
  CHECK(fsync(cold->fd) == 0 && posix_fadvise(cold->fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
  cold->memory = mmap(NULL, size, PROT_READ, MAP_PRIVATE, cold->fd, 0);
  CHECK(cold->memory != MAP_FAILED && madvise(cold->memory, size, MADV_RANDOM) == 0);
}

static const char* cold_page(const struct cold* cold, int page) {
  return cold->memory + (size_t)page * 4096;
}

static void with_cold_pages(const char* directory) {
  struct cold cold = {.pages = 0};
  snprintf(cold.name, sizeof cold.name, "%s/tarry-unseen.XXXXXX", directory);
  CHECK((cold.fd = mkstemp(cold.name)) >= 0);
  // Every eighth, so that no reading ahead brings the next one.
  static const char* const texts[] = {"/cold/open",       "/cold/stat",       "/cold/statx",  "/cold/access",
                                      "/cold/rename-old", "/cold/rename-new", "/cold/exec",   "/bin/true",
                                      "/cold/readlink",   "/cold/symlink-to", "/cold/symlink"};
  enum { kTexts = sizeof texts / sizeof *texts, kApart = 8 };
  for (int i = 0; i < kTexts; i++) {
    cold_add(&cold, texts[i]);
    for (int j = 1; j < kApart; j++) cold_add(&cold, "");
  }
  cold_map(&cold);
#define COLD(i) cold_page(&cold, (i)*kApart)
#define NOTE(call, i) \
  fact("\"fact\": \"cold\", \"tid\": %d, \"call\": \"%s\", \"path\": \"%s\"", my_tid(), call, texts[i])
  struct stat status;
  struct statx extended;
  char buffer[16];
  CHECK(syscall(SYS_openat, AT_FDCWD, COLD(0), O_RDONLY) == -1 && errno == ENOENT);
  NOTE("openat", 0);
  CHECK(syscall(SYS_newfstatat, AT_FDCWD, COLD(1), &status, 0) == -1);
  NOTE("newfstatat", 1);
  CHECK(syscall(SYS_statx, AT_FDCWD, COLD(2), 0, STATX_BASIC_STATS, &extended) == -1);
  NOTE("statx", 2);
  CHECK(syscall(SYS_faccessat, AT_FDCWD, COLD(3), R_OK) == -1);
  NOTE("faccessat", 3);
  CHECK(syscall(SYS_renameat2, AT_FDCWD, COLD(4), AT_FDCWD, COLD(5), 0) == -1 && errno == ENOENT);
  NOTE("renameat2", 4);
  NOTE("renameat2", 5);
  CHECK(syscall(SYS_execve, COLD(6), NULL, NULL) == -1 && errno == ENOENT);
  NOTE("execve", 6);
  CHECK(syscall(SYS_readlinkat, AT_FDCWD, COLD(8), buffer, sizeof buffer) == -1);
  NOTE("readlinkat", 8);
  CHECK(syscall(SYS_symlinkat, COLD(9), AT_FDCWD, COLD(10)) == -1);
  NOTE("symlinkat", 9);
  NOTE("symlinkat", 10);
  // An execve that succeeds: the page is gone with the rest of the old program when it returns.
  pid_t child = fork();
  if (child == 0) {
    char* arguments[] = {"true", NULL};
    fact("\"fact\": \"cold\", \"tid\": %d, \"call\": \"execve\", \"path\": \"%s\"", my_tid(), texts[7]);
    syscall(SYS_execve, COLD(7), arguments, NULL);
    _exit(1);
  }
  int exit_status;
  CHECK(waitpid(child, &exit_status, 0) == child && exit_status == 0);
  close(cold.fd);
  unlink(cold.name);
}

int main(int argc, char** argv) {
  with_seccomp();
  with_cold_pages(argc > 1 ? argv[1] : "/var/tmp");
  print_notes();
}
