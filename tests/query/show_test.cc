#include "query/show/show.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "format/testing/trace_builder.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

struct Shown {
  std::string out, notes;
};

Shown shown(TraceBuilder& builder, const ShowOptions& options) {
  TraceReader reader = builder.reader();
  std::ostringstream out, notes;
  show(reader, options, out, notes);
  return {out.str(), notes.str()};
}

// One process that opens, reads, fails and exits.
void makeSimple(TraceBuilder& builder) {
  auto& p = builder.process("cat", 100);
  const ResourceId hosts = builder.file("/etc/hosts");
  p.at(1_ms).call(
      "openat",
      {.args = {-100, 0, 02000000}, .ret = 3, .objects = {{6, 3, hosts}}, .strings = {{1, "/etc/hosts"}}},
      20_us);
  p.at(2_ms).call("read",
                  {.args = {3, 0, 4096},
                   .ret = 5,
                   .objects = {{0, 3, hosts}},
                   .payloads = {{1, PayloadDirection::out, "hello"}},
                   .arg_mask = 0x3d},
                  5_us);
  p.at(3_ms).call("openat", {.args = {-100, 0, 0}, .ret = -2, .strings = {{1, "missing"}}}, 4_us);
  p.at(4_ms).call("close", {.args = {3}, .ret = 0, .objects = {{0, 3, hosts}}}, 1_us);
  p.at(5_ms).exits(3 << 8);
}

// Two threads of two processes whose calls overlap.
void makeOverlap(TraceBuilder& builder) {
  auto& a = builder.process("a", 100);
  auto& b = builder.process("b", 200);
  a.at(1_ms).call(
      "read",
      {.args = {0, 0, 10}, .ret = 2, .payloads = {{1, PayloadDirection::out, "hi"}}, .arg_mask = 0x3d},
      10_ms);
  b.at(2_ms).call("close", {.args = {5}, .ret = 0}, 1_ms);
  b.at(20_ms).call("close", {.args = {6}, .ret = 0}, 1_ms);
}

}  // namespace

TEST_CASE("show prints the lines strace prints") {
  TraceBuilder builder;
  makeSimple(builder);
  const Shown text = shown(builder, {});
  CHECK(text.out ==
        "openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC) = 3</etc/hosts>\n"
        "read(3</etc/hosts>, \"hello\", 4096)      = 5\n"
        "openat(AT_FDCWD, \"missing\", O_RDONLY)   = -1 ENOENT (No such file or directory)\n"
        "close(3</etc/hosts>)                    = 0\n"
        "+++ exited with 3 +++\n");
  CHECK(text.notes.empty());
}

TEST_CASE("show refuses strace's qualifiers that mean nothing here, with the way to go") {
  CallFilter filter;
  CHECK_THROWS_WITH(filter.add("fault=read:error=EIO"), Catch::Contains("cannot change"));
  CHECK_THROWS_WITH(filter.add("inject"), Catch::Contains("cannot change"));
  CHECK_THROWS_WITH(filter.add("write=3"), Catch::Contains("-s all"));
  CHECK_THROWS_WITH(filter.add("verbose=read"), Catch::Contains("-v"));
  CHECK_NOTHROW(filter.add("write"));
}

TEST_CASE("show says once how contents would have been kept, where it is asked for hints") {
  TraceBuilder builder;
  auto& p = builder.process("cat", 100);
  for (int i = 0; i < 3; ++i) {
    p.at(i * 1_ms).call("read", {.args = {3, 0, 4096}, .ret = 5, .arg_mask = 0x3d}, 5_us);
  }
  ShowOptions options;
  CHECK(shown(builder, options).notes.empty());
  options.hints = true;
  const std::string notes = shown(builder, options).notes;
  CHECK(notes.find("record -s 32") != std::string::npos);
  CHECK(std::count(notes.begin(), notes.end(), '\n') == 1);
  TraceBuilder whole;
  whole.process("cat", 100).at(1_ms).call("close", {.args = {3}}, 1_us);
  CHECK(shown(whole, options).notes.empty());
}

TEST_CASE("show shortens strings, drops labels and exits where asked") {
  TraceBuilder builder;
  makeSimple(builder);
  ShowOptions options;
  options.render.annotate_fds = false;
  options.render.string_limit = 2;
  options.exits = false;
  options.filter.add("read");
  CHECK(shown(builder, options).out == "read(3, \"he\"..., 4096)                  = 5\n");
}

