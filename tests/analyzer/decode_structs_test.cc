// Expected texts are what strace 6.1 prints for the same calls.
#include <catch2/catch.hpp>

#include "analyzer/decode/text.h"
#include "tests/analyzer/decode_support.h"

using namespace tarry;
using tarry::testing::CallText;
using tarry::testing::Memory;

namespace {

std::string quoted(std::string_view bytes, size_t limit = 32, bool more = false) {
  std::string out;
  decode::appendQuoted(out, bytes, limit, more);
  return out;
}

}  // namespace

TEST_CASE("strings are quoted, escaped and cut as by strace") {
  CHECK(quoted("hello") == "\"hello\"");
  CHECK(quoted({"\0\1\2\x80\"\\\n9", 8}) == R"("\0\1\2\200\"\\\n9")");
  CHECK(quoted({"\0"
                "7",
                2}) == R"("\0007")");
  CHECK(quoted({"\0"
                "8",
                2}) == R"("\08")");
  CHECK(quoted("\t\r\v\f\x1b") == R"("\t\r\v\f\33")");
  CHECK(quoted(std::string(40, 'x')) == "\"" + std::string(32, 'x') + "\"...");
  CHECK(quoted("ab", 32, true) == "\"ab\"...");
  CHECK(quoted("ab", 0) == "\"\"...");
}

TEST_CASE("buffers show the bytes that were moved") {
  CHECK(CallText("read").args({3, 0, 4096}).unrecorded(1).out(1, "0123456789").ret(10).line() ==
        "3, \"0123456789\", 4096 = 10");
  CHECK(CallText("read").args({3, 0, 4096}).unrecorded(1).ret(0).line() == "3, \"\", 4096 = 0");
  CHECK(CallText("read").args({3, 0, 4096}).unrecorded(1).out(1, "01234", 4000).ret(4000).line() ==
        "3, \"01234\"..., 4096 = 4000");
  CHECK(CallText("write").args({1, 0, 41}).unrecorded(1).in(1, std::string(32, 'a'), 41).ret(41).line() ==
        "1, \"" + std::string(32, 'a') + "\"..., 41 = 41");
  // Not captured: strace's mark for a string that is left out; after an error, an address.
  CHECK(CallText("read").args({3, 0, 4096}).unrecorded(1).ret(5).line() == "3, \"\"..., 4096 = 5");
  CHECK(CallText("read").args({3, 0, 4096}).unrecorded(1).ret(-11).line() ==
        "3, 0x..., 4096 = -1 EAGAIN (Resource temporarily unavailable)");
  CHECK(CallText("readlink")
            .args({0, 0, 100})
            .string(0, "/proc/self/exe")
            .unrecorded(1)
            .out(1, "/tmp/B/t2")
            .ret(9)
            .line() == "\"/proc/self/exe\", \"/tmp/B/t2\", 100 = 9");
  CHECK(CallText("getcwd").args({0, 100}).unrecorded(0).string(0, "/tmp").ret(5).line() ==
        "\"/tmp\", 100 = 5");
}

TEST_CASE("an argument vector is a list of strings, the environment a count") {
  CallText call("execve");
  call.args({0, 0, 0}).unrecorded(0).unrecorded(1).unrecorded(2);
  call.string(0, "/bin/ls").string(1, std::string("ls\0-l\0a \"b\"\0", 12));
  call.in(2, Memory().u32(20)).ret(0);
  CHECK(call.line() == R"("/bin/ls", ["ls", "-l", "a \"b\""], 0x... /* 20 vars */ = 0)");
  CHECK(CallText("execve").args({0, 0, 0}).string(0, "/x").argsText() == "\"/x\", NULL, NULL");
  CHECK(CallText("execve").args({0, 5, 0}).string(0, "/x").string(1, "").argsText() == "\"/x\", [], NULL");
}

TEST_CASE("what is known on entry ends where the first result begins") {
  const RenderedCall read = CallText("read").args({3, 0, 10}).unrecorded(1).out(1, "ab").ret(2).rendered();
  CHECK(read.args.substr(0, read.entered) == "3, ");
  const RenderedCall wait = CallText("wait4").args({-1, 0x10, 0, 0}).unfinished().rendered();
  CHECK(wait.args == "-1, ");
  CHECK(wait.result == "?");
  const RenderedCall futex = CallText("futex").args({0x10, 0, 1, 0}).ret(0).rendered();
  CHECK(futex.entered == futex.args.size());
}

