// Calls on files, processes, signals and time whose arguments are structures, each about once, for
// the comparison of `show` with strace's text. Results do not matter, the decoded arguments do.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <termios.h>

#include "workload.h"

static void on_signal(int number) {
  (void)number;
}

static void with_files(void) {
  char buffer[8192];
  struct stat status;
  struct statx extended;
  struct statfs system;
  int fd = open("rich.tmp", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  CHECK(fd >= 0);
  struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS};
  close((int)syscall(SYS_openat2, AT_FDCWD, "rich.tmp", &how, sizeof how));
  struct iovec vector[] = {
      {(char*)"first ", 6}, {(char*)"second and rather long text, too long\n", 38}, {NULL, 0}};
  writev(fd, vector, 3);
  pwritev2(fd, vector, 2, 100, RWF_HIPRI);
  pwrite64(fd, "here\n", 5, 300);
  struct iovec into[] = {{buffer, 4}, {buffer + 100, 10}, {buffer + 200, 60}};
  preadv(fd, into, 3, 0);
  readv(fd, into, 3);
  lseek(fd, 0, SEEK_SET);
  readv(fd, into, 3);
  pread64(fd, buffer, 20, 1);
  stat("rich.tmp", &status);
  syscall(SYS_stat, "rich.tmp", &status);
  syscall(SYS_lstat, "/dev/null", &status);
  syscall(SYS_stat, "missing", &status);
  fstat(fd, &status);
  statx(AT_FDCWD, "rich.tmp", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS | STATX_BTIME, &extended);
  statfs("/", &system);
  fstatfs(fd, &system);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 10};
  fcntl(fd, F_SETLK, &lock);
  lock.l_type = F_RDLCK;
  fcntl(fd, F_SETLKW, &lock);
  fcntl(fd, F_GETLK, &lock);
  lock = (struct flock){.l_type = F_UNLCK};
  fcntl(fd, F_OFD_SETLK, &lock);
  fcntl(fd, F_OFD_GETLK, &lock);
  close(fcntl(fd, F_DUPFD_CLOEXEC, 20));
  fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
  fcntl(fd, F_GETFD);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETOWN, getpid());
  fcntl(fd, F_SETSIG, SIGIO);
  struct timespec times[2] = {{1000000000, 5}, {.tv_nsec = UTIME_NOW}};
  utimensat(AT_FDCWD, "rich.tmp", times, 0);
  struct timespec omit[2] = {{1000000000, 5}, {.tv_nsec = UTIME_OMIT}};
  utimensat(AT_FDCWD, "rich.tmp", omit, 0);
  struct timeval moments[2] = {{1000000000, 5}, {1000000001, 0}};
  syscall(SYS_utimes, "rich.tmp", moments);
  syscall(SYS_utime, "rich.tmp", NULL);
  int out = open("rich.out", O_RDWR | O_CREAT | O_TRUNC, 0600);
  off_t offset = 3;
  sendfile(out, fd, &offset, 20);
  loff_t from = 0, to = 50;
  copy_file_range(fd, &from, out, &to, 10, 0);
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  loff_t begin = 0;
  splice(fd, &begin, ends[1], NULL, 10, SPLICE_F_MOVE);
  struct iovec splices[] = {{(char*)"abc", 3}};
  vmsplice(ends[1], splices, 1, 0);
  int waiting = 0;
  ioctl(ends[0], FIONREAD, &waiting);
  int on = 1;
  ioctl(ends[0], FIONBIO, &on);
  ioctl(ends[0], FIOCLEX);
  setxattr("rich.tmp", "user.key", "value", 5, 0);
  getxattr("rich.tmp", "user.key", buffer, 100);
  getxattr("rich.tmp", "user.key", NULL, 0);
  listxattr("rich.tmp", buffer, 100);
  symlink("rich.tmp", "rich.link");
  readlink("rich.link", buffer, sizeof buffer);
  readlinkat(AT_FDCWD, "rich.link", buffer, 3);
  syscall(SYS_getcwd, buffer, sizeof buffer);
  fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
  ftruncate(fd, 10);
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
  umask(022);
  chmod("rich.tmp", 0600);
  mknod("rich.fifo", S_IFIFO | 0600, 0);
  renameat2(AT_FDCWD, "rich.fifo", AT_FDCWD, "rich.fifo2", RENAME_NOREPLACE);
  close(memfd_create("name", MFD_CLOEXEC));
  int directory = open("/usr/include/linux", O_RDONLY | O_DIRECTORY);
  syscall(SYS_getdents64, directory, buffer, sizeof buffer);
  syscall(SYS_getdents64, directory, buffer, 400);
  syscall(SYS_getdents64, fd, buffer, sizeof buffer);
  unlink("rich.tmp");
  unlink("rich.out");
  unlink("rich.link");
  unlink("rich.fifo2");
}