TEST_CASE("show prints times of day, of the epoch, relative ones and durations") {
  TraceBuilder builder;
  makeSimple(builder);
  ShowOptions options;
  options.filter.add("close");
  options.exits = false;
  options.time = ShowTime::epoch;
  options.durations = true;
  CHECK(shown(builder, options).out == "1700000000.004000 close(3</etc/hosts>)  = 0 <0.000001>\n");
  options.time = ShowTime::relative;
  options.filter.add("trace=%file");
  options.durations = false;
  const std::string relative = shown(builder, options).out;
  CHECK(relative.substr(0, 30) == "     0.000000 openat(AT_FDCWD,");
  CHECK(relative.find("\n     0.002000 openat(AT_FDCWD, \"missing\"") != std::string::npos);
}

TEST_CASE("show puts the pid before each line where there are several threads") {
  TraceBuilder builder;
  makeOverlap(builder);
  ShowOptions options;
  CHECK(shown(builder, options).out ==
        "[pid   100] read(0, \"hi\", 10)           = 2\n"
        "[pid   200] close(5)                    = 0\n"
        "[pid   200] close(6)                    = 0\n");
  options.prefix = ShowPrefix::always;
  CHECK(shown(builder, options).out.substr(0, 13) == "100   read(0,");
  options.prefix = ShowPrefix::automatic;
  options.tids = {200};
  CHECK(shown(builder, options).out ==
        "close(5)                                = 0\n"
        "close(6)                                = 0\n");
}

TEST_CASE("show interleaves calls that overlap as strace does") {
  TraceBuilder builder;
  makeOverlap(builder);
  ShowOptions options;
  options.interleave = true;
  CHECK(shown(builder, options).out ==
        "[pid   100] read(0,  <unfinished ...>\n"
        "[pid   200] close(5)                    = 0\n"
        "[pid   100] <... read resumed>\"hi\", 10) = 2\n"
        "[pid   200] close(6)                    = 0\n");
}

TEST_CASE("show says that a call never returned") {
  TraceBuilder builder;
  auto& p = builder.process("sleeper", 100);
  p.at(1_ms).call("wait4", {.args = {-1, 0, 0, 0}, .flags = {.unfinished = true}, .arg_mask = 0x3d});
  CHECK(shown(builder, {}).out == "wait4(-1,  <unfinished ...>\n");
}

TEST_CASE("show filters by status, fd, path and time") {
  TraceBuilder builder;
  makeSimple(builder);
  const auto names = [&](const std::string& expression) {
    ShowOptions options;
    options.exits = false;
    options.filter.add(expression);
    std::istringstream lines(shown(builder, options).out);
    std::string all;
    for (std::string line; std::getline(lines, line);) all += line.substr(0, line.find('(')) + ' ';
    return all;
  };
  CHECK(names("status=failed") == "openat ");
  CHECK(names("status=successful") == "openat read close ");
  CHECK(names("status=!failed") == "openat read close ");
  CHECK(names("status=unfinished") == "");
  CHECK(names("fd=3") == "openat read close ");
  CHECK(names("fd=4") == "");
  CHECK(names("path=/etc/hosts") == "openat read close ");
  CHECK(names("trace=!%file") == "read close ");
  CHECK(names("/^(re|cl)") == "read close ");
  ShowOptions late;
  late.from_ns = 3_ms;
  late.to_ns = 4_ms - 1;
  CHECK(shown(builder, late).out ==
        "openat(AT_FDCWD, \"missing\", O_RDONLY)   = -1 ENOENT (No such file or directory)\n");
}

TEST_CASE("show writes one JSON object a call and line") {
  TraceBuilder builder;
  makeSimple(builder);
  ShowOptions options;
  options.json = true;
  options.filter.add("status=failed");
  CHECK(shown(builder, options).out ==
        "{\"ts\":3000000,\"pid\":100,\"tid\":100,\"comm\":\"cat\",\"abi\":\"x86-64\",\"name\":\"openat\","
        "\"args\":"
        "\"AT_FDCWD, \\\"missing\\\", "
        "O_RDONLY\",\"ret\":-2,\"dur\":4000,\"errno\":\"ENOENT\",\"result\":\"-1 ENOENT (No such "
        "file or directory)\"}\n");
}