TEST_CASE("stat structures by ABI") {
  const auto x86 =
      Memory().u64(1).u64(2).u64(1).u32(0100644).u32(0).u32(0).u32(0).u64(0).u64(1271).u64(4096).u64(8).zeros(
          72);
  CHECK(CallText("newfstatat")
            .args({-100, 0, 0, 0})
            .unrecorded(2)
            .string(1, "/etc/passwd")
            .out(2, x86)
            .ret(0)
            .line() == "AT_FDCWD, \"/etc/passwd\", {st_mode=S_IFREG|0644, st_size=1271, ...}, 0 = 0");
  const auto device =
      Memory().u64(1).u64(2).u64(1).u32(0020666).u32(0).u32(0).u32(0).u64(0x103).u64(0).zeros(88);
  CHECK(CallText("fstat").args({0, 0}).unrecorded(1).out(1, device).ret(0).line() ==
        "0, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...} = 0");
  const auto arm = Memory().u64(1).u64(2).u32(0040755).u32(1).u32(0).u32(0).u64(0).u64(0).u64(4096).zeros(72);
  CHECK(CallText("fstat", Abi::aarch64).args({0, 0}).unrecorded(1).out(1, arm).ret(0).line() ==
        "0, {st_mode=S_IFDIR|0755, st_size=4096, ...} = 0");
  const auto i386 =
      Memory().u64(1).zeros(8).u32(0100644).u32(1).u32(0).u32(0).u64(0).u32(0).u64(77).u32(4096).zeros(40);
  CHECK(CallText("fstat64", Abi::i386).args({0, 0}).unrecorded(1).out(1, i386).ret(0).line() ==
        "0, {st_mode=S_IFREG|0644, st_size=77, ...} = 0");
  CHECK(CallText("fstat").args({0, 0}).unrecorded(1).ret(0).line() == "0, {...} = 0");
  CHECK(CallText("stat").args({0, 0x7ffe}).string(0, "/n").ret(-2).line() ==
        "\"/n\", 0x7ffe = -1 ENOENT (No such file or directory)");
  // Cut by a small snaplen: never wrong.
  CHECK(CallText("fstat").args({0, 0}).unrecorded(1).out(1, "short").ret(0).line() == "0, {...} = 0");
}

TEST_CASE("waiting: status, usage, limits") {
  const auto status = [](uint32_t value) {
    return CallText("wait4").args({-1, 0, 0, 0}).unrecorded(1).out(1, Memory().u32(value)).ret(7).argsText();
  };
  CHECK(status(0x300) == "-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL");
  CHECK(status(9) == "-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL");
  CHECK(status(0x8b) == "-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL");
  CHECK(status(0x137f) == "-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], 0, NULL");
  CHECK(status(0xffff) == "-1, [{WIFCONTINUED(s)}], 0, NULL");
  CHECK(CallText("prlimit64")
            .args({0, 3, 0, 0})
            .unrecorded(3)
            .out(3, Memory().u64(8192 * 1024).u64(~0ULL))
            .ret(0)
            .line() == "0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY} = 0");
  CHECK(CallText("getrusage")
            .args({0, 0})
            .unrecorded(1)
            .out(1, Memory().u64(0).u64(5).u64(1).u64(6).zeros(112))
            .ret(0)
            .line() ==
        "RUSAGE_SELF, {ru_utime={tv_sec=0, tv_usec=5}, ru_stime={tv_sec=1, tv_usec=6}, ...} = 0");
}

