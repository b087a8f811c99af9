// time, tree, files and summary over invented recordings.
#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "query/files.h"
#include "query/kernel_area.h"
#include "query/summary.h"
#include "query/time.h"
#include "query/tree.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

namespace {

// What bash does as a login shell: .bash_profile is missing, .bash_login too, .profile is read.
void loginShell(DbBuilder& b) {
  b.process(1, 0, "bash --login", 0, 50);
  b.run(1, 50);
  b.resource(1, "file", "/etc/profile", "/etc/profile");
  b.resource(2, "file", "/root/.profile", "/root/.profile");
  b.resource(3, "file", "/usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/UTC");
  b.resource(4, "tty", "/dev/pts/0", "/dev/pts/0");
  b.resource(5, "socket", "TCP 127.0.0.1:1 → 127.0.0.1:2");
  b.call(1, 1, 0, "execve", 0, {}, 0, -1, "/bin/bash");
  b.call(1, 2, 0, "openat", 3, {}, 1, -1, "/etc/profile");
  b.call(1, 3, 0, "fstat", 0, {}, 1);
  b.call(1, 4, 1, "read", 769, {}, 1, 769);
  b.call(1, 5, 0, "close", 0, {}, 1);
  b.call(1, 6, 0, "newfstatat", -1, "ENOENT", 0, -1, "/root/.bash_profile");
  b.call(1, 7, 0, "openat", -1, "ENOENT", 0, -1, "/root/.bash_login");
  b.call(1, 8, 0, "openat", 3, {}, 2, -1, "/root/.profile");
  b.call(1, 9, 0, "read", 161, {}, 2, 161);
  b.call(1, 10, 0, "openat", -1, "EACCES", 0, -1, "/etc/shadow");
  b.call(1, 11, 0, "openat", 4, {}, 3, -1, "/etc/localtime");
  b.call(1, 12, 0, "write", 2, {}, 4, 2);
  b.call(1, 13, 5, "recvfrom", 10, {}, 5, 10);
  b.call(1, 14, 0, "mmap", 4096, {}, 0);
  b.call(1, 15, 0, "newfstatat", 0, {}, 0, -1, "/root");
}

std::string files(DbBuilder& b, const FilesOptions& options = {}) {
  std::ostringstream out;
  filesReport(b.db(), options, out);
  return out.str();
}

}  // namespace

TEST_CASE("files answers which start-up file bash reads at a glance") {
  DbBuilder b;
  loginShell(b);
  CHECK(files(b) ==
        "first use  what       read  written  path\n"
        "  1.00 ms  executed                  /bin/bash\n"
        "  2.00 ms  read      769 B           /etc/profile\n"
        "  6.00 ms  missing                   /root/.bash_profile\n"
        "  7.00 ms  missing                   /root/.bash_login\n"
        "  8.00 ms  read      161 B           /root/.profile\n"
        "  10.0 ms  denied                    /etc/shadow\n"
        "  11.0 ms  opened                    /usr/share/zoneinfo/UTC  (as /etc/localtime)\n"
        "  12.0 ms  written              2 B  /dev/pts/0\n"
        "  15.0 ms  checked                   /root\n");
}

TEST_CASE("files shows what a file was renamed to") {
  DbBuilder b;
  b.process(1, 0, "mv", 0, 50);
  b.run(1, 50);
  b.call(1, 1, 0, "rename", 0, {}, 0, -1, "/tmp/a");
  b.db().execute(
      "INSERT INTO syscall_object_more (syscall_id, role, path) SELECT max(id), 'new', '/tmp/b' FROM "
      "syscall");
  const std::string text = files(b);
  INFO(text);
  CHECK(text.find("renamed") != std::string::npos);
  CHECK(text.find("/tmp/a → /tmp/b\n") != std::string::npos);
  CHECK(files(b, {.paths = {"/tmp/b"}}) == text);
}