TEST_CASE("show prints calls of TLS libraries among the others") {
  TraceBuilder builder;
  auto& p = builder.process("p", 100);
  const ResourceId socket = builder.socket("10.0.0.1", 4000, "10.0.0.2", 443);
  p.at(1_ms).tls(PayloadDirection::in, "GET / HTTP/1.1\r\n", 0x5500, socket, 23_us);
  p.at(2_ms).call("close", {.args = {3}}, 1_us);
  p.at(3_ms).tls(PayloadDirection::out, "HTTP/1.1 200 OK", 0x5500);
  ShowOptions options;
  options.exits = false;
  const std::string sent = "SSL_write(0x5500, \"GET / HTTP/1.1\\r\\n\", 16) = 16\n";
  const std::string received = "SSL_read(0x5500, \"HTTP/1.1 200 OK\", 15) = 15\n";
  CHECK(shown(builder, options).out == sent + "close(3)                                = 0\n" + received);
  const auto with = [&](const char* expression) {
    ShowOptions some;
    some.exits = false;
    some.filter.add(expression);
    return shown(builder, some).out;
  };
  CHECK(with("%network") == sent + received);
  CHECK(with("sendto") == sent);
  CHECK(with("openat").empty());
  CHECK(with("fd=3").find("SSL_") == std::string::npos);
  CHECK(with("status=failed").empty());
  options.json = true;
  options.filter.add("sendto");
  CHECK(
      shown(builder, options).out ==
      R"({"ts":1000000,"pid":100,"tid":100,"comm":"p","tls":"SSL_write","session":21760,)"
      R"("resource":"TCP:[10.0.0.1:4000->10.0.0.2:443]","data":"GET / HTTP/1.1\r\n","length":16,"ret":16,"dur":23000})"
      "\n");
}

TEST_CASE("show prints signals at their place, and only those asked for") {
  TraceBuilder builder;
  auto& p = builder.process("p", 100);
  SignalEvent child = signalFrom(17, 101, 0, 1);
  SignalEvent stop;
  stop.kind = SignalKind::stopped;
  stop.signo = 19;
  p.at(1_ms).call("pause", {.ret = -514}, 1_ms).getsSignal(child);
  p.at(3_ms).getsSignal(signalFrom(19, 7, 0)).getsSignal(stop);
  p.at(4_ms).call("close", {.args = {3}}, 1_us);
  p.at(5_ms).getsSignal(signalFrom(11, 7, 0));
  p.at(6_ms).exits(11 | 0x80);
  const std::string chld =
      "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=101, si_uid=0, si_status=0, si_utime=0, "
      "si_stime=0} ---\n";
  const std::string stopped =
      "--- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=7, si_uid=0} ---\n"
      "--- stopped by SIGSTOP ---\n";
  const std::string killed = "+++ killed by SIGSEGV (core dumped) +++\n";
  const std::string segv = "--- SIGSEGV {si_signo=SIGSEGV, si_code=SI_USER, si_pid=7, si_uid=0} ---\n";
  CHECK(shown(builder, {}).out ==
        "pause()                                 = ? ERESTARTNOHAND (To be restarted if no handler)\n" +
            chld + stopped + "close(3)                                = 0\n" + segv + killed);
  const auto with = [&](std::initializer_list<std::string_view> expressions) {
    ShowOptions options;
    options.filter.add("none");
    for (const std::string_view expression : expressions) options.filter.add(expression);
    return shown(builder, options).out;
  };
  CHECK(with({}) == chld + stopped + segv + killed);
  CHECK(with({"signal=none"}) == killed);
  CHECK(with({"signal=!SIGCHLD"}) == stopped + segv + killed);
  CHECK(with({"s=stop,11"}) == stopped + segv + killed);
  CHECK(with({"signal=chld", "signal=SIGSEGV"}) == segv + killed);
  ShowOptions other;
  other.pids = {99};
  CHECK_THROWS_AS(shown(builder, other), UsageError);
  ShowOptions early;
  early.to_ns = 2_ms;
  CHECK(shown(builder, early).out.find("stopped") == std::string::npos);
  ShowOptions json;
  json.json = true;
  json.filter.add("none");
  json.filter.add("signal=STOP");
  CHECK(shown(builder, json).out ==
        R"({"ts":3000000,"pid":100,"tid":100,"comm":"p","signal":"SIGSTOP","siginfo":"{si_signo=SIGSTOP, )"
        R"(si_code=SI_USER, si_pid=7, si_uid=0}"})"
        "\n"
        R"({"ts":3000000,"pid":100,"tid":100,"comm":"p","stopped_by":"SIGSTOP"})"
        "\n");
}

TEST_CASE("a set of signals takes names, numbers, all, none and !") {
  const auto has = [](std::string_view expression, int32_t signo) {
    return SignalSet::parse(expression).contains(signo);
  };
  CHECK(has("SIGTERM", 15));
  CHECK(has("term,chld", 17));
  CHECK(has("9", 9));
  CHECK_FALSE(has("9", 15));
  CHECK(has("SIGRT_2", 34));
  CHECK(has("SIGRTMIN", 32));
  CHECK(has("SIGPOLL,SIGIOT", 29));
  CHECK(has("SIGPOLL,SIGIOT", 6));
  CHECK_FALSE(has("!SIGCHLD", 17));
  CHECK(has("!SIGCHLD", 1000));
  CHECK(has("all", -5));
  CHECK_FALSE(has("none", 1));
  CHECK_FALSE(has("", 1));
  CHECK(SignalSet().contains(64));
  for (const char* wrong : {"SIGFOO", "0", "65", "-1", "9x"})
    CHECK_THROWS_AS(SignalSet::parse(wrong), UsageError);
}