TEST_CASE("signal sets and actions") {
  const auto set = [](uint64_t bits) {
    return CallText("rt_sigprocmask")
        .args({0, 0, 0, 8})
        .unrecorded(1)
        .in(1, Memory().u64(bits))
        .ret(0)
        .argsText();
  };
  CHECK(set(0) == "SIG_BLOCK, [], NULL, 8");
  CHECK(set(1ULL << 16 | 1ULL << 36) == "SIG_BLOCK, [CHLD RT_5], NULL, 8");
  CHECK(set(~(1ULL << 31 | 1ULL << 32)) == "SIG_BLOCK, ~[RTMIN RT_1], NULL, 8");
  CHECK(set(~0ULL) == "SIG_BLOCK, ~[], NULL, 8");
  const auto action = Memory().u64(0x55ff67b9d9f9).u64(0x14000000).u64(0x7fcbb8fab050).u64(2);
  CHECK(CallText("rt_sigaction").args({10, 0, 0, 8}).unrecorded(1).in(1, action).ret(0).line() ==
        "SIGUSR1, {sa_handler=0x55ff67b9d9f9, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, "
        "sa_restorer=0x7fcbb8fab050}, NULL, 8 = 0");
  const auto arm = Memory().u64(1).u64(0).u64(0);
  CHECK(CallText("rt_sigaction", Abi::aarch64).args({13, 0, 0, 8}).unrecorded(1).in(1, arm).ret(0).line() ==
        "SIGPIPE, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8 = 0");
  CHECK(CallText("rt_sigaction", Abi::i386)
            .args({13, 0, 0, 8})
            .unrecorded(1)
            .in(1, Memory().u32(1).u32(0).u32(0).u64(0))
            .ret(0)
            .line() == "SIGPIPE, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8 = 0");
  const auto info = Memory().u32(17).u32(0).u32(1).u32(0).u32(20416).u32(0).u32(0).u32(0).u64(0).u64(0);
  CHECK(
      CallText("waitid").args({1, 20416, 0, 4, 0}).unrecorded(2).out(2, info).ret(0).line() ==
      "P_PID, 20416, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=20416, si_uid=0, si_status=0, si_utime=0, "
      "si_stime=0}, WEXITED, NULL = 0");
}

TEST_CASE("times by the ABI's word") {
  CHECK(CallText("clock_nanosleep")
            .args({1, 1, 0, 0})
            .unrecorded(2)
            .in(2, Memory().u64(1).u64(5))
            .ret(0)
            .line() == "CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=1, tv_nsec=5}, NULL = 0");
  CHECK(CallText("nanosleep", Abi::i386)
            .args({0, 0})
            .unrecorded(0)
            .in(0, Memory().u32(1).u32(5))
            .ret(0)
            .line() == "{tv_sec=1, tv_nsec=5}, NULL = 0");
  CHECK(CallText("clock_gettime64", Abi::i386)
            .args({0, 0})
            .unrecorded(1)
            .out(1, Memory().u64(9).u64(8))
            .ret(0)
            .line() == "CLOCK_REALTIME, {tv_sec=9, tv_nsec=8} = 0");
  // What is left is written only when a signal ended the sleep.
  CHECK(CallText("nanosleep")
            .args({0, 0x20})
            .unrecorded(0)
            .in(0, Memory().u64(1).u64(0))
            .out(1, Memory().u64(7).u64(7))
            .ret(0)
            .line() == "{tv_sec=1, tv_nsec=0}, 0x20 = 0");
  CHECK(CallText("nanosleep")
            .args({0, 0x20})
            .unrecorded(0)
            .in(0, Memory().u64(1).u64(0))
            .out(1, Memory().u64(0).u64(7))
            .ret(-516)
            .line() ==
        "{tv_sec=1, tv_nsec=0}, {tv_sec=0, tv_nsec=7} = ? ERESTART_RESTARTBLOCK (Interrupted by signal)");
  const auto pair = Memory().u64(1).u64(2).u64(0).u64(0x3ffffffe);
  CHECK(
      CallText("utimensat").args({-100, 0, 0, 0}).unrecorded(2).string(1, "f").in(2, pair).ret(0).line() ==
      "AT_FDCWD, \"f\", [{tv_sec=1, tv_nsec=2} /* 1970-01-01T00:00:01.000000002+0000 */, UTIME_OMIT], 0 = 0");
  CHECK(CallText("time").args({0}).ret(1795438577).line() == "NULL = 1795438577 (2026-11-23T12:56:17+0000)");
}

