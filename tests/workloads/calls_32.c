// A true 32-bit program: built without a C library, so that no 32-bit one is needed (see CMakeLists.txt).
// Calls that only i386 has or whose structures and arguments are laid out in another way there; results do
// not matter. For the comparison with strace, which says that the process "runs in 32 bit mode".
#include <asm/unistd_32.h>
#include <stddef.h>
#include <stdint.h>

long sixth;

static long call(long nr, long a, long b, long c, long d, long e, long f) {
  long ret;
  sixth = f;
  // The sixth argument goes in ebp, which the compiler does not give away; it lies where no register is
  // needed.
  __asm__ volatile(
      "push %%ebp\n\t"
      "mov sixth, %%ebp\n\t"
      "int $0x80\n\t"
      "pop %%ebp"
      : "=a"(ret)
      : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
      : "memory");
  return ret;
}

#define CALL0(name) call(__NR_##name, 0, 0, 0, 0, 0, 0)
#define CALL1(name, a) call(__NR_##name, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(name, a, b) call(__NR_##name, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(name, a, b, c) call(__NR_##name, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(name, a, b, c, d) call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL5(name, a, b, c, d, e) call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL6(name, a, b, c, d, e, f) \
  call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

// With -nostdlib the compiler's own calls of it have nowhere else to go.
void* memset(void* to, int byte, size_t size) {
  for (size_t i = 0; i < size; i++) ((volatile char*)to)[i] = (char)byte;
  return to;
}

__attribute__((naked)) static void restorer(void) {
  __asm__("mov $173, %eax\n\tint $0x80");  // rt_sigreturn
}

static void on_signal(int number) {
  (void)number;
}

struct timespec_32 {
  int32_t sec, nsec;
};
struct timespec_64 {
  int64_t sec, nsec;
};

static char space[8192];

static void with_files(void) {
  long fd = CALL3(open, "calls32.tmp", 02 | 0100 | 01000, 0640);
  CALL3(write, fd, "some text for a file", 20);
  CALL5(_llseek, fd, 0, 4, space, 0);
  CALL3(lseek, fd, 2, 0);
  CALL3(read, fd, space, 6);
  CALL5(pread64, fd, space, 8, 3, 0);
  CALL5(pwrite64, fd, "over", 4, 100, 0);
  CALL2(fstat64, fd, space);
  CALL2(stat64, "/etc/passwd", space);
  CALL2(lstat64, "/proc/self", space);
  CALL4(fstatat64, -100, "calls32.tmp", space, 0x100);
  CALL2(stat, "/etc/passwd", space);
  CALL5(statx, -100, "calls32.tmp", 0, 0x7ff, space);
  CALL3(statfs64, "/", 84, space);
  CALL2(statfs, "/", space);
  CALL2(ftruncate, fd, 50);
  CALL3(ftruncate64, fd, 40, 0);
  CALL3(truncate64, "calls32.tmp", 30, 0);
  CALL4(fadvise64, fd, 0, 0, 10);
  CALL6(fadvise64_64, fd, 5, 0, 10, 0, 3);
  CALL6(sync_file_range, fd, 0, 0, 10, 0, 2);
  CALL6(fallocate, fd, 0, 0, 0, 64, 0);
  CALL3(fcntl, fd, 3, 0);
  CALL3(fcntl64, fd, 1030, 10);
  struct {
    uint32_t base, length;
  } vector[] = {{(uint32_t) "one ", 4}, {(uint32_t) "and two", 7}};
  CALL3(writev, fd, vector, 2);
  CALL5(pwritev, fd, vector, 2, 8, 0);
  CALL3(readlink, "/proc/self/exe", space, 100);
  CALL2(getcwd, space, 200);
  CALL2(access, "/etc/passwd", 4);
  CALL2(chmod, "calls32.tmp", 0600);
  CALL3(chown32, "calls32.tmp", -1, -1);
  CALL3(chown, "calls32.tmp", -1, -1);
  struct timespec_64 times[2] = {{1, 2}, {3, 0x3ffffffe}};
  CALL4(utimensat_time64, -100, "calls32.tmp", times, 0);
  struct timespec_32 old_times[2] = {{1, 2}, {3, 4}};
  CALL4(utimensat, -100, "calls32.tmp", old_times, 0);
  int32_t both[2] = {5, 6};
  CALL2(utime, "calls32.tmp", both);
  CALL3(sendfile, 1, -1, 0);
  CALL4(sendfile64, 1, -1, 0, 5);
  CALL2(flock, fd, 6);
  CALL1(dup, fd);
  CALL2(dup2, fd, 20);
  CALL1(close, 20);
  CALL1(close, fd);
  CALL1(unlink, "calls32.tmp");
  CALL1(open, "/nonexistent/calls32");
  long directory = CALL3(openat, -100, "/usr/include/linux/netfilter", 0200000);
  CALL3(getdents, directory, space, sizeof space);
  CALL3(getdents64, directory, space, sizeof space);
}

