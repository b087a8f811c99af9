// The declared table of system calls: number, name, arguments and result of every call of every ABI
// tarry knows. The recorder derives from it what to capture, the analyzer how to print it.
// Independent of the headers of the machine that runs this.
//
// How to add a system call or an argument type: docs/architecture.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "format/events.h"

namespace tarry {

// What an argument (or a result) is. Everything the recorder must capture and the printer must
// decode follows from it.
// clang-format off
enum class ArgType : uint8_t {
  none = 0,
  // plain numbers
  hex,         // unknown meaning, or an address that is shown as such
  address,     // pointer that is meaningful itself (mmap, brk, futex word)
  signed_int,  // 32 bit signed
  signed_long,
  unsigned_int,
  unsigned_long,
  size,
  offset,      // loff_t by value
  octal_mode,  // mode_t
  pid,
  tid,
  uid,
  gid,
  signal,
  clock_id,
  device,      // dev_t
  // fds
  fd,
  dirfd,       // fd or AT_FDCWD; the base of the path argument that follows
  // strings
  path,        // NUL-terminated path, relative to the dirfd before it, or cwd
  string,      // NUL-terminated other text (xattr name, mount type …)
  argv,        // NULL-terminated array of strings
  envp,        // the same, printed as a pointer and a count; captured as u32 count
  // buffers; length: ArgSpec::length_arg, or for out the result
  buffer_in,   // bytes the kernel reads
  buffer_out,  // bytes the kernel writes; valid bytes: the result
  path_out,    // buffer_out that is a string (getcwd, readlink)
  // structures; direction by _in, _out, _inout
  sockaddr_in, sockaddr_out,           // length in length_arg (in: value, out: socklen_t pointer)
  socklen_inout,
  iovec_in, iovec_out,                 // count in length_arg; bytes moved: the result
  msghdr_in, msghdr_out, mmsghdr_in, mmsghdr_out,
  sockopt_in, sockopt_out,
  stat_out, statx_out, statfs_out, old_stat_out,
  dirents_out,
  timespec_in, timespec_out, timespec_inout,
  timeval_in, timeval_out, timezone,
  itimerval_in, itimerval_out, itimerspec_in, itimerspec_out, timex_inout,
  time_out,                            // time_t *
  pollfd_inout,                        // count in length_arg
  fd_set_inout,                        // nfds in arg 0
  epoll_event_in,
  epoll_events_out,                    // count: the result
  sigset_in, sigset_out, sigaction_in, sigaction_out, siginfo_in, siginfo_out, sigaltstack_in, sigaltstack_out,
  rlimit_in, rlimit_out, rusage_out, sysinfo_out, utsname_out, tms_out,
  wait_status_out, int_out, int_in, fd_pair_out, offset_inout, size_out,
  clone_args_in, open_how_in, flock_inout, sched_param_in, sched_param_out, sched_attr_in,
  robust_list, rseq, user_desc, cap_header, cap_data, cpu_mask_in, cpu_mask_out,
  io_uring_params_inout, futex_waitv_in, sigevent_in, bpf_attr_in, perf_attr_in, seccomp_in,
  ioctl_arg, fcntl_arg, prctl_arg, futex_val2,   // meaning depends on another argument
  pointer,     // a structure that is not decoded: printed as an address
  // flags and enumerations, by the name of the header's prefix
  open_flags, at_flags, access_mode, seek_whence, mmap_prot, mmap_flags, madvise_advice, msync_flags,
  mremap_flags, mlock_flags, mount_flags, umount_flags, clone_flags, wait_options, waitid_type, socket_domain,
  socket_type, socket_protocol, shutdown_how, msg_flags, sockopt_level, sockopt_name, poll_timeout,
  epoll_op, epoll_create_flags, eventfd_flags, timerfd_flags, timer_flags, signalfd_flags, inotify_flags,
  inotify_mask, pipe_flags, dup_flags, fcntl_cmd, flock_op, ioctl_request, futex_op, sigprocmask_how,
  rlimit_resource, rusage_who, prctl_option, arch_prctl_code, sched_policy, priority_which, itimer_which,
  getrandom_flags, memfd_flags, close_range_flags, rename_flags, splice_flags, fallocate_mode, fadvise_advice,
  sync_file_range_flags, statx_mask, statx_flags, xattr_flags, membarrier_cmd, personality, unshare_flags,
  seccomp_op, seccomp_flags, ptrace_request, io_uring_enter_flags, io_uring_register_op, pidfd_flags,
  copy_flags, mq_flags, key_op, ipc_flags, quota_cmd, reboot_cmd, landlock_flags, kcmp_type, bpf_cmd,
  perf_flags, mempolicy, accept_flags, swap_flags, module_flags, rseq_flags, syslog_type, rwf_flags,