TEST_CASE("socket addresses and options") {
  const auto inet = Memory().u16(2).u8(0x1f).u8(0x90).u8(127).u8(0).u8(0).u8(1).zeros(8);
  CHECK(
      CallText("connect").args({3, 0, 16}).unrecorded(1).in(1, inet).ret(-115).line() ==
      "3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}, 16 = -1 EINPROGRESS "
      "(Operation now in progress)");
  const auto inet6 = Memory().u16(10).u8(0).u8(53).u32(0).zeros(15).u8(1).u32(0);
  CHECK(CallText("sendto")
            .args({15, 0, 1, 0, 0, 28})
            .unrecorded(1)
            .unrecorded(4)
            .in(1, "q")
            .in(4, inet6)
            .ret(1)
            .line() ==
        "15, \"q\", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), "
        "inet_pton(AF_INET6, "
        "\"::1\", &sin6_addr), sin6_scope_id=0}, 28 = 1");
  CHECK(CallText("connect")
            .args({16, 0, 110})
            .unrecorded(1)
            .in(1, Memory().u16(1).text("/run/x").zeros(102))
            .ret(0)
            .line() == "16, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110 = 0");
  CHECK(CallText("bind")
            .args({16, 0, 11})
            .unrecorded(1)
            .in(1, Memory().u16(1).u8(0).text("abstract"))
            .ret(0)
            .line() == "16, {sa_family=AF_UNIX, sun_path=@\"abstract\"}, 11 = 0");
  CHECK(CallText("accept")
            .args({3, 0, 0})
            .unrecorded(1)
            .unrecorded(2)
            .out(1, inet)
            .in(2, Memory().u32(128))
            .out(2, Memory().u32(16))
            .ret(5)
            .line() ==
        "3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}, [128 => 16] = 5");
  CHECK(CallText("setsockopt").args({3, 1, 2, 0, 4}).unrecorded(3).in(3, Memory().u32(1)).ret(0).line() ==
        "3, SOL_SOCKET, SO_REUSEADDR, [1], 4 = 0");
  CHECK(CallText("setsockopt").args({3, 6, 1, 0, 4}).unrecorded(3).in(3, Memory().u32(1)).ret(0).line() ==
        "3, SOL_TCP, TCP_NODELAY, [1], 4 = 0");
  CHECK(CallText("getsockopt")
            .args({3, 1, 17, 0, 0})
            .unrecorded(3)
            .unrecorded(4)
            .out(3, Memory().u32(9).u32(0).u32(0))
            .out(4, Memory().u32(12))
            .ret(0)
            .line() == "3, SOL_SOCKET, SO_PEERCRED, {pid=9, uid=0, gid=0}, [12] = 0");
}

TEST_CASE("vectors and messages show the bytes of each buffer") {
  const auto vec = Memory().u64(0x10).u64(5).u64(0x20).u64(3).u64(0).u64(0);
  CHECK(CallText("writev")
            .args({4, 0, 3})
            .unrecorded(1)
            .in(1, vec, 2)
            .in(1, Memory().text("helloabc"), 3)
            .ret(8)
            .line() ==
        "4, [{iov_base=\"hello\", iov_len=5}, {iov_base=\"abc\", iov_len=3}, {iov_base=NULL, iov_len=0}], 3 "
        "= 8");
  const auto two = Memory().u64(0x10).u64(3).u64(0x20).u64(100);
  CHECK(CallText("readv")
            .args({3, 0, 2})
            .unrecorded(1)
            .out(1, two, 2)
            .out(1, Memory().text("hello"), 3)
            .ret(5)
            .line() == "3, [{iov_base=\"hel\", iov_len=3}, {iov_base=\"lo\", iov_len=100}], 2 = 5");
  CHECK(CallText("readv")
            .args({3, 0, 2})
            .unrecorded(1)
            .out(1, two, 2)
            .out(1, Memory().text("h"), 3)
            .ret(5)
            .line() == "3, [{iov_base=\"h\"..., iov_len=3}, {iov_base=\"\"..., iov_len=100}], 2 = 5");
  const auto header = Memory().u64(0).u64(0).u64(0x10).u64(1).u64(0).u64(0).u64(0);
  CHECK(CallText("sendmsg")
            .args({8, 0, 0x4000})
            .unrecorded(1)
            .in(1, header)
            .in(1, Memory().u64(0x10).u64(7), 2)
            .in(1, Memory().text("payload"), 3)
            .ret(7)
            .line() ==
        "8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"payload\", iov_len=7}], msg_iovlen=1, "
        "msg_controllen=0, msg_flags=0}, MSG_NOSIGNAL = 7");
}

