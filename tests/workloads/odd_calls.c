// Calls that a recorder easily gets wrong: from 64-bit code by int 0x80, denied by seccomp, with a path whose
// page is not in memory yet, with a bad pointer, through io_uring, and pending when the program ends. Facts:
// {"fact": "int80" | "seccomp" | "cold_path" | "bad_pointer" | "uring", …}.
#include <fcntl.h>
#include <liburing.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "workload.h"

// 32-bit numbers: 20 is getpid there, and writev here.
static void with_int80(void) {
#ifdef __x86_64__
  pid_t child = fork();
  if (child == 0) {
    long ret;
    __asm__ volatile("int $0x80" : "=a"(ret) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    _exit(ret == getpid() ? 0 : 1);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  if (status == 0) fact("\"fact\": \"int80\", \"tid\": %d, \"name\": \"getpid\", \"ret\": %d", child, child);
#endif
}

// getppid answers EPERM; its entry is not seen by a tracepoint, its exit is.
static void with_seccomp(void) {
  pid_t child = fork();
  if (child == 0) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
    syscall(SYS_getuid);
    for (int i = 0; i < 3; i++) CHECK(syscall(SYS_getppid) == -1 && errno == EPERM);
    syscall(SYS_getgid);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  fact("\"fact\": \"seccomp\", \"tid\": %d, \"calls\": 3", child);
}

// Paths lie in a mapped file whose pages have been dropped, one a page.
static void with_cold_path(const char* directory) {
  char name[128];
  snprintf(name, sizeof name, "%s/tarry-cold.XXXXXX", directory);
  int fd = mkstemp(name);
  CHECK(fd >= 0);
  enum { kPages = 64 };
  for (int i = 0; i < kPages; i++) {
    char page[4096] = {0};
    snprintf(page, sizeof page, "/nonexistent/cold-path-%d", i);
    CHECK(write(fd, page, sizeof page) == sizeof page);
  }
  CHECK(fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
  char* pages = mmap(NULL, kPages * 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  CHECK(pages != MAP_FAILED && madvise(pages, kPages * 4096, MADV_RANDOM) == 0);
  for (int i = 0; i < kPages; i += 8) CHECK(open(pages + i * 4096, O_RDONLY) == -1 && errno == ENOENT);
  fact("\"fact\": \"cold_path\", \"tid\": %d, \"prefix\": \"/nonexistent/cold-path-\", \"count\": %d",
       my_tid(), kPages / 8);
  close(fd);
  unlink(name);
}

static void with_bad_pointers(void) {
  CHECK(open((const char*)8, O_RDONLY) == -1 && errno == EFAULT);
  CHECK(syscall(SYS_write, 1, (const char*)8, 10L) == -1);
  CHECK(syscall(SYS_read, -1, (char*)8, 10L) == -1 && errno == EBADF);
  CHECK(syscall(SYS_execve, (const char*)8, NULL, NULL) == -1 && errno == EFAULT);
  CHECK(syscall(9999, 1, 2, 3) == -1 && errno == ENOSYS);
  fact("\"fact\": \"bad_pointer\", \"tid\": %d", my_tid());
}

static void with_uring(void) {
  struct io_uring ring;
  if (io_uring_queue_init(4, &ring, 0) < 0) return;
  int fds[2];
  CHECK(pipe(fds) == 0);
  char byte;
  struct io_uring_sqe* entry = io_uring_get_sqe(&ring);
  io_uring_prep_read(entry, fds[0], &byte, 1, 0);
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    CHECK(write(fds[1], "x", 1) == 1);
    _exit(0);
  }
  struct expected_wait* w = expect("io_uring_enter", "", "io_uring_enter");
  CHECK(io_uring_submit_and_wait(&ring, 1) >= 0);
  done(w);
  fact("\"fact\": \"uring\", \"tid\": %d", my_tid());
  CHECK(waitpid(child, NULL, 0) == child);
  io_uring_queue_exit(&ring);
}

static void* read_for_ever(void* argument) {
  char byte;
  CHECK(read(*(int*)argument, &byte, 1) == 1);
  return NULL;
}

int main(int argc, char** argv) {
  static int fds[2];
  with_int80();
  with_seccomp();
  with_cold_path(argc > 1 ? argv[1] : "/var/tmp");
  with_bad_pointers();
  with_uring();
  CHECK(pipe(fds) == 0);
  start_thread(read_for_ever, &fds[0]);
  nap_ms(50);
  print_notes();  // the read is still pending when main returns
}