TEST_CASE("files --missing, -P and --process choose") {
  DbBuilder b;
  loginShell(b);
  b.process(2, 1, "other", 0, 50);
  b.run(2, 50);
  b.call(2, 20, 0, "openat", 3, {}, 1, -1, "/etc/profile");
  const std::string missing = files(b, {.missing = true});
  CHECK(missing.find("/root/.bash_profile") != std::string::npos);
  CHECK(missing.find("/etc/profile") == std::string::npos);
  CHECK(files(b, {.format = RowFormat::csv, .process = "other"}) ==
        "first_ns,what,path,asked_as,read_bytes,written_bytes,calls,errors,error,dur_ns,processes,pids,"
        "renamed_to\n"
        "20000000,opened,/etc/profile,,0,0,1,0,,0,other,1002,\n");
  const std::string below = files(b, {.format = RowFormat::tsv, .paths = {"/root/"}});
  CHECK(below.find("/root/.profile") != std::string::npos);
  CHECK(below.find("/etc") == std::string::npos);
  CHECK(files(b, {.format = RowFormat::tsv, .paths = {"/etc/prof"}}).find("/etc/profile") ==
        std::string::npos);
  CHECK(files(b, {.format = RowFormat::tsv, .paths = {"/etc/localtime"}}).find("zoneinfo/UTC") !=
        std::string::npos);
  CHECK_THROWS_AS(files(b, {.process = "nobody"}), UsageError);
}

TEST_CASE("files of a file that was missing and then written says both") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 50);
  b.run(1, 50);
  b.resource(1, "file", "/tmp/x", "/tmp/x");
  b.call(1, 1, 0, "newfstatat", -1, "ENOENT", 0, -1, "/tmp/x");
  b.call(1, 2, 0, "openat", 3, {}, 1, -1, "/tmp/x");
  b.call(1, 3, 0, "write", 5, {}, 1, 5);
  CHECK(files(b).find("missing, then written") != std::string::npos);
  b.call(1, 4, 0, "unlink", 0, {}, 0, -1, "/tmp/x");
  b.call(1, 5, 0, "newfstatat", -1, "ENOENT", 0, -1, "/tmp/x");
  CHECK(files(b).find("missing, then written, removed") != std::string::npos);
}

TEST_CASE("reports on calls refuse a recording at level waits") {
  DbBuilder b;
  b.meta("level", "waits");
  b.process(1, 0, "p", 0, 50);
  b.run(1, 50);
  CHECK_THROWS_WITH(files(b), Catch::Contains("level waits"));
  std::ostringstream out;
  CHECK_THROWS_AS(summaryReport(b.db(), {}, out), TraceError);
}

TEST_CASE("summary counts by call as strace -c does, and by kernel area") {
  DbBuilder b;
  loginShell(b);
  std::ostringstream out;
  summaryReport(b.db(), {.sort = SummarySort::calls}, out);
  const std::string text = out.str();
  INFO(text);
  CHECK(text.starts_with("% time   seconds  usecs/call  calls  errors  waiting  syscall\n"));
  CHECK(text.find("  0.00  0.000000           0      5       2           openat\n") != std::string::npos);
  CHECK(text.find(" 83.33  0.005000        5000      1                   recvfrom\n") != std::string::npos);
  CHECK(text.find("100.00  0.006000") != std::string::npos);
  CHECK(text.find("network") != std::string::npos);
  CHECK(text.find("terminal") != std::string::npos);
  CHECK(text.find("memory") != std::string::npos);
}

