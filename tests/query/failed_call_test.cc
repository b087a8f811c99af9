#include "query/why/failed_call.h"

#include <catch2/catch.hpp>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/testing/trace_builder.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

namespace {

std::optional<FailedCall> failedCall(DbBuilder& b) {
  const Timeline timeline = Timeline::load(b.db());
  return failedCallFromTables(b.db())(timeline, 0);
}

// What the line says, "" for none.
std::string cause(DbBuilder& b) {
  const Timeline timeline = Timeline::load(b.db());
  const auto call = failedCallFromTables(b.db())(timeline, 0);
  return call ? failedCallText(timeline, *call, 0) : "";
}

// A connected socket in two rows: before and after it has its address.
void socketRows(DbBuilder& b) {
  b.resource(1, "socket", "TCP socket");
  b.socket(2, "10.0.0.7", 5432);
  b.db().execute("UPDATE resource SET cookie = 77, protocol = 'TCP' WHERE id IN (1, 2)");
}

}  // namespace

TEST_CASE("a missing file made a command fail only if its command line names it") {
  DbBuilder b;
  b.process(1, 0, "cat missing.txt", 0, 10, 1);
  b.call(1, 1, 0, "openat", -1, "ENOENT", 0, -1, "/usr/lib/locale/locale-archive");
  CHECK(cause(b).empty());
  b.call(1, 2, 0, "openat", -1, "ENOENT", 0, -1, "missing.txt");
  b.call(1, 3, 0, "openat", -1, "ENOENT", 0, -1, "/usr/share/locale/C/LC_MESSAGES/libc.mo");
  CHECK(cause(b) == "openat of missing.txt: ENOENT (No such file or directory)");
  // Not if it was there in the end.
  b.call(1, 4, 0, "openat", 3, {}, 0, -1, "missing.txt");
  CHECK(cause(b).empty());
}

TEST_CASE("a file is named by a path within the working directory, and within a script") {
  DbBuilder b;
  b.process(1, 0, "sh -c 'sort <data/in.txt >out'", 0, 10, 2);
  b.db().execute("UPDATE process SET cwd = '/home/j'");
  b.call(1, 1, 0, "openat", -1, "ENOENT", 0, -1, "/home/j/data/in.txt");
  CHECK(cause(b) == "openat of /home/j/data/in.txt: ENOENT (No such file or directory)");
}

TEST_CASE("nobody failed who exited with 0, and a failure without a failing call is not explained") {
  DbBuilder b;
  b.process(1, 0, "cat missing.txt", 0, 10, 0);
  b.call(1, 2, 0, "openat", -1, "ENOENT", 0, -1, "missing.txt");
  CHECK(!failedCall(b));
  DbBuilder other;
  other.process(1, 0, "grep nothing file", 0, 10, 1);
  other.call(1, 2, 0, "ioctl", -1, "ENOTTY");
  other.call(1, 3, 0, "openat", 3, {}, 0, -1, "file");
  CHECK(!failedCall(other));
}

TEST_CASE("refusals of what a program wants done count, of what it only asks do not") {
  DbBuilder b;
  b.process(1, 0, "install", 0, 10, 1);
  b.call(1, 1, 0, "access", -1, "EACCES", 0, -1, "/etc/shadow");
  CHECK(cause(b).empty());
  b.call(1, 2, 0, "mkdirat", -1, "EROFS", 0, -1, "/usr/local/x");
  CHECK(cause(b) == "mkdirat of /usr/local/x: EROFS (Read-only file system)");
  b.resource(5, "file", "/var/full", "/var/full");
  b.call(1, 3, 0, "write", -1, "ENOSPC", 5);
  CHECK(cause(b) == "write to /var/full: ENOSPC (No space left on device)");
}

TEST_CASE("a refused connection has the address that the socket had before") {
  DbBuilder b;
  socketRows(b);
  b.process(1, 0, "client", 0, 10, 7);
  b.call(1, 1, 0, "connect", -1, "ECONNREFUSED", 1);
  CHECK(cause(b) == "connect → 10.0.0.7:5432: ECONNREFUSED (Connection refused)");
}

TEST_CASE("a connection in the background over which nothing moved, and one over which something did") {
  DbBuilder b;
  socketRows(b);
  b.process(1, 0, "client", 0, 10, 7);
  b.call(1, 1, 0, "connect", -1, "EINPROGRESS", 2);
  b.call(1, 2, 0, "getsockopt", 0, {}, 2);
  CHECK(cause(b) == "connect → 10.0.0.7:5432, over which nothing was ever sent or received");
  b.call(1, 3, 0, "sendto", 12, {}, 2, 12);
  CHECK(cause(b).empty());
}