TEST_CASE("show of a trace without calls tells why and shows what blocked") {
  TraceBuilder builder(Level::waits);
  auto& p = builder.process("client", 100);
  const ResourceId pipe = builder.pipe(77);
  p.at(1_ms).blocksIn("read", {.args = {4, 0x1000, 100}, .ret = 1, .objects = {{0, 4, pipe}}}, 2_s);
  const Shown text = shown(builder, {});
  CHECK(text.notes.find("level waits") != std::string::npos);
  CHECK(text.out == "read(4<pipe:[77]>,  <blocked 2.000000>\n");
}

TEST_CASE("show says beforehand that calls were lost") {
  TraceBuilder builder;
  makeSimple(builder);
  builder.loss(1_ms, 100_ms, LossSource::syscalls, 1234);
  builder.loss(1_ms, 100_ms, LossSource::signals, 5);
  CHECK(shown(builder, {}).notes ==
        "tarry: 1,234 system calls were lost while recording and are not shown\n"
        "tarry: 5 signals were lost while recording and are not shown\n");
}

TEST_CASE("a set of system calls takes strace's words") {
  const auto has = [](std::string_view expression, std::string_view name, Abi abi = Abi::x86_64) {
    return SyscallSet::parse(expression).contains(abi, findSyscall(abi, name)->nr);
  };
  CHECK(has("open,close", "close"));
  CHECK_FALSE(has("open,close", "read"));
  CHECK(has("%file", "openat"));
  CHECK(has("file", "openat"));
  CHECK(has("%net", "socket"));
  CHECK(has("%%stat", "lstat"));
  CHECK_FALSE(has("%stat", "lstat"));
  CHECK(has("%%statfs", "ustat"));
  CHECK_FALSE(has("!%memory", "mmap"));
  CHECK(has("!%memory", "read"));
  CHECK_FALSE(has("read@32", "read"));
  CHECK(has("read@32", "read", Abi::i386));
  CHECK(has("?nosuchcall,read", "read"));
  CHECK_FALSE(has("none", "read"));
  CHECK(has("all", "read"));
  CHECK(SyscallSet::parse("!read").contains(Abi::x86_64, 5000));
  CHECK_FALSE(SyscallSet::parse("%file").contains(Abi::x86_64, 5000));
}

TEST_CASE("unknown words of a filter are one line that names the nearest known one") {
  const auto message = [](std::string_view expression) -> std::string {
    try {
      CallFilter filter;
      filter.add(expression);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message("trace=opnat") == "no system call or class 'opnat' (did you mean openat?)");
  CHECK(message("%fil") == "no system call or class '%fil' (did you mean %file?)");
  CHECK(message("status=bad").find("known are successful") != std::string::npos);
  CHECK(message("fd=x") == "-e fd=x: not a number");
  CHECK(message("kvm=vcpu").find("known are trace") != std::string::npos);
  CHECK(message("/(").find("does not compile") != std::string::npos);
  CHECK_FALSE(message("trace=").empty());
  CHECK(message("trace=read") == "");
}

TEST_CASE("show names the call that restart_syscall goes on with") {
  TraceBuilder builder;
  auto& p = builder.process("sleep", 100);
  auto& other = builder.process("other", 200);
  p.at(1_ms).call("clock_nanosleep", {.args = {0, 0, 0, 0}, .ret = -516}, 1_ms);
  other.at(2_ms).call("close", {.args = {5}, .ret = 0}, 1_us);
  p.at(3_ms).call("restart_syscall", {.ret = -516}, 1_ms);
  p.at(5_ms).call("restart_syscall", {.ret = 0}, 1_ms);
  other.at(7_ms).call("restart_syscall", {.ret = 0}, 1_ms);
  ShowOptions options;
  options.filter.add("restart_syscall");
  options.prefix = ShowPrefix::never;
  CHECK(shown(builder, options).out ==
        "restart_syscall(<... resuming interrupted clock_nanosleep ...>) = ? ERESTART_RESTARTBLOCK "
        "(Interrupted by signal)\n"
        "restart_syscall(<... resuming interrupted restart_syscall ...>) = 0\n"
        "restart_syscall(<... resuming interrupted system call ...>) = 0\n");
}