TEST_CASE("time does not pass off clock ticks as the user and system time of a short command") {
  DbBuilder b;
  b.meta("target_kind", "command");
  b.process(1, 0, "true", 0, 20);
  b.db().execute("UPDATE process SET user_ns = 0, system_ns = 16000000");
  b.run(1, 8).wait(1, 12, {.kind = "disk", .call = "read"}).run(1, 20);
  b.call(1, 2, 3, "openat", 3);
  const auto time = [&](RowFormat format) {
    std::ostringstream out;
    timeReport(b.db(), {.format = format}, out);
    return out.str();
  };
  CHECK(time(RowFormat::table) ==
        "\n"
        "real               20.0 ms  100%\n"
        "user                     ?\n"
        "sys                      ?\n"
        "CPU time           16.0 ms   80%\n"
        "  in system calls  3.00 ms   15%\n"
        "  outside          13.0 ms   65%\n"
        "on CPU             16.0 ms   80%\n"
        "disk               4.00 ms   20%\n"
        "\n"
        "user and sys are counted by clock ticks, which say nothing of less than 40 ms; what is in system "
        "calls "
        "is exact.\n");
  CHECK(time(RowFormat::csv).find("\nuser,,\nsys,,\nCPU time,16000000,80\n") != std::string::npos);
}

TEST_CASE("summary counts no waiting without its time: calls that have not returned") {
  DbBuilder b;
  b.meta("end_ts", std::to_string(100 * testing::kMs));
  b.process(1, 0, "p", 0);
  b.call(1, 10, 5, "futex", 0);
  b.call(1, 20, 0, "read", 0);      // its return was lost
  b.call(1, 40, 0, "recvfrom", 0);  // still going on
  b.process(2, 0, "q", 0, 50);
  b.call(2, 30, 0, "exit_group", 0);
  b.db().execute("UPDATE syscall SET dur = NULL, blocked_ns = 7000000 WHERE name != 'futex'");
  std::ostringstream out;
  summaryReport(b.db(), {.format = RowFormat::csv, .by = SummaryBy::call, .sort = SummarySort::name}, out);
  CHECK(out.str() ==
        "percent,total_ns,avg_ns,calls,errors,waiting_ns,min_ns,max_ns,bytes,syscall\n"
        "0,0,0,1,0,0,,0,0,exit_group\n"
        "7.69,5000000,5000000,1,0,0,5000000,5000000,0,futex\n"
        "0,0,0,1,0,0,,0,0,read\n"
        "92.31,60000000,60000000,1,0,7000000,,60000000,0,recvfrom\n");
}

TEST_CASE("summary sorts, chooses calls and processes") {
  DbBuilder b;
  loginShell(b);
  const auto summary = [&](const std::vector<std::string_view>& expressions,
                           const std::string& process = {}) {
    SummaryOptions options{.format = RowFormat::csv, .by = SummaryBy::call, .sort = SummarySort::name};
    options.process = process;
    for (const std::string_view expression : expressions) options.filter.add(expression);
    std::ostringstream text;
    summaryReport(b.db(), options, text);
    return text.str();
  };
  std::ostringstream out;
  out << summary({"read,openat"});
  CHECK(out.str().find("\n0,0,0,5,2,0,0,0,0,openat\n") != std::string::npos);
  CHECK(out.str().find(",read\n") > out.str().find(",openat\n"));
  CHECK(out.str().find("execve") == std::string::npos);
  // Of the five openat two failed.
  CHECK(summary({"openat", "status=failed"}).find("0,0,0,2,2,0,0,0,0,openat\n") != std::string::npos);
  CHECK(summary({"openat", "status=!failed"}).find("0,0,0,3,0,0,0,0,0,openat\n") != std::string::npos);
  CHECK(summary({"!openat"}).find("openat") == std::string::npos);
  CHECK_THROWS_AS(summary({"fsync"}), UsageError);
  CHECK_THROWS_AS(summary({"fd=77"}), UsageError);
  CHECK_THROWS_AS(summary({"path=/no/such"}), UsageError);
  CHECK_THROWS_AS(summary({}, "nobody"), UsageError);
  CHECK_THROWS_AS(parseSummarySort("colour"), UsageError);
  CHECK(parseSummarySort("count") == SummarySort::calls);
}