TEST_CASE("SO_ERROR tells what became of a connection in the background") {
  for (const int error : {0, 111}) {
    DbBuilder b;
    socketRows(b);
    b.process(1, 0, "client", 0, 10, 7);
    b.call(1, 1, 0, "connect", -1, "EINPROGRESS", 2);
    b.call(1, 2, 0, "getsockopt", 0, {}, 2);
    b.db().execute("UPDATE syscall SET a1 = 1, a2 = 4 WHERE name = 'getsockopt'");
    b.db().execute(
        "INSERT INTO payload (ts, utid, syscall_id, direction, length, arg, part, data)"
        " SELECT ts, utid, id, 'out', 4, 3, 0, x'" +
        std::string(error == 0 ? "00000000" : "6f000000") + "' FROM syscall WHERE name = 'getsockopt'");
    CHECK(cause(b) == (error == 0 ? "connect → 10.0.0.7:5432, over which nothing was ever sent or received"
                                  : "connect → 10.0.0.7:5432: ECONNREFUSED (Connection refused)"));
  }
}

TEST_CASE("the last child to end is asked, if it failed") {
  DbBuilder b;
  b.process(1, 0, "make all", 0, 20, 2);
  b.process(2, 1, "cp a b", 1, 5, 1);
  b.process(3, 1, "cp in.txt out.txt", 6, 10, 1);
  b.call(1, 1, 0, "stat", -1, "ENOENT", 0, -1, "all");
  b.call(2, 2, 0, "openat", -1, "ENOENT", 0, -1, "a");
  b.call(3, 7, 0, "openat", -1, "ENOENT", 0, -1, "in.txt");
  CHECK(cause(b) == "cp in.txt out.txt, pid 1003: openat of in.txt: ENOENT (No such file or directory)");
  b.process(4, 1, "true", 11, 12, 0);
  CHECK(cause(b) == "stat of all: ENOENT (No such file or directory)");
}

TEST_CASE("a program is looked for in many directories; what failed before an exec is past") {
  DbBuilder b;
  b.process(1, 0, "env tool", 0, 10, 127);
  b.call(1, 1, 0, "execve", -1, "ENOENT", 0, -1, "/bin/env");
  b.call(1, 2, 0, "openat", -1, "EACCES", 0, -1, "/root/x");
  b.call(1, 3, 0, "execve", 0, {}, 0, -1, "/usr/bin/env");
  CHECK(cause(b).empty());
  b.call(1, 4, 0, "execve", -1, "ENOENT", 0, -1, "/usr/bin/tool");
  CHECK(cause(b) == "execve of /usr/bin/tool: ENOENT (No such file or directory)");
}

TEST_CASE("what made a command fail is the same from the trace and from the tables") {
  testing::TraceBuilder t;
  auto& client = t.process("client", 100);
  client.execs("/usr/bin/client", {"client", "missing"});
  client.call("openat", {.args = {-100}, .ret = -2, .strings = {{1, "missing"}}});
  client.exits(1 << 8);
  TraceReader for_tables = t.reader();
  Database db = loadTrace(for_tables);
  const Timeline timeline = Timeline::load(db);
  TraceReader trace = t.reader();
  int failed = 0;
  for (size_t i = 0; i < timeline.processes().size(); ++i) {
    const auto process = static_cast<int32_t>(i);
    const auto a = failedCallFromTables(db)(timeline, process);
    const auto c = failedCallFromTrace(trace)(timeline, process);
    REQUIRE(a.has_value() == c.has_value());
    if (!a) continue;
    ++failed;
    CHECK(a->call == c->call);
    CHECK(a->error == c->error);
    CHECK(a->subject == c->subject);
  }
  CHECK(failed == 1);
}

TEST_CASE("a file is named by a path within the directory that the call started from") {
  for (const std::string_view word : {"gone", "/gone"}) {
    testing::TraceBuilder b;
    auto& tar = b.process("sh", 100);
    tar.execs("/bin/tar", {"tar", "-C", "/srv", word});
    const ResourceId directory = b.file("/srv", ResourceKind::dir);
    tar.call("openat",
             {.args = {4, 0, 0}, .ret = -2, .objects = {{0, 4, directory}}, .strings = {{1, "gone"}}});
    tar.call("openat",
             {.args = {4, 0, 0}, .ret = -2, .objects = {{0, 4, directory}}, .strings = {{1, "other"}}});
    tar.exits(2 << 8);
    TraceReader reader = TraceReader::fromMemory(b.bytes());
    Database db = loadTrace(reader, {});
    const Timeline timeline = Timeline::load(db);
    const auto of_trace = failedCallFromTrace(reader)(timeline, 0);
    const auto of_tables = failedCallFromTables(db)(timeline, 0);
    REQUIRE(of_trace);
    REQUIRE(of_tables);
    CHECK(failedCallText(timeline, *of_trace, 0) ==
          "openat of /srv/gone: ENOENT (No such file or directory)");
    CHECK(failedCallText(timeline, *of_tables, 0) == failedCallText(timeline, *of_trace, 0));
  }
}
