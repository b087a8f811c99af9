#include "format/syscall_table.h"

#include <asm/unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

using namespace tarry;

namespace {

constexpr Abi kAbis[] = {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64};

int32_t numberOf(Abi abi, std::string_view name) {
  const SyscallSpec* spec = findSyscall(abi, name);
  return spec ? spec->nr : -1;
}

const ArgSpec& arg(Abi abi, std::string_view name, size_t index) {
  return findSyscall(abi, name)->args.at(index);
}

// Types that tell how many of something there are.
bool needsLength(ArgType type) {
  return type == ArgType::buffer_in || type == ArgType::sockaddr_in || type == ArgType::sockaddr_out ||
         type == ArgType::iovec_in || type == ArgType::iovec_out || type == ArgType::pollfd_inout ||
         type == ArgType::sockopt_in || type == ArgType::sockopt_out || type == ArgType::sembuf_in;
}

}  // namespace

TEST_CASE("the system-call table lists each number and name of an ABI once, by number") {
  for (const Abi abi : kAbis) {
    CAPTURE(abiName(abi));
    std::set<std::string_view> names;
    int32_t last = INT32_MIN;
    for (const SyscallSpec& spec : allSyscalls(abi)) {
      CAPTURE(spec.name);
      CHECK((spec.nr > last || (last > 0 && spec.nr < 0)));
      last = spec.nr;
      CHECK(names.insert(spec.name).second);
      CHECK(findSyscall(abi, spec.nr) == &spec);
      CHECK(findSyscall(abi, spec.name) == &spec);
    }
    CHECK(names.size() > 300);
  }
}

TEST_CASE("arguments of the system-call table are complete and refer to arguments that exist") {
  for (const Abi abi : kAbis) {
    for (const SyscallSpec& spec : allSyscalls(abi)) {
      CAPTURE(abiName(abi), spec.name);
      for (size_t i = 0; i < kMaxArgs; ++i) {
        const ArgSpec& a = spec.args[i];
        CHECK((a.type != ArgType::none) == (i < spec.arg_count));
        CHECK(a.name.empty() == (i >= spec.arg_count));
        CHECK(a.length_arg < static_cast<int>(spec.arg_count));
        CHECK(a.length_arg != static_cast<int>(i));
        if (needsLength(a.type)) CHECK(a.length_arg >= 0);
        if (a.type == ArgType::dirfd && spec.name != "move_mount") {
          REQUIRE(i + 1 < spec.arg_count);
          CHECK(spec.args[i + 1].type == ArgType::path);
        }
        if (a.type == ArgType::offset_low && spec.name != "_llseek") {
          REQUIRE(i + 1 < spec.arg_count);
          CHECK(spec.args[i + 1].type == ArgType::offset_high);
        }
      }
    }
  }
}

TEST_CASE("numbers of the system-call table are those of the ABIs") {
  const std::map<std::string, std::array<int32_t, 4>> samples = {
      // x86-64, i386, x32, aarch64; -1: not there
      {"read", {0, 3, 0x40000000, 63}},
      {"openat", {257, 295, 0x40000101, 56}},
      {"open", {2, 5, 0x40000002, -1}},
      {"ioctl", {16, 54, 0x40000202, 29}},
      {"execve", {59, 11, 0x40000208, 221}},
      {"exit_group", {231, 252, 0x400000e7, 94}},
      {"mmap", {9, 90, 0x40000009, 222}},
      {"mmap2", {-1, 192, -1, -1}},
      {"fstat", {5, 108, 0x40000005, 80}},
      {"newfstatat", {262, -1, 0x40000106, 79}},
      {"socketcall", {-1, 102, -1, -1}},
      {"clone3", {435, 435, 0x400001b3, 435}},
      {"futex", {202, 240, 0x400000ca, 98}},
      {"renameat", {264, 302, 0x40000108, 38}},
      {"getrlimit", {97, 76, 0x40000061, 163}},
      {"statmount", {457, 457, 0x400001c9, 457}},
      {"mseal", {462, 462, 0x400001ce, 462}},
      {"setxattrat", {463, 463, 0x400001cf, 463}},
      {"file_setattr", {469, 469, 0x400001d5, 469}},
  };
  for (const auto& [name, numbers] : samples) {
    CAPTURE(name);
    for (size_t i = 0; i < 4; ++i) CHECK(numberOf(kAbis[i], name) == numbers[i]);
  }
  CHECK(findSyscall(Abi::x86_64, 5000) == nullptr);
  CHECK(findSyscall(Abi::x86_64, -1) == nullptr);
  CHECK(findSyscall(Abi::none, 0) == nullptr);
  CHECK(findSyscall(Abi::x86_64, "reed") == nullptr);
}