TEST_CASE("polling: what is waited for and what was ready") {
  const auto fds = Memory().u32(3).u16(1).u16(0).u32(4).u16(4).u16(0).u32(0xffffffff).u16(0).u16(0);
  CallText poll("poll");
  poll.args({0, 3, 0}).unrecorded(0).in(0, fds).ret(1).object(ObjectRole::ready, 4, "pipe:[7]", 4);
  CHECK(poll.line() ==
        "[{fd=3, events=POLLIN}, {fd=4<pipe:[7]>, events=POLLOUT}, {fd=-1}], 3, 0 = 1 ([{fd=4<pipe:[7]>, "
        "revents=POLLOUT}])");
  CHECK(CallText("poll").args({0, 0, 1}).ret(0).line() == "NULL, 0, 1 = 0 (Timeout)");
  CallText select("pselect6");
  select.args({5, 0, 0, 0, 0, 0}).unrecorded(1).unrecorded(2).unrecorded(4);
  select.in(1, Memory().u64(8))
      .in(2, Memory().u64(16))
      .in(4, Memory().u64(0).u64(5))
      .out(4, Memory().u64(0).u64(3));
  select.object(ObjectRole::ready, 4, "", 4).ret(1);
  CHECK(select.line() ==
        "5, [3], [4], NULL, {tv_sec=0, tv_nsec=5}, NULL = 1 (out [4], left {tv_sec=0, tv_nsec=3})");
  CHECK(CallText("epoll_ctl")
            .args({7, 1, 3, 0})
            .unrecorded(3)
            .in(3, Memory().u32(0x80000001).u64(0x1234567890))
            .ret(0)
            .line() ==
        "7, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, data={u32=878082192, u64=78187493520}} = 0");
  CHECK(
      CallText("epoll_wait").args({7, 0, 8, 0}).unrecorded(1).out(1, Memory().u32(4).u64(4)).ret(1).line() ==
      "7, [{events=EPOLLOUT, data={u32=4, u64=4}}], 8, 0 = 1");
  CHECK(CallText("epoll_pwait", Abi::aarch64)
            .args({7, 0, 8, 0, 0, 8})
            .unrecorded(1)
            .out(1, Memory().u32(4).u32(0).u64(4))
            .ret(1)
            .line() == "7, [{events=EPOLLOUT, data={u32=4, u64=4}}], 8, 0, NULL, 8 = 1");
  CHECK(CallText("epoll_wait").args({7, 0, 8, 0}).unrecorded(1).ret(0).line() == "7, [], 8, 0 = 0");
}

TEST_CASE("labels of fds are strace's") {
  const auto text = [](StringId id) -> std::string_view { return id.value == 1 ? "/run/x" : ""; };
  Resource tcp;
  tcp.kind = ResourceKind::socket;
  tcp.family = 2;
  tcp.sock_type = 1;
  tcp.protocol = 6;
  tcp.local_addr = {127, 0, 0, 1};
  tcp.remote_addr = {10, 0, 0, 2};
  tcp.local_port = 1234;
  tcp.remote_port = 80;
  CHECK(fdLabel(tcp, text) == "TCP:[127.0.0.1:1234->10.0.0.2:80]");
  Resource pipe;
  pipe.kind = ResourceKind::pipe;
  pipe.inode = 77;
  CHECK(fdLabel(pipe, text) == "pipe:[77]");
  Resource local;
  local.kind = ResourceKind::unix_socket;
  local.family = 1;
  local.sock_type = 1;
  local.inode = 5;
  local.peer_inode = 6;
  CHECK(fdLabel(local, text) == "UNIX-STREAM:[5->6]");
  local.path = StringId{1};
  CHECK(fdLabel(local, text) == "UNIX-STREAM:[5->6,\"/run/x\"]");
  Resource epoll;
  epoll.kind = ResourceKind::epoll;
  CHECK(fdLabel(epoll, text) == "anon_inode:[eventpoll]");
  epoll.path = StringId{1};
  CHECK(fdLabel(epoll, [](StringId) { return "[eventpoll]"; }) == "anon_inode:[eventpoll]");
  CHECK(fdLabel(epoll, [](StringId) { return "anon_inode:[eventpoll]"; }) == "anon_inode:[eventpoll]");
  Resource file;
  file.kind = ResourceKind::file;
  file.path = StringId{1};
  CHECK(fdLabel(file, text) == "/run/x");
}