static void with_memory(void) {
  long brk = CALL1(brk, 0);
  CALL1(brk, brk + 4096);
  long page = CALL6(mmap2, 0, 8192, 3, 0x22, -1, 0);
  CALL3(mprotect, page, 4096, 1);
  CALL5(mremap, page, 8192, 4096, 1, 0);
  CALL3(madvise, page, 4096, 4);
  CALL2(munmap, page, 4096);
  uint32_t old[6] = {0, 4096, 3, 0x22, (uint32_t)-1, 0};
  page = CALL1(mmap, old);
  CALL2(munmap, page, 4096);
}

static void with_tasks(void) {
  CALL0(getpid);
  CALL0(getppid);
  CALL0(gettid);
  CALL0(getuid32);
  CALL0(getuid);
  CALL0(getegid32);
  CALL3(getresuid32, space, space + 4, space + 8);
  CALL3(setresuid32, -1, -1, -1);
  CALL2(getgroups32, 0, 0);
  CALL1(uname, space);
  CALL1(sysinfo, space);
  CALL1(times, space);
  CALL2(ugetrlimit, 7, space);
  CALL2(getrlimit, 7, space);
  CALL4(prlimit64, 0, 7, 0, space);
  CALL2(getrusage, 0, space);
  CALL1(umask, 022);
  CALL2(getpriority, 0, 0);
  CALL3(sched_getaffinity, 0, 4, space);
  CALL5(prctl, 16, space, 0, 0, 0);
  CALL1(personality, 0xffffffff);
  CALL3(getrandom, space, 8, 1);
  long child = CALL0(fork);
  if (child == 0) CALL1(exit, 3);
  CALL3(waitpid, child, space, 0);
  child = CALL5(clone, 17, 0, 0, 0, 0);
  if (child == 0) CALL1(exit_group, 4);
  CALL4(wait4, -1, space, 0, space + 8);
  child = CALL0(fork);
  if (child == 0) {
    char* arguments[] = {"/bin/true", "64 bits again", 0};
    char* environment[] = {"A=b", 0};
    CALL3(execve, "/nonexistent/true", arguments, environment);
    CALL3(execve, "/bin/true", arguments, environment);
  }
  CALL5(waitid, 1, child, space, 4, 0);
}

static void with_signals(void) {
  struct {
    void (*handler)(int);
    uint32_t flags;
    void (*restorer)(void);
    uint64_t mask;
  } __attribute__((packed)) action = {on_signal, 0x04000004, restorer, 1 << 11};
  CALL4(rt_sigaction, 10, &action, space, 8);
  CALL4(rt_sigaction, 10, 0, space, 8);
  uint64_t mask = 1 << 13;
  CALL4(rt_sigprocmask, 0, &mask, space, 8);
  CALL2(kill, CALL0(getpid), 10);
  CALL3(tgkill, CALL0(getpid), CALL0(gettid), 10);
  CALL2(rt_sigpending, space, 8);
  uint32_t old_mask = 1 << 12;
  CALL3(sigprocmask, 0, &old_mask, space);
  CALL1(sigpending, space);
  struct timespec_32 none = {0, 1000};
  CALL4(rt_sigtimedwait, &mask, 0, &none, 8);
  struct timespec_64 none_64 = {0, 1000};
  CALL4(rt_sigtimedwait_time64, &mask, 0, &none_64, 8);
  struct {
    uint32_t pointer, flags, size;
  } stack = {(uint32_t)space, 2, 4096};
  CALL2(sigaltstack, &stack, space);
  CALL1(alarm, 100);
  CALL1(alarm, 0);
  int32_t timer[4] = {0, 0, 100, 0};
  CALL3(setitimer, 0, timer, space);
  CALL2(getitimer, 0, space);
}

static void with_time(void) {
  struct timespec_32 soon = {0, 1000000};
  struct timespec_64 soon_64 = {0, 1000000};
  CALL2(nanosleep, &soon, 0);
  CALL4(clock_nanosleep, 1, 0, &soon, 0);
  CALL4(clock_nanosleep_time64, 1, 0, &soon_64, 0);
  CALL2(clock_gettime, 0, space);
  CALL2(clock_gettime64, 0, space);
  CALL2(clock_getres, 0, space);
  CALL2(clock_getres_time64, 0, space);
  CALL1(time, space);
  CALL2(gettimeofday, space, space + 16);
  uint32_t word = 1;
  CALL6(futex, &word, 128, 1, &soon, 0, 0);
  CALL6(futex_time64, &word, 128, 1, &soon_64, 0, 0);
  CALL6(futex, &word, 129, 1, 0, 0, 0);
  long fd = CALL2(timerfd_create, 1, 0);
  int32_t when[4] = {0, 0, 5, 0};
  CALL4(timerfd_settime, fd, 0, when, space);
  int64_t when_64[4] = {0, 0, 7, 0};
  CALL4(timerfd_settime64, fd, 0, when_64, space);
  CALL2(timerfd_gettime, fd, space);
  CALL2(timerfd_gettime64, fd, space);
}