static void with_terminal(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return;
  int number = 0, unlocked = 0, group = 0, pending = 0;
  ioctl(master, TIOCGPTN, &number);
  ioctl(master, TIOCSPTLCK, &unlocked);
  char name[64];
  snprintf(name, sizeof name, "/dev/pts/%d", number);
  int terminal = open(name, O_RDWR | O_NOCTTY);
  CHECK(terminal >= 0);
  struct termios settings;
  struct winsize size = {24, 80, 0, 0};
  tcgetattr(terminal, &settings);
  cfmakeraw(&settings);
  tcsetattr(terminal, TCSANOW, &settings);
  tcsetattr(terminal, TCSADRAIN, &settings);
  tcsetattr(terminal, TCSAFLUSH, &settings);
  tcgetattr(1000, &settings);
  ioctl(terminal, TIOCSWINSZ, &size);
  ioctl(terminal, TIOCGWINSZ, &size);
  CHECK(write(master, "typed\n", 6) == 6);
  ioctl(terminal, FIONREAD, &pending);
  ioctl(terminal, TIOCOUTQ, &pending);
  ioctl(terminal, TIOCGPGRP, &group);
  ioctl(terminal, TCFLSH, TCIOFLUSH);
  ioctl(terminal, TIOCEXCL);
  ioctl(terminal, 0x80045999, &pending);
  ioctl(terminal, TIOCSCTTY, 0);
}

static void with_times(void) {
  struct timespec t = {0, 1000000}, left;
  struct timeval tv;
  struct itimerval interval = {{0, 0}, {100, 0}};
  struct itimerspec timer = {{1, 0}, {0, 500000000}}, old;
  struct tms spent;
  nanosleep(&t, &left);
  struct itimerval soon = {{0, 0}, {0, 20000}};
  signal(SIGALRM, on_signal);
  setitimer(ITIMER_REAL, &soon, NULL);
  struct timespec longer = {5, 0};
  nanosleep(&longer, &left);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
  syscall(SYS_clock_getres, CLOCK_MONOTONIC, &t);
  syscall(SYS_gettimeofday, &tv, NULL);
  syscall(SYS_time, NULL);
  setitimer(ITIMER_REAL, &interval, NULL);
  getitimer(ITIMER_REAL, &interval);
  struct itimerval off = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &off, &interval);
  times(&spent);
  struct timex adjust = {0};
  adjtimex(&adjust);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
  timer_t id;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &id) == 0);
  timer_settime(id, TIMER_ABSTIME, &timer, &old);
  timer_gettime(id, &old);
  timer_delete(id);
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  timerfd_settime(fd, 0, &timer, &old);
  timerfd_gettime(fd, &old);
  uint64_t ticks;
  CHECK(read(fd, &ticks, sizeof ticks) == 8);
  fd = eventfd(3, EFD_NONBLOCK);
  CHECK(write(fd, &ticks, sizeof ticks) == 8);
}

static void with_signals(void) {
  sigset_t set, old;
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER};
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 1);
  action.sa_mask = set;
  sigaction(SIGUSR2, &action, NULL);
  sigaction(SIGUSR2, NULL, &action);
  sigprocmask(SIG_BLOCK, &set, &old);
  union sigval value = {.sival_int = 7};
  sigqueue(getpid(), SIGUSR1, value);
  sigpending(&old);
  siginfo_t info;
  struct timespec t = {1, 0};
  sigtimedwait(&set, &info, &t);
  t = (struct timespec){0, 1000};
  sigtimedwait(&set, &info, &t);
  int fd = signalfd(-1, &set, SFD_CLOEXEC);
  kill(getpid(), SIGUSR1);
  struct signalfd_siginfo told;
  CHECK(read(fd, &told, sizeof told) == sizeof told);
  stack_t stack = {.ss_sp = malloc(SIGSTKSZ), .ss_size = (size_t)SIGSTKSZ}, before;
  sigaltstack(&stack, &before);
  sigaltstack(NULL, &stack);
  sigfillset(&set);
  sigprocmask(SIG_SETMASK, &old, &set);
  kill(getpid(), 0);
  syscall(SYS_tgkill, getpid(), my_tid(), 0);
}