TEST_CASE("io_uring: what the kernel filled in, and what is no signal mask") {
  Memory asked, given;
  asked.zeros(8).u32(1 << 3).zeros(108);
  given.u32(4).u32(16).u32(1 << 3).zeros(8).u32(1).zeros(16);
  for (uint32_t i = 0; i < 10; ++i) given.u32(i);
  for (uint32_t i = 10; i < 20; ++i) given.u32(i);
  CallText setup("io_uring_setup");
  setup.args({4}).unrecorded(1).in(1, asked);
  CHECK(CallText(setup).ret(-22).line() ==
        "4, {flags=IORING_SETUP_CQSIZE, sq_thread_cpu=0, sq_thread_idle=0} = -1 EINVAL (Invalid argument)");
  CHECK(setup.out(1, given).ret(3).line() ==
        "4, {flags=IORING_SETUP_CQSIZE, sq_thread_cpu=0, sq_thread_idle=0, sq_entries=4, cq_entries=16, "
        "features=IORING_FEAT_SINGLE_MMAP, sq_off={head=0, tail=1, ring_mask=2, ring_entries=3, flags=4, "
        "dropped=5, array=6}, cq_off={head=10, tail=11, ring_mask=12, ring_entries=13, overflow=14, cqes=15, "
        "flags=16}} = 3");
  CallText enter("io_uring_enter");
  enter.unrecorded(4).in(4, Memory().u64(1 << 9)).ret(0);
  CHECK(CallText(enter).args({3, 0, 1, 1, 0, 8}).line() == "3, 0, 1, IORING_ENTER_GETEVENTS, [USR1], 8 = 0");
  CHECK(CallText(enter).args({3, 0, 1, 9, 0, 24}).line() ==
        "3, 0, 1, IORING_ENTER_GETEVENTS|IORING_ENTER_EXT_ARG, 0x..., 24 = 0");
}

TEST_CASE("an address too short for its family is an address in memory") {
  CallText send("sendto");
  send.unrecorded(1).unrecorded(4).in(1, "hello").ret(5);
  CHECK(CallText(send).args({3, 0, 5, 0, 0, 0}).line() == "3, \"hello\", 5, 0, 0x..., 0 = 5");
  CHECK(CallText(send).args({3, 0, 5, 0, 0, 16}).line() == "3, \"hello\", 5, 0, {...}, 16 = 5");
}

TEST_CASE("clone3's wanted ids") {
  CallText clone("clone3");
  clone.args({0, 80}).unrecorded(0).ret(7);
  clone.in(0, Memory().zeros(32).u64(17).zeros(24).u64(0x7ff0).u64(1));
  CHECK(clone.line() ==
        "{flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0, set_tid=0x7ff0, set_tid_size=1}, 80 = 7");
}

TEST_CASE("personalities: a domain, flags, a question") {
  const auto text = [](int64_t value) { return CallText("personality").args({value}).ret(0).line(); };
  CHECK(text(0) == "PER_LINUX = 0 (PER_LINUX)");
  CHECK(text(8) == "PER_LINUX32 = 0 (PER_LINUX)");
  CHECK(text(0x0040000) == "PER_LINUX|ADDR_NO_RANDOMIZE = 0 (PER_LINUX)");
  CHECK(text(0x8040008) == "PER_LINUX32|ADDR_NO_RANDOMIZE|ADDR_LIMIT_3GB = 0 (PER_LINUX)");
  CHECK(text(0xffffffff) == "0xffffffff = 0 (PER_LINUX)");
}