static void with_polls(void) {
  long ends[2];
  CALL2(pipe2, ends, 02000000);
  CALL1(pipe, space);
  struct {
    int32_t fd;
    int16_t events, revents;
  } fds[] = {{ends[1], 4, 0}, {ends[0], 1, 0}};
  struct timespec_32 soon = {0, 1000000};
  struct timespec_64 soon_64 = {0, 1000000};
  CALL3(poll, fds, 2, 10);
  CALL5(ppoll, fds, 2, &soon, 0, 8);
  CALL5(ppoll_time64, fds + 1, 1, &soon_64, 0, 8);
  uint32_t reading[32] = {0}, writing[32] = {0};
  reading[0] = 1U << ends[0];
  writing[0] = 1U << ends[1];
  int32_t limit[2] = {0, 1000};
  CALL5(_newselect, 10, reading, writing, 0, limit);
  reading[0] = 1U << ends[0];
  uint32_t packed[5] = {10, (uint32_t)reading, 0, 0, (uint32_t)limit};
  CALL1(select, packed);
  CALL6(pselect6, 10, reading, 0, 0, &soon, 0);
  CALL6(pselect6_time64, 10, reading, 0, 0, &soon_64, 0);
  long epoll = CALL1(epoll_create1, 0);
  struct {
    uint32_t events;
    uint64_t data;
  } __attribute__((packed)) event = {4, 0x123456789aULL}, got[4];
  CALL4(epoll_ctl, epoll, 1, ends[1], &event);
  CALL4(epoll_wait, epoll, got, 4, 10);
  CALL6(epoll_pwait, epoll, got, 4, 10, 0, 8);
  CALL2(eventfd2, 5, 0);
}

static void with_sockets(void) {
  int32_t pair[2] = {0, 0};
  CALL4(socketpair, 1, 1, 0, pair);
  struct {
    uint16_t family;
    uint8_t port[2], address[4], zero[8];
  } address = {2, {0, 9}, {127, 0, 0, 1}, {0}};
  long fd = CALL3(socket, 2, 2, 0);
  CALL3(connect, fd, &address, 16);
  int32_t size = 16;
  CALL3(getsockname, fd, space, &size);
  CALL3(getpeername, fd, space, &size);
  CALL6(sendto, fd, "datagram", 8, 0x40, &address, 16);
  CALL6(sendto, fd, "datagram", 8, 0x40, &address, 0);
  size = 4;
  CALL5(getsockopt, fd, 1, 4, space, &size);
  int32_t one = 1;
  CALL5(setsockopt, fd, 1, 2, &one, 4);
  int32_t limit[2] = {1, 500};
  CALL5(setsockopt, fd, 1, 20, limit, 8);
  // The old gate: socketcall(SYS_SOCKET, …), (SYS_SEND, …), (SYS_RECV, …)
  uint32_t arguments[6] = {1, 1, 0};
  CALL2(socketcall, 1, arguments);
  uint32_t sent[4] = {(uint32_t)pair[0], (uint32_t) "through the old gate", 20, 0};
  CALL2(socketcall, 9, sent);
  uint32_t received[4] = {(uint32_t)pair[1], (uint32_t)space, 100, 0};
  CALL2(socketcall, 10, received);
  CALL2(shutdown, pair[0], 1);
}

static void with_ipc(void) {
  long id = CALL3(shmget, 0, 4096, 0600 | 01000);
  long at = CALL3(shmat, id, 0, 0);
  CALL1(shmdt, at);
  CALL3(shmctl, id, 0, 0);
  id = CALL3(semget, 0, 1, 0600 | 01000);
  uint16_t operation[3] = {0, 1, 04000};
  struct timespec_64 soon = {0, 1000};
  CALL4(semtimedop_time64, id, operation, 1, &soon);
  CALL6(ipc, 1, id, 1, 0, operation, 0);  // SEMOP
  CALL4(semctl, id, 0, 0, 0);
}

static void run(void) {
  with_files();
  with_memory();
  with_tasks();
  with_signals();
  with_time();
  with_polls();
  with_sockets();
  with_ipc();
  CALL1(exit_group, 5);
}

// At the entry the stack is aligned as after a call of nothing (System V ABI for i386).
__attribute__((naked)) void _start(void) {
  __asm__("call start_aligned");
}

__attribute__((used, force_align_arg_pointer)) void start_aligned(void) {
  run();
}