#if defined(__x86_64__)
// Every call that this machine's headers name, by the header itself.
TEST_CASE("the system-call table agrees with <asm/unistd.h>") {
#define SAME(name) CHECK(numberOf(Abi::x86_64, #name) == __NR_##name)
  SAME(read);
  SAME(write);
  SAME(open);
  SAME(close);
  SAME(stat);
  SAME(fstat);
  SAME(lstat);
  SAME(poll);
  SAME(lseek);
  SAME(mmap);
  SAME(mprotect);
  SAME(munmap);
  SAME(brk);
  SAME(rt_sigaction);
  SAME(rt_sigprocmask);
  SAME(ioctl);
  SAME(pread64);
  SAME(pwrite64);
  SAME(readv);
  SAME(writev);
  SAME(access);
  SAME(pipe);
  SAME(select);
  SAME(mremap);
  SAME(madvise);
  SAME(shmget);
  SAME(dup);
  SAME(dup2);
  SAME(pause);
  SAME(nanosleep);
  SAME(getpid);
  SAME(sendfile);
  SAME(socket);
  SAME(connect);
  SAME(accept);
  SAME(sendto);
  SAME(recvfrom);
  SAME(sendmsg);
  SAME(recvmsg);
  SAME(shutdown);
  SAME(bind);
  SAME(listen);
  SAME(getsockname);
  SAME(setsockopt);
  SAME(getsockopt);
  SAME(clone);
  SAME(fork);
  SAME(vfork);
  SAME(execve);
  SAME(exit);
  SAME(wait4);
  SAME(kill);
  SAME(uname);
  SAME(semget);
  SAME(fcntl);
  SAME(flock);
  SAME(fsync);
  SAME(truncate);
  SAME(getdents);
  SAME(getcwd);
  SAME(chdir);
  SAME(rename);
  SAME(mkdir);
  SAME(unlink);
  SAME(readlink);
  SAME(chmod);
  SAME(umask);
  SAME(gettimeofday);
  SAME(getrlimit);
  SAME(sysinfo);
  SAME(times);
  SAME(ptrace);
  SAME(getuid);
  SAME(setuid);
  SAME(setsid);
  SAME(capget);
  SAME(sigaltstack);
  SAME(utime);
  SAME(mknod);
  SAME(personality);
  SAME(statfs);
  SAME(prctl);
  SAME(arch_prctl);
  SAME(mount);
  SAME(umount2);
  SAME(gettid);
  SAME(setxattr);
  SAME(tkill);
  SAME(time);
  SAME(futex);
  SAME(sched_setaffinity);
  SAME(io_setup);
  SAME(epoll_create);
  SAME(getdents64);
  SAME(set_tid_address);
  SAME(fadvise64);
  SAME(timer_create);
  SAME(clock_gettime);
  SAME(clock_nanosleep);
  SAME(exit_group);
  SAME(epoll_wait);
  SAME(epoll_ctl);
  SAME(tgkill);
  SAME(mq_open);
  SAME(waitid);
  SAME(add_key);
  SAME(inotify_init);
  SAME(openat);
  SAME(mkdirat);
  SAME(newfstatat);
  SAME(unlinkat);
  SAME(renameat);
  SAME(faccessat);
  SAME(pselect6);
  SAME(ppoll);
  SAME(unshare);
  SAME(splice);
  SAME(utimensat);
  SAME(epoll_pwait);
  SAME(signalfd);
  SAME(timerfd_create);
  SAME(eventfd);
  SAME(fallocate);
  SAME(accept4);
  SAME(signalfd4);
  SAME(eventfd2);
  SAME(epoll_create1);
  SAME(dup3);
  SAME(pipe2);
  SAME(inotify_init1);
  SAME(preadv);
  SAME(perf_event_open);
  SAME(recvmmsg);
  SAME(fanotify_init);
  SAME(prlimit64);
  SAME(syncfs);
  SAME(sendmmsg);
  SAME(setns);
  SAME(getcpu);
  SAME(process_vm_readv);
  SAME(kcmp);
  SAME(finit_module);
  SAME(sched_setattr);
  SAME(renameat2);
  SAME(seccomp);
  SAME(getrandom);
  SAME(memfd_create);
  SAME(bpf);
  SAME(execveat);
  SAME(userfaultfd);
  SAME(membarrier);
  SAME(copy_file_range);
  SAME(pkey_alloc);
  SAME(statx);
  SAME(rseq);
  SAME(pidfd_send_signal);
  SAME(io_uring_setup);
  SAME(io_uring_enter);
  SAME(io_uring_register);
  SAME(open_tree);
  SAME(move_mount);
  SAME(fsopen);
  SAME(pidfd_open);
  SAME(clone3);
  SAME(close_range);
  SAME(openat2);
  SAME(pidfd_getfd);
  SAME(faccessat2);
  SAME(process_madvise);
  SAME(epoll_pwait2);
  SAME(mount_setattr);
  SAME(landlock_create_ruleset);
  SAME(futex_waitv);
#undef SAME
}
#endif

