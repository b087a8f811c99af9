#include "format/syscall_groups.h"

#include <string_view>

namespace tarry {

SyscallSet callsThatKeepFds() {
  constexpr std::string_view kNames =
      "?read,?write,?pread64,?pwrite64,?readv,?writev,?preadv,?pwritev,?preadv2,?pwritev2,?lseek,?_llseek,"
      "?fstat,?fstat64,?stat,?stat64,?lstat,?lstat64,?newfstatat,?fstatat64,?statx,?access,?faccessat,"
      "?faccessat2,?readlink,?readlinkat,?getxattr,?lgetxattr,?fgetxattr,?getdents,?getdents64,?poll,?ppoll,"
      "?select,?pselect6,?epoll_wait,?epoll_pwait,?epoll_pwait2,?epoll_ctl,?futex,?nanosleep,"
      "?clock_nanosleep,?sendto,?recvfrom,?fsync,?fdatasync,?fadvise64,?brk,?mmap,?mmap2,?munmap,?mprotect,"
      "?mremap,?madvise,?rt_sigaction,?rt_sigprocmask,?rt_sigreturn,?getpid,?getppid,?gettid,?getuid,"
      "?geteuid,?getgid,?getegid,?getcwd,?gettimeofday,?clock_gettime,?time,?times,?getrusage,?sysinfo,"
      "?uname,?sched_yield,?getrandom,?wait4,?waitid,?kill,?tgkill,?pause,?set_robust_list,?rseq,"
      "?set_tid_address,?arch_prctl";
  return SyscallSet::parse(kNames);
}

}  // namespace tarry