  // numbers in two registers of a 32-bit ABI (on 64-bit ones the low half is the whole)
  offset_low,   // loff_t: this argument and the next one, which is offset_high
  offset_high,
  page_offset,  // in units of 4096 bytes (mmap2)
  // structures and arrays; the layout of timespec, itimerspec, timex is the ABI's word size, that of
  // the *64 ones has 64-bit members everywhere
  timespec64_in, timespec64_out, timespec64_inout, itimerspec64_in, itimerspec64_out, timex64_inout,
  timespec_pair_in, timespec64_pair_in, timeval_pair_in,  // arrays of two
  timeval_inout, utimbuf_in, time_in,
  stat64_out, statfs64_out,            // of 32-bit ABIs
  rlimit64_in, rlimit64_out,
  gid_list_in, gid_list_out,           // gid_t[]; count in length_arg (out: the result)
  sembuf_in,                           // count in length_arg
  iovec_addr,                          // iovec of addresses only: nothing behind them is captured
  pselect_sigset_in,                   // struct {const sigset_t *set; size_t size}
  mq_attr_in, mq_attr_out, sched_attr_out, cap_data_in, mount_attr_in,
  futex_waitv_pair_in,                 // struct futex_waitv[2]
  futex_val2_64,                       // futex_val2 with a 64-bit timespec
  long_inout, loff_out, ulong_out,
  // flags and enumerations
  file_mode,   // mode_t with a file type
  faccess_flags, unlink_flags, execveat_flags, name_to_handle_flags,  // AT_* with another meaning of 0x200
  clock_nanosleep_flags, timerfd_settime_flags, mlockall_flags, mbind_flags, setns_flags, shmat_flags, ipc_cmd,
  ipc_call_nr, socketcall_nr, ioprio_which, pkey_rights, landlock_rule,
  move_mount_flags, open_tree_flags, fsopen_flags, fsmount_flags, fspick_flags, fsconfig_cmd, mount_attr_flags,

  // System V: {long mtype; char mtext[]}, length of the text in length_arg (out: the result); struct shmid_ds
  msgbuf_in, msgbuf_out, shmctl_arg,

  old_sigset_in, old_sigset_out,  // one long (sigprocmask, sigpending)
};
// clang-format on

// Classes of strace's -e filters (strace(1), "Filtering"), and the kernel areas of `summary`.
enum SyscallClass : uint32_t {
  kClassFile = 1U << 0,     // %file: takes a path
  kClassDesc = 1U << 1,     // %desc
  kClassProcess = 1U << 2,  // %process
  kClassNetwork = 1U << 3,  // %network
  kClassSignal = 1U << 4,   // %signal
  kClassIpc = 1U << 5,      // %ipc
  kClassMemory = 1U << 6,   // %memory
  kClassCreds = 1U << 7,    // %creds
  kClassStat = 1U << 8,     // %stat, %lstat, %fstat, %statfs families
  kClassLstat = 1U << 9,
  kClassFstat = 1U << 10,
  kClassStatfs = 1U << 11,
  kClassFstatfs = 1U << 12,
  kClassPure = 1U << 13,   // %pure: no arguments, never fails
  kClassClock = 1U << 14,  // %clock
  kClassTime = 1U << 15,   // kernel area: sleeping, timers, clocks
  kClassPoll = 1U << 16,   // multiplexed waits: poll, select, epoll
  kClassLock = 1U << 17,   // futex, flock
};

struct ArgSpec {
  std::string_view name;  // the kernel's parameter name
  ArgType type = ArgType::none;
  int8_t length_arg = -1;  // index of the argument with this one's length or count
};

struct SyscallSpec {
  int32_t nr = -1;        // as in the register: x32 numbers have bit 30 set
  std::string_view name;  // strace's name for it
  uint8_t arg_count = 0;
  bool no_return = false;                 // exit, exit_group
  bool typed = false;                     // false: argument types come from the C prototype only
  ArgType result = ArgType::signed_long;  // fd, address, …
  uint32_t classes = 0;                   // SyscallClass
  std::array<ArgSpec, kMaxArgs> args{};
};

// nullptr where the number or name is not known. Pointers are valid for ever.
const SyscallSpec* findSyscall(Abi abi, int32_t nr);
const SyscallSpec* findSyscall(Abi abi, std::string_view name);
// All calls of one ABI, ordered by number.
std::span<const SyscallSpec> allSyscalls(Abi abi);

// What such an argument leads to is captured whatever the snaplen: the rest of a trace makes no sense
// without.
bool isAlwaysCaptured(ArgType type);

std::string_view abiName(Abi abi);
// Bytes of a pointer, a long and a size_t in the caller's memory: 4 or 8.
uint32_t abiWordSize(Abi abi);

}  // namespace tarry