TEST_CASE("the system-call table says what an argument is and how long") {
  CHECK(arg(Abi::x86_64, "read", 1).type == ArgType::buffer_out);
  CHECK(arg(Abi::x86_64, "read", 1).length_arg == 2);
  CHECK(arg(Abi::x86_64, "openat", 0).type == ArgType::dirfd);
  CHECK(arg(Abi::x86_64, "openat", 1).type == ArgType::path);
  CHECK(findSyscall(Abi::x86_64, "openat")->result == ArgType::fd);
  CHECK(findSyscall(Abi::x86_64, "mmap")->result == ArgType::address);
  CHECK(findSyscall(Abi::x86_64, "exit_group")->no_return);
  CHECK_FALSE(findSyscall(Abi::x86_64, "execve")->no_return);
  // The same call with other registers.
  CHECK(arg(Abi::x86_64, "pread64", 3).type == ArgType::offset);
  CHECK(arg(Abi::i386, "pread64", 3).type == ArgType::offset_low);
  CHECK(arg(Abi::x86_64, "clone", 3).name == "child_tidptr");
  CHECK(arg(Abi::aarch64, "clone", 3).name == "tls");
  CHECK(arg(Abi::i386, "mmap", 0).type == ArgType::pointer);
  CHECK_FALSE(findSyscall(Abi::x86_64, "tuxcall")->typed);
}

TEST_CASE("classes of system calls are those of strace's filters") {
  const auto has = [](std::string_view name, uint32_t mask) {
    return (findSyscall(Abi::x86_64, name)->classes & mask) != 0;
  };
  CHECK(has("openat", kClassFile));
  CHECK(has("openat", kClassDesc));
  CHECK_FALSE(has("fstat", kClassFile));
  CHECK(has("newfstatat", kClassFstat));
  CHECK(has("sendfile", kClassNetwork));
  CHECK(has("kill", kClassProcess));
  CHECK(has("kill", kClassSignal));
  CHECK(has("io_setup", kClassMemory));
  CHECK(has("getpid", kClassPure));
  CHECK(has("prctl", kClassFile) == false);
  CHECK(has("futex", kClassLock));
  CHECK(has("clock_nanosleep", kClassTime));
  // One prototype for both names.
  CHECK(findSyscall(Abi::i386, "getuid32")->classes == findSyscall(Abi::x86_64, "getuid")->classes);
}
