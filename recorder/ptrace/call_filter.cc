#include "recorder/ptrace/call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/syscall_table.h"

namespace tarry::ptracing {

namespace {

// They neither sleep nor do I/O (but for a page fault in the caller's own memory).
constexpr std::string_view kNeverWaiting =
    "!?brk,?mmap,?mmap2,?munmap,?mprotect,?mremap,?madvise,?mlock2,?membarrier,?pkey_alloc,?pkey_free,"
    "?pkey_mprotect,?rt_sigaction,?rt_sigprocmask,?rt_sigpending,?rt_sigreturn,?sigaltstack,?sigaction,"
    "?sigprocmask,?sigreturn,?getpid,?getppid,?gettid,?getuid,?geteuid,?getgid,?getegid,?getuid32,"
    "?geteuid32,?getgid32,?getegid32,?getresuid,?getresgid,?getgroups,?getpgid,?getpgrp,?getsid,?setpgid,"
    "?setsid,?umask,?lseek,?_llseek,?dup,?dup2,?dup3,?pipe,?pipe2,?socket,?socketpair,?bind,?listen,"
    "?getsockname,?getpeername,?setsockopt,?getsockopt,?eventfd,?eventfd2,?epoll_create,?epoll_create1,"
    "?epoll_ctl,?timerfd_create,?timerfd_settime,?timerfd_gettime,?signalfd,?signalfd4,?inotify_init,"
    "?inotify_init1,?memfd_create,?pidfd_open,?getcwd,?arch_prctl,?set_tid_address,?set_robust_list,"
    "?get_robust_list,?rseq,?set_thread_area,?get_thread_area,?prctl,?capget,?uname,?sysinfo,?times,?time,"
    "?gettimeofday,?clock_gettime,?clock_getres,?clock_gettime64,?getrlimit,?setrlimit,?prlimit64,?"
    "ugetrlimit,"
    "?getrusage,?getpriority,?sched_yield,?sched_getaffinity,?sched_getparam,?sched_getscheduler,"
    "?sched_get_priority_max,?sched_get_priority_min,?getcpu,?alarm,?setitimer,?getitimer,?timer_create,"
    "?timer_settime,?timer_gettime,?timer_delete,?timer_getoverrun,?kill,?tkill,?tgkill,?getrandom,?fstat,"
    "?fstat64,?close_range,?ioprio_get,?personality";

struct Machine {
  Abi abi;
  uint32_t arch;
};

#if defined(__aarch64__)
constexpr std::array kMachines = {Machine{Abi::aarch64, AUDIT_ARCH_AARCH64}};
#else
constexpr std::array kMachines = {Machine{Abi::x86_64, AUDIT_ARCH_X86_64},
                                  Machine{Abi::i386, AUDIT_ARCH_I386}};
constexpr uint32_t kX32Bit = 0x40000000;
#endif

constexpr int32_t kNumbers = 1024;  // as many as the table of calls can hold

class FilterBuilder {
 public:
  explicit FilterBuilder(std::vector<sock_filter>& out) : out_(out) {}

  void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(offset)); }
  void allow() { add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); }
  void stop() { add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE); }
  // Skips that many instructions where what is loaded is another number.
  void unlessEqual(uint32_t value, uint8_t skip) { add(BPF_JMP | BPF_JEQ | BPF_K, 0, skip, value); }
  void mask(uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, 0, 0, bits); }
  // Allows the numbers from first to last.
  void allowRange(uint32_t first, uint32_t last) {
    add(BPF_JMP | BPF_JGE | BPF_K, 0, 2, first);
    add(BPF_JMP | BPF_JGT | BPF_K, 1, 0, last);
    allow();
  }
  // Of call `nr`: stops where argument 1, masked, is one of the values, otherwise lets it pass.
  template <size_t count>
  void stopOnlyFor(int32_t nr, uint32_t bits, const std::array<uint32_t, count>& values) {
    constexpr size_t kArgument1 = offsetof(seccomp_data, args) + sizeof(uint64_t);
    unlessEqual(static_cast<uint32_t>(nr), static_cast<uint8_t>(3 + 2 * count));
    load(kArgument1);
    mask(bits);
    for (const uint32_t value : values) {
      unlessEqual(value, 1);
      stop();
    }
    allow();
  }

 private:
  void add(int code, uint8_t yes, uint8_t no, uint32_t value) {
    out_.push_back({static_cast<uint16_t>(code), yes, no, value});
  }
  std::vector<sock_filter>& out_;
};

void addWaitingOperations(FilterBuilder& filter, Abi abi) {
  // include/uapi/linux/futex.h: WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2
  constexpr std::array<uint32_t, 5> kFutexWaits = {0, 6, 9, 11, 13};
  // include/uapi/asm-generic/fcntl.h: SETLKW, SETLKW64, OFD_SETLKW
  constexpr std::array<uint32_t, 3> kLockWaits = {7, 14, 38};
  for (const std::string_view name : {"futex", "futex_time64"}) {
    if (const SyscallSpec* spec = findSyscall(abi, name)) filter.stopOnlyFor(spec->nr, 0x7f, kFutexWaits);
  }
  for (const std::string_view name : {"fcntl", "fcntl64"}) {
    if (const SyscallSpec* spec = findSyscall(abi, name)) filter.stopOnlyFor(spec->nr, ~0U, kLockWaits);
  }
}

void addPassing(FilterBuilder& filter, const SyscallSet& calls, Abi abi, uint32_t bit) {
  int32_t first = -1;
  for (int32_t nr = 0; nr <= kNumbers; ++nr) {
    const bool passes =
        nr < kNumbers && !calls.contains(abi, static_cast<int32_t>(static_cast<uint32_t>(nr) | bit));
    if (passes && first < 0) first = nr;
    if (passes || first < 0) continue;
    filter.allowRange(static_cast<uint32_t>(first) | bit, static_cast<uint32_t>(nr - 1) | bit);
    first = -1;
  }
}

}  // namespace

const SyscallSet& callsThatCanWait() {
  static const SyscallSet set = SyscallSet::parse(kNeverWaiting);
  return set;
}

std::vector<sock_filter> stopAt(const SyscallSet& calls, bool waits_only) {
  std::vector<sock_filter> program;
  for (const Machine& machine : kMachines) {
    std::vector<sock_filter> part;
    FilterBuilder filter(part);
    filter.load(offsetof(seccomp_data, nr));
    addPassing(filter, calls, machine.abi, 0);
#if !defined(__aarch64__)
    if (machine.abi == Abi::x86_64) addPassing(filter, calls, Abi::x32, kX32Bit);
#endif
    if (waits_only) addWaitingOperations(filter, machine.abi);
    filter.stop();
    // Which machine it is: a jump over the part reaches further than a condition does.
    FilterBuilder head(program);
    head.load(offsetof(seccomp_data, arch));
    program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, machine.arch});
    program.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<uint32_t>(part.size())});
    program.insert(program.end(), part.begin(), part.end());
  }
  FilterBuilder(program).stop();
  return program;
}

}  // namespace tarry::ptracing
