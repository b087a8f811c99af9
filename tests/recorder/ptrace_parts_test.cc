// The parts of the ptrace backend that need no tracee. What it records is compared in tests/live.
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "format/syscall_table.h"
#include "recorder/lane.h"
#include "recorder/ptrace/call_filter.h"
#include "recorder/ptrace/calls.h"
#include "recorder/ptrace/proc_files.h"
#include "recorder/ptrace/resource_finder.h"
#include "recorder/ptrace/socket_facts.h"
#include "recorder/ptrace/trial.h"
#include "recorder/raw_records.h"

using namespace tarry;
using namespace tarry::ptracing;

namespace {

// A sanitizer's own calls in the child would be denied, too, and it would wait for its locks for ever.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TARRY_FILTERED_CHILDREN 0
#else
#define TARRY_FILTERED_CHILDREN 1
#endif

#if TARRY_FILTERED_CHILDREN
// errno of each call in a child with the filter and without a tracer: ENOSYS where it would have stopped.
std::vector<int> errnosUnder(const std::vector<sock_filter>& filter,
                             const std::vector<std::vector<long>>& calls) {
  // The child may not be allowed to write, nor to exit: then it dies of that.
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto* const results = static_cast<int*>(shared);
  std::fill_n(results, calls.size(), -1);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGSEGV, SIG_DFL);  // whose handlers could not do their work
    sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0) ::_exit(1);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(1);
    for (size_t i = 0; i < calls.size(); ++i) {
      const std::vector<long>& call = calls[i];
      errno = 0;
      ::syscall(call[0], call.size() > 1 ? call[1] : 0, call.size() > 2 ? call[2] : 0,
                call.size() > 3 ? call[3] : 0, 0, 0, 0);
      results[i] = errno;
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  std::vector<int> errnos(results, results + calls.size());
  ::munmap(shared, 4096);
  return errnos;
}
#endif

OpenCall callOf(std::string_view name) {
  OpenCall call;
  call.abi = ABI_X86_64;
  call.nr = findSyscall(Abi::x86_64, name)->nr;
  return call;
}

}  // namespace

TEST_CASE("A lane gives back what was put into it, round and round") {
  std::vector<uint64_t> memory((LANE_DATA + 4096) / sizeof(uint64_t));
  const std::span bytes(reinterpret_cast<uint8_t*>(memory.data()), memory.size() * sizeof(uint64_t));
  LaneWriter writer(bytes);
  std::vector<std::string> put, got;
  for (int i = 0; i < 500; ++i) {
    const std::string record(static_cast<size_t>(i * 37 % 900), static_cast<char>('a' + i % 26));
    const std::span view(reinterpret_cast<const uint8_t*>(record.data()), record.size());
    while (!writer.put(view)) {
      std::vector<uint8_t> out;
      drainLane(bytes, out);
      REQUIRE_FALSE(out.empty());
      forEachRecord(out, [&](std::span<const uint8_t> one) { got.emplace_back(one.begin(), one.end()); });
    }
    put.push_back(record);
  }
  std::vector<uint8_t> out;
  drainLane(bytes, out);
  forEachRecord(out, [&](std::span<const uint8_t> one) { got.emplace_back(one.begin(), one.end()); });
  CHECK(got == put);
  CHECK_FALSE(writer.canHold(4096));
}

#if TARRY_FILTERED_CHILDREN
TEST_CASE("A filter stops the calls of its set and lets the others pass") {
  const std::vector<sock_filter> filter = stopAt(SyscallSet::parse("getppid,dup"), false);
  CHECK(errnosUnder(filter, {{SYS_getppid}, {SYS_getuid}, {SYS_dup, 999}, {SYS_close, 999}}) ==
        std::vector<int>{ENOSYS, 0, ENOSYS, EBADF});
  CHECK(errnosUnder(stopAt(SyscallSet::parse("!getppid"), false), {{SYS_getppid}, {SYS_getuid}})[0] == 0);
}

TEST_CASE("At level waits only the operations that can wait stop") {
  static int word = 7;
  const auto address = reinterpret_cast<long>(&word);
  constexpr long kWait = 0, kWake = 1, kGetFd = 1, kSetLockWait = 7;
  CHECK(errnosUnder(stopAt(callsThatCanWait(), true), {{SYS_getppid},
                                                       {SYS_read, 999},
                                                       {SYS_futex, address, kWait, 1},
                                                       {SYS_futex, address, kWake, 1},
                                                       {SYS_fcntl, 999, kGetFd},
                                                       {SYS_fcntl, 999, kSetLockWait},
                                                       {SYS_lseek, 999},
                                                       {SYS_rt_sigsuspend, 0, 0}}) ==
        std::vector<int>{0, ENOSYS, ENOSYS, 0, EBADF, ENOSYS, EBADF, ENOSYS});
}
#endif

TEST_CASE("A call's result tells whether its time was up") {
  CHECK(wakerByResult(callOf("poll"), 0) == WAKER_TIMER);
  CHECK(wakerByResult(callOf("poll"), 1) == WAKER_UNKNOWN);
  CHECK(wakerByResult(callOf("epoll_wait"), 0) == WAKER_TIMER);
  CHECK(wakerByResult(callOf("epoll_ctl"), 0) == WAKER_UNKNOWN);
  CHECK(wakerByResult(callOf("futex"), -ETIMEDOUT) == WAKER_TIMER);
  CHECK(wakerByResult(callOf("futex"), 0) == WAKER_UNKNOWN);
  CHECK(wakerByResult(callOf("clock_nanosleep"), 0) == WAKER_TIMER);
  CHECK(wakerByResult(callOf("read"), 0) == WAKER_UNKNOWN);
}

TEST_CASE("Names stand from the last to the first") {
  using namespace std::string_literals;
  CHECK(reversedNames("/usr/lib/x") == "x\0lib\0usr\0"s);
  CHECK(reversedNames("/").empty());
  CHECK(reversedNames("nothing").empty());
}

TEST_CASE("What /proc says of this process is what it knows itself") {
  const auto status = readStatus(::getpid());
  REQUIRE(status);
  CHECK(status->tgid == ::getpid());
  CHECK(status->ppid == ::getppid());
  CHECK(status->uid == ::getuid());
  const auto stat = readStat(::getpid(), true);
  REQUIRE(stat);
  CHECK(stat->state == 'R');
  CHECK(stat->start_ticks > 0);
  CHECK(stat->cpu >= 0);
  const auto reading = RunClock(::getpid()).read();
  REQUIRE(reading);
  CHECK(reading->run_ns > 0);
  CHECK_FALSE(readStatus(-1));
}

TEST_CASE("A socket is the same asked itself and looked up in /proc") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  struct stat one {
  }, other{};
  ::fstat(pair[0], &one);
  ::fstat(pair[1], &other);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  SocketFacts asked, looked_up;
  REQUIRE(findSocket(::getpid(), pidfd, pair[0], one.st_ino, asked));
  REQUIRE(findSocket(::getpid(), -1, pair[0], one.st_ino, looked_up));
  CHECK(asked.socket.family == AF_UNIX);
  CHECK(asked.socket.type == SOCK_STREAM);
  CHECK(asked.socket.peer_inode == other.st_ino);
  CHECK(looked_up.socket.family == AF_UNIX);
  CHECK(looked_up.socket.peer_inode == other.st_ino);
  for (const int fd : {pair[0], pair[1], pidfd}) ::close(fd);
}

TEST_CASE("Tracing works where the tests run") {
  CHECK(tryTracing().empty());
}