TEST_CASE("the kernel area of a call is that of what it was about") {
  CHECK(kernelAreaOf(Abi::x86_64, "read", "file", "/etc/passwd") == KernelArea::files);
  CHECK(kernelAreaOf(Abi::x86_64, "read", "tty", "/dev/pts/0") == KernelArea::terminal);
  CHECK(kernelAreaOf(Abi::x86_64, "read", "socket", "") == KernelArea::network);
  CHECK(kernelAreaOf(Abi::x86_64, "write", "pipe", "") == KernelArea::ipc);
  CHECK(kernelAreaOf(Abi::x86_64, "ioctl", "device", "/dev/dri/renderD128") == KernelArea::graphics);
  CHECK(kernelAreaOf(Abi::x86_64, "ioctl", "device", "/dev/snd/control") == KernelArea::devices);
  CHECK(kernelAreaOf(Abi::x86_64, "mmap", "file", "/lib/x") == KernelArea::memory);
  CHECK(kernelAreaOf(Abi::x86_64, "openat", "", "") == KernelArea::files);
  CHECK(kernelAreaOf(Abi::x86_64, "execve", "", "") == KernelArea::processes);
  CHECK(kernelAreaOf(Abi::x86_64, "futex", "", "") == KernelArea::locks);
  CHECK(kernelAreaOf(Abi::x86_64, "epoll_wait", "epoll", "") == KernelArea::polling);
  CHECK(kernelAreaOf(Abi::x86_64, "rt_sigaction", "", "") == KernelArea::signals);
  CHECK(kernelAreaOf(Abi::x86_64, "clock_nanosleep", "", "") == KernelArea::time);
  CHECK(kernelAreaOf(Abi::x86_64, "no_such_call", "", "") == KernelArea::other);
}

TEST_CASE("time adds up to real") {
  DbBuilder b;
  b.meta("target_kind", "command");
  b.process(1, 0, "p", 0, 100);
  b.db().execute("UPDATE process SET user_ns = 30000000, system_ns = 10000000");
  b.run(1, 40).wait(1, 90, {.kind = "disk"}).queue(1, 95).wait(1, 100, {.kind = "network", .role = "idle"});
  std::ostringstream out;
  timeReport(b.db(), {.format = RowFormat::csv}, out);
  CHECK(out.str() ==
        "name,ns,percent\nreal,100000000,100\nuser,30000000,30\nsys,10000000,10\nCPU time,40000000,40\n"
        "on CPU,40000000,40\ndisk,50000000,50\ncpu-queue,5000000,5\nidle,5000000,5\n");
}

TEST_CASE("tree shows who started whom, and how they ended") {
  DbBuilder b;
  b.process(1, 0, "make all", 0, 100);
  b.process(2, 1, "cc -c a.c", 10, 50, 1);
  b.process(3, 2, "as a.s", 20, 40);
  b.process(4, 1, "cc -c b.c", 50);
  b.run(1, 100).run(2, 50).run(3, 40).run(4, 90);
  std::ostringstream out;
  treeReport(b.db(), {.ascii = true}, out);
  CHECK(out.str() ==
        " pid     start  duration   on CPU  exit     command\n"
        "1001     +0 ns    100 ms   100 ms  0        make all\n"
        "1002  +10.0 ms   40.0 ms  40.0 ms  1        |- cc -c a.c\n"
        "1003  +20.0 ms   20.0 ms  20.0 ms  0        |  `- as a.s\n"
        "1004  +50.0 ms   40.0 ms  40.0 ms  running  `- cc -c b.c\n");
  std::ostringstream json;
  treeReport(b.db(), {.format = RowFormat::json}, json);
  CHECK(json.str().find("\"pid\": 1003, \"parent_upid\": 2, \"depth\": 2") != std::string::npos);
}

TEST_CASE("tree ends for parents that go round in a circle") {
  DbBuilder b;
  b.process(1, 2, "a", 0, 10);
  b.process(2, 1, "b", 0, 10);
  b.process(3, 0, "c", 0, 10);
  b.run(1, 10).run(2, 10).run(3, 10);
  std::ostringstream out;
  treeReport(b.db(), {}, out);
  CHECK(out.str().find(" c\n") != std::string::npos);
}