static void with_processes(void) {
  pid_t parent_tid = 0;
  struct clone_args args = {.flags = CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
                            .parent_tid = (uint64_t)(uintptr_t)&parent_tid,
                            .child_tid = (uint64_t)(uintptr_t)&parent_tid,
                            .exit_signal = SIGCHLD};
  pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) syscall(SYS_exit_group, 3);
  int status;
  struct rusage usage;
  wait4(child, &status, 0, &usage);
  child = fork();
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    raise(SIGKILL);
  }
  siginfo_t info;
  syscall(SYS_waitid, P_PID, child, &info, WEXITED | WNOWAIT, &usage);
  waitid(P_PID, (id_t)child, &info, WEXITED);
  waitpid(child, &status, WNOHANG);
  struct clone_args with_pidfd = {
      .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&status, .exit_signal = SIGCHLD};
  child = (pid_t)syscall(SYS_clone3, &with_pidfd, sizeof with_pidfd);
  if (child == 0) syscall(SYS_exit, 0);
  wait4(-1, NULL, __WALL, NULL);
  struct rlimit limit;
  struct sysinfo info_system;
  struct utsname name;
  getrlimit(RLIMIT_NOFILE, &limit);
  syscall(SYS_getrlimit, RLIMIT_STACK, &limit);
  syscall(SYS_setrlimit, RLIMIT_NOFILE, &limit);
  getrusage(RUSAGE_SELF, &usage);
  sysinfo(&info_system);
  uname(&name);
  struct sched_param priority = {0};
  sched_setscheduler(0, SCHED_OTHER, &priority);
  sched_getscheduler(0);
  sched_getparam(0, &priority);
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {.size = 48};
  syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0);
  syscall(SYS_sched_setattr, 0, &attributes, 0);
  struct timespec slice;
  sched_rr_get_interval(0, &slice);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct capabilities[2];
  syscall(SYS_capget, &header, capabilities);
  syscall(SYS_capset, &header, capabilities);
  prctl(PR_SET_NAME, "a new name");
  char comm[16];
  prctl(PR_GET_NAME, comm);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int number;
  prctl(PR_GET_PDEATHSIG, &number);
  prctl(PR_GET_DUMPABLE);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN);
  gid_t groups[8] = {0};
  getgroups(8, groups);
  uid_t a, b, c;
  getresuid(&a, &b, &c);
  unsigned cpu, node;
  syscall(SYS_getcpu, &cpu, &node, NULL);
  char noise[8];
  syscall(SYS_getrandom, noise, sizeof noise, 1);
  getpriority(PRIO_PROCESS, 0);
  uint32_t word = 1;
  struct timespec t = {0, 1000000};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &t);
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, &t, NULL, ~0U);
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
  syscall(SYS_futex, &word, FUTEX_WAIT, 2, NULL);
  struct futex_waitv waiter = {.val = 2, .uaddr = (uintptr_t)&word, .flags = FUTEX_32};
  syscall(SYS_futex_waitv, &waiter, 1, 0, NULL, CLOCK_MONOTONIC);
  char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(page, 4096, PROT_READ);
  madvise(page, 4096, MADV_DONTNEED);
  char* moved = mremap(page, 8192, 16384, MREMAP_MAYMOVE);
  msync(moved, 4096, MS_SYNC);
  munmap(moved, 16384);
  struct iovec local = {noise, 8}, remote = {noise, 8};
  syscall(SYS_process_vm_readv, getpid(), &local, 1L, &remote, 1L, 0L);
}

int main(void) {
  with_files();
  with_terminal();
  with_signals();  // leaves a handler for the signal of the timer
  with_times();
  with_processes();
}
