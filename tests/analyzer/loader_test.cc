#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "format/errors.h"
#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

TEST_CASE("A loaded trace tells processes, threads, calls and states", "[loader]") {
  TraceBuilder b;
  const ResourceId hosts = b.file("/etc/hosts");
  auto& shell = b.process("sh", 100, 0, false);
  shell.runsFor(1_ms).call(
      "openat", {.args = {-100, 0, 0}, .ret = 3, .objects = {{6, 3, hosts}}, .strings = {{1, "/etc/hosts"}}});
  shell.call("read", {.args = {3, 0, 4096}, .ret = 17, .objects = {{0, 3, hosts}}});
  shell.call("close", {.args = {99}, .ret = -9});
  shell.blocksIn("nanosleep", {.args = {0, 0}}, 5_ms, 1_ms).wokenBy(WakerContext::timer);
  shell.runsFor(1_ms).exits(3 << 8);
  Loaded db(b);

  CHECK(db.rows("SELECT pid, comm, exit_code, exit_signal, recorded, existed FROM process") ==
        "100 sh 3 - 1 0");
  CHECK(db.rows("SELECT name, ret, errno, fd, fd_role, bytes, path FROM syscall ORDER BY id") ==
        "openat 3 - 3 returned - /etc/hosts\n"
        "read 17 - 3 arg0 17 -\n"
        "close -1 EBADF 99 arg0 - -\n"
        "nanosleep 0 - - - - -");
  CHECK(db.rows("SELECT r.name, r.kind FROM syscall s JOIN resource r ON r.id = s.resource_id WHERE s.name = "
                "'read'") == "/etc/hosts file");
  CHECK(db.rows("SELECT state, wait_kind, dur, waker_context, call_name FROM thread_state ORDER BY ts") ==
        "running - 1003000 - -\n"
        "blocked sleep 5000000 timer nanosleep\n"
        "runnable cpu-queue 1000000 - nanosleep\n"
        "running - 1000000 - -");
  CHECK(db.rows("SELECT blocked_ns, dur >= blocked_ns FROM syscall WHERE name = 'nanosleep'") == "6000000 1");
  CHECK(db.number("SELECT sum(dur) FROM thread_state") == db.number("SELECT end_ts - start_ts FROM thread"));
  CHECK(db.rows("SELECT value FROM meta WHERE key = 'level'") == "syscalls");
  CHECK(db.number("SELECT value FROM stats WHERE name = 'syscalls'") == 4);
}

TEST_CASE("Relative paths are made absolute with the directory the kernel used", "[loader]") {
  TraceBuilder b;
  const ResourceId home = b.file("/home/me", ResourceKind::dir);
  const ResourceId etc = b.file("/etc", ResourceKind::dir);
  auto& p = b.process("p", 100);
  p.call("openat", {.args = {-100, 0}, .ret = -2, .objects = {{8, -1, home}}, .strings = {{1, "./x"}}});
  p.call("newfstatat", {.args = {5, 0}, .ret = 0, .objects = {{0, 5, etc}}, .strings = {{1, "passwd"}}});
  p.call("rename", {.ret = 0, .objects = {{8, -1, home}}, .strings = {{0, "a"}, {1, "b"}}});
  p.call("chdir", {.ret = -2, .strings = {{0, "nowhere"}}});
  Loaded db(b);
  CHECK(db.rows("SELECT path FROM syscall ORDER BY id") == "/home/me/x\n/etc/passwd\n/home/me/a\nnowhere");
  CHECK(db.rows("SELECT role, path FROM syscall_object WHERE path IS NOT NULL ORDER BY syscall_id, role") ==
        "dirfd /etc/passwd\nnew /home/me/b");
}

TEST_CASE("Absolute paths of a process in a chroot begin with its root", "[loader]") {
  TraceBuilder b;
  const ResourceId jail = b.file("/srv/jail", ResourceKind::dir);
  const ResourceId home = b.file("/srv/jail/home", ResourceKind::dir);
  auto& p = b.process("p", 100);
  p.call("stat", {.ret = 0, .objects = {{10, -1, jail}}, .strings = {{0, "//etc/x"}}});
  p.call("stat", {.ret = 0, .objects = {{10, -1, jail}}, .strings = {{0, "/"}}});
  p.call("openat",
         {.args = {5, 0}, .ret = -2, .objects = {{0, 5, home}, {10, -1, jail}}, .strings = {{1, "/a"}}});
  p.call("rename", {.ret = 0, .objects = {{8, -1, home}, {10, -1, jail}}, .strings = {{0, "a"}, {1, "/b"}}});
  Loaded db(b);
  CHECK(db.rows("SELECT path FROM syscall ORDER BY id") ==
        "/srv/jail/etc/x\n/srv/jail\n/srv/jail/a\n/srv/jail/home/a");
  CHECK(db.rows("SELECT path FROM syscall_object WHERE role = 'new'") == "/srv/jail/b");
  CHECK(db.rows("SELECT count(*) FROM syscall_object WHERE role = 'root'") == "4");
}

TEST_CASE("Objects of a call are all in syscall_object", "[loader]") {
  TraceBuilder b;
  const ResourceId in = b.pipe(1);
  const ResourceId out = b.file("/tmp/out");
  auto& p = b.process("p", 100);
  p.call("splice", {.args = {3, 0, 4, 0, 10, 0}, .ret = 10, .objects = {{0, 3, in}, {2, 4, out}}});
  p.call("pipe2", {.ret = 0, .objects = {{6, 5, in}, {7, 6, in}}});
  Loaded db(b);
  CHECK(db.rows("SELECT syscall_id, role, fd FROM syscall_object ORDER BY syscall_id, fd") ==
        "1 arg0 3\n1 arg2 4\n2 returned 5\n2 returned2 6");
  CHECK(db.rows("SELECT bytes FROM syscall WHERE name = 'splice'") == "10");
}

TEST_CASE("A title that a process gave itself stands without quotes and empty words", "[loader]") {
  TraceBuilder b;
  auto& server = b.process("server", 100);
  server.at(1_ms).execs("/bin/server", {"server: worker process", "", ""}).runsFor(1_ms);
  auto& grep = b.process("grep", 200);
  grep.at(1_ms).execs("/bin/grep", {"grep", "a b", ""}).runsFor(1_ms);
  Loaded db(b);
  CHECK(db.rows("SELECT cmdline FROM process ORDER BY pid") == "server: worker process\ngrep 'a b' ''");
}

TEST_CASE("A pid used twice gives two processes", "[loader]") {
  TraceBuilder b;
  auto& shell = b.process("sh", 100);
  auto& first = shell.forks("one", 200);
  first.at(1_ms).execs("/bin/one", {"one", "a b"}).runsFor(1_ms).exits(0);
  shell.at(10_ms);
  auto& second = shell.forks("two", 200);
  second.at(11_ms).runsFor(1_ms).exits(9);
  Loaded db(b);
  CHECK(db.number("SELECT count(*) FROM process WHERE pid = 200") == 2);
  CHECK(db.number("SELECT count(DISTINCT upid) FROM process") == 3);
  CHECK(db.rows("SELECT cmdline, exit_code, exit_signal FROM process WHERE pid = 200 ORDER BY upid") ==
        "one 'a b' 0 -\nsh - 9");
  CHECK(db.number(
            "SELECT count(*) FROM process c JOIN process p ON c.parent_upid = p.upid WHERE p.pid = 100") ==
        2);
}

TEST_CASE("An exec by another thread ends that thread and goes on as the main one", "[loader]") {
  TraceBuilder b;
  auto& main = b.process("threads", 100, 0, false);
  auto& worker = main.startsThread("worker", 101);
  main.runsFor(1_ms);
  worker.at(main.now()).runsFor(1_ms);
  main.exits(0, false);
  LifeEvent exec;
  exec.kind = LifeKind::exec;
  exec.ts_ns = worker.now() + 3_ms;
  exec.thread = main.id();
  exec.other = worker.id();
  exec.comm = b.text("new");
  exec.info.exe = b.text("/bin/new");
  b.add(exec);
  SwitchEvent out;
  out.ts_ns = exec.ts_ns + 5_ms;
  out.thread = main.id();
  out.state = TaskState::dead;
  LifeEvent exit;
  exit.kind = LifeKind::exit;
  exit.ts_ns = out.ts_ns - 1;
  exit.thread = main.id();
  exit.group_dead = true;
  b.add(exit);
  b.add(out);
  Loaded db(b);
  CHECK(db.rows("SELECT name, exe FROM thread JOIN process USING (upid) WHERE is_main") == "new /bin/new");
  CHECK(db.rows("SELECT t.tid FROM exec e JOIN thread t USING (utid)") == "101");
  // No gap, no overlap, in both lives.
  CHECK(db.rows("SELECT utid FROM thread t WHERE end_ts - start_ts != (SELECT sum(dur) FROM thread_state s "
                "WHERE s.utid = "
                "t.utid)")
            .empty());
  CHECK(db.number("SELECT end_ts FROM thread WHERE tid = 101") == exec.ts_ns);
  CHECK(db.rows("SELECT state, detail FROM thread_state s JOIN thread USING (utid) WHERE tid = 100 AND state "
                "= 'unknown'") == "unknown replaced");
}

TEST_CASE("exit_group ends the other threads too", "[loader]") {
  TraceBuilder b;
  auto& main = b.process("threads", 100, 0, false);
  auto& worker = main.startsThread("worker", 101);
  auto& silent = main.startsThread("silent", 102);
  worker.at(1_ms).runsFor(1_ms).blocksForEver("futex", {.args = {4096, 0x189}});
  silent.at(1_ms).runsFor(1_ms).blocksForEver("futex", {.args = {4096, 0x189}});
  main.at(20_ms).call("exit_group", {.args = {0}, .flags = {.unfinished = true}});
  worker.at(21_ms).exits(0, false);
  main.at(22_ms).exits(0, true);
  Loaded db(b);
  CHECK(db.number("SELECT count(*) FROM thread WHERE end_ts IS NULL") == 0);
  // What happened to the thread whose exit nobody saw is not known.
  CHECK(db.rows("SELECT state FROM thread_state s JOIN thread USING (utid) WHERE tid = 102 ORDER BY s.ts "
                "DESC LIMIT 1") == "unknown");
  CHECK(db.rows("SELECT dur, ret FROM syscall WHERE name = 'exit_group'") == "- -");
  CHECK(db.number("SELECT end_ts FROM process") >= 22'000'000);
}

TEST_CASE("Threads that outlive the recording have open intervals", "[loader]") {
  TraceBuilder b;
  auto& p = b.process("p", 100);
  p.runsFor(2_ms).blocksForEver("read", {.args = {0, 0, 1}, .objects = {{0, 0, b.pipe(7)}}});
  auto& q = b.process("q", 200);
  q.runsFor(50_ms).call("getpid");
  Loaded db(b);
  CHECK(db.rows("SELECT end_ts FROM thread") == "-\n-");
  CHECK(db.rows("SELECT state, dur, wait_kind, call_name FROM thread_state s JOIN thread USING (utid) WHERE "
                "tid = 100 AND "
                "dur IS NULL") == "blocked - ipc read");
  CHECK(db.rows("SELECT dur, ret FROM syscall WHERE name = 'read'") == "- -");
}

TEST_CASE("Peers of sockets are found by address and by inode", "[loader]") {
  TraceBuilder b;
  auto& server = b.bystander("server", 50);
  const ResourceId listener = b.listener("127.0.0.1", 5000);
  b.openFd(server, 3, listener);
  auto& client = b.process("client", 100);
  const ResourceId socket = b.socket("127.0.0.1", 40000, "127.0.0.1", 5000);
  client.call("sendto", {.args = {4}, .ret = 5, .objects = {{0, 4, socket}}});
  auto& other = b.process("other", 200);
  const ResourceId near = b.socket("10.0.0.1", 41000, "10.0.0.1", 6000);
  const ResourceId far = b.socket("10.0.0.1", 6000, "10.0.0.1", 41000);
  client.call("sendto", {.args = {5}, .ret = 5, .objects = {{0, 5, near}}});
  other.call("sendto", {.args = {5}, .ret = 5, .objects = {{0, 5, far}}});
  Loaded db(b);
  CHECK(
      db.rows("SELECT r.name, p.comm FROM resource r JOIN process p ON p.upid = r.peer_upid ORDER BY r.id") ==
      "TCP 127.0.0.1:40000 → 127.0.0.1:5000 server\n"
      "TCP 10.0.0.1:41000 → 10.0.0.1:6000 other\n"
      "TCP 10.0.0.1:6000 → 10.0.0.1:41000 client");
  CHECK(db.rows("SELECT name, listening FROM resource WHERE listening") ==
        "TCP 127.0.0.1:5000 (listening) 1");
}

TEST_CASE("A call that blocks past the queue's bound still gets its blocked time", "[loader]") {
  TraceBuilder b;
  auto& waiter = b.process("waiter", 100);
  waiter.blocksIn("wait4", {.args = {-1}, .ret = 7}, 900_ms);
  auto& busy = b.process("busy", 200);
  for (int i = 0; i < 40'000; i++) busy.call("getpid", {.ret = 200});
  Loaded db(b);
  CHECK(db.number("SELECT count(*) FROM syscall") == 40'001);
  CHECK(db.number("SELECT blocked_ns FROM syscall WHERE name = 'wait4'") == 900'000'000);
  CHECK(db.number("SELECT count(*) FROM syscall a JOIN syscall b ON b.id = a.id + 1 WHERE b.ts < a.ts") == 0);
}

TEST_CASE("Losses are kept, counted and make states unknown", "[loader]") {
  TraceBuilder b;
  auto& p = b.process("p", 100, 0, false);
  p.runsFor(10_ms)
      .blocksIn("read", {.args = {0, 0, 1}, .ret = 1, .objects = {{0, 0, b.pipe(7)}}}, 100_ms)
      .runsFor(10_ms);
  p.exits(0);
  b.loss(50_ms, 20_ms, LossSource::switches, 12, p.id());
  b.loss(50_ms, 20_ms, LossSource::syscalls, 3, p.id());
  Loaded db(b);
  CHECK(db.rows("SELECT source, count FROM loss ORDER BY count") == "syscalls 3\nswitches 12");
  CHECK(db.number("SELECT value FROM stats WHERE name = 'events_lost'") == 15);
  CHECK(db.rows("SELECT ts, dur, state, detail FROM thread_state WHERE ts >= 10000000 ORDER BY ts LIMIT 2") ==
        "10000000 40000000 blocked interruptible\n50000000 60000000 unknown loss");
  CHECK(db.number("SELECT sum(dur) FROM thread_state") == db.number("SELECT end_ts - start_ts FROM thread"));
}

TEST_CASE("Gaps in a thread's call numbers are lost calls", "[loader]") {
  TraceBuilder b;
  auto& p = b.process("p", 100);
  p.call("getpid");
  p.nextSeq();
  p.nextSeq();
  p.call("getpid");
  Loaded db(b);
  CHECK(db.number("SELECT value FROM stats WHERE name = 'syscalls_lost'") == 2);
}

TEST_CASE("loadTraceFile writes a whole database or none", "[loader]") {
  const std::string directory = "/tmp/tarry-loader-test-" + std::to_string(getpid());
  REQUIRE(mkdir(directory.c_str(), 0700) == 0);
  const std::string path = directory + "/t.db";
  TraceBuilder b;
  b.process("p", 100).call("getpid", {.ret = 100});
  {
    TraceReader reader = b.reader();
    loadTraceFile(reader, path);
  }
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  {
    TraceDatabase db = TraceDatabase::open(path);
    CHECK(db.reader() == nullptr);
    Statement count = db.db().prepare("SELECT count(*) FROM syscall");
    REQUIRE(count.step());
    CHECK(count.integer(0) == 1);
    CHECK_THROWS_AS(db.db().execute("DELETE FROM syscall"), Error);
  }
  TraceReader reader = b.reader();
  CHECK_THROWS_AS(loadTraceFile(reader, directory + "/nowhere/t.db"), TraceError);
  CHECK(unlink(path.c_str()) == 0);
  CHECK(rmdir(directory.c_str()) == 0);  // nothing else was left
}

TEST_CASE("Arguments are the same on demand and when loaded", "[loader]") {
  TraceBuilder b;
  const ResourceId hosts = b.file("/etc/hosts");
  auto& p = b.process("p", 100);
  p.call("openat",
         {.args = {-100, 0, 0x80000}, .ret = 3, .objects = {{6, 3, hosts}}, .strings = {{1, "/etc/hosts"}}});
  p.call("read", {.args = {3, 0, 100},
                  .ret = 5,
                  .objects = {{0, 3, hosts}},
                  .payloads = {{.arg = 1, .direction = PayloadDirection::out, .data = "hello"}},
                  .arg_mask = 0x3D});
  p.call("getpid", {.ret = 100});
  const std::string directory = "/tmp/tarry-args-test-" + std::to_string(getpid());
  REQUIRE(mkdir(directory.c_str(), 0700) == 0);
  const std::string trace = directory + "/t.tarry";
  const std::string loaded = directory + "/t.db";
  {
    const std::vector<uint8_t> bytes = b.bytes();
    std::FILE* file = std::fopen(trace.c_str(), "wb");
    REQUIRE(file != nullptr);
    CHECK(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    std::fclose(file);
    TraceReader reader = TraceReader::open(trace);
    loadTraceFile(reader, loaded, {.syscall_args = true});
  }
  const auto ask = [](const std::string& path, std::string_view sql) {
    TraceDatabase db = TraceDatabase::open(path);
    Statement statement = db.db().prepare(sql);
    std::string text;
    while (statement.step()) {
      for (int i = 0; i < statement.columnCount(); i++) text += std::string(statement.text(i)) + "|";
    }
    return text;
  };
  constexpr std::string_view kArgs = "SELECT name, args FROM syscall ORDER BY id";
  constexpr std::string_view kEach =
      "SELECT syscall_id, idx, name, type, value FROM syscall_arg ORDER BY 1, 2";
  constexpr std::string_view kOne =
      "SELECT a.value FROM syscall s JOIN syscall_arg a ON a.syscall_id = s.id WHERE s.name = 'read' AND "
      "a.idx = 2";
  CHECK(ask(trace, kArgs).find("openat|AT_FDCWD, \"/etc/hosts\", O_RDONLY|O_CLOEXEC|") == 0);
  CHECK(ask(trace, kArgs).find("read|3</etc/hosts>, \"hello\", 100|") != std::string::npos);
  CHECK(ask(trace, kArgs) == ask(loaded, kArgs));
  CHECK(ask(trace, kEach).find("1|0|dfd|dirfd|AT_FDCWD|") == 0);
  CHECK(ask(trace, kEach) == ask(loaded, kEach));
  CHECK(ask(trace, kOne) == "100|");
  CHECK(ask(loaded, kOne) == "100|");
  CHECK(ask(trace, "SELECT count(*) FROM syscall_arg WHERE syscall_id IN (0, -1, 4, 1000)") == "0|");
  CHECK(unlink(trace.c_str()) == 0);
  CHECK(unlink(loaded.c_str()) == 0);
  CHECK(rmdir(directory.c_str()) == 0);
}

TEST_CASE("The life of a recorded command begins with its exec", "[loader]") {
  for (const bool exec_seen : {true, false}) {
    TraceBuilder b;
    b.header().target_kind = TargetKind::command;
    b.header().recorder_pid = 90;
    auto& recorder = b.bystander("tarry", 90);
    const ResourceId start = b.pipe(7);
    auto& child = b.process("tarry", 100);
    child.blocksIn("read", {.args = {3}, .ret = 1, .objects = {{0, 3, start}}}, 5_ms, 1_ms)
        .wokenBy(recorder, "write", start);
    child.runsFor(2_ms);
    const int64_t exec_ts = child.now();
    if (exec_seen) child.execs("/bin/true", {"true"});
    child.runsFor(3_ms).blocksIn("nanosleep", {}, 4_ms).wokenBy(WakerContext::timer).runsFor(1_ms).exits();
    Loaded db(b);
    INFO("exec seen: " << exec_seen);
    CHECK(db.number("SELECT min(ts) FROM thread_state") == (exec_seen ? exec_ts : 0));
    CHECK(db.number("SELECT count(*) FROM thread_state WHERE wait_kind = 'ipc'") == (exec_seen ? 0 : 1));
    // Without gap or overlap from there to the end.
    CHECK(db.number("SELECT max(ts + dur) - min(ts) - sum(dur) FROM thread_state") == 0);
    CHECK(db.number("SELECT max(ts + dur) FROM thread_state") ==
          db.number("SELECT end_ts FROM thread WHERE tid = 100"));
    CHECK(db.number("SELECT user_ns + system_ns FROM process WHERE pid = 100") ==
          db.number("SELECT sum(dur) FROM thread_state WHERE state = 'running'"));
  }
}

TEST_CASE("CPU time of a process has what the kernel had not accounted for at its exit", "[loader]") {
  TraceBuilder b;
  auto exit_event = [&](ThreadScript& script, int64_t user_ns, int64_t system_ns) {
    LifeEvent event;
    event.kind = LifeKind::exit;
    event.ts_ns = script.now();
    event.thread = script.id();
    event.group_dead = true;
    event.user_ns = user_ns;
    event.system_ns = system_ns;
    b.add(event);
  };
  // Born and ended between two ticks; split as the ticks say; there before, of which the states know nothing.
  auto& fresh = b.process("fresh", 100, 0, false);
  fresh.runsFor(3_ms);
  exit_event(fresh, 0, 0);
  auto& split = b.process("split", 101, 0, false);
  split.runsFor(8_ms);
  exit_event(split, 3'000'000, 1'000'000);
  auto& old = b.process("old", 102);
  old.runsFor(8_ms);
  exit_event(old, 500'000'000, 250'000'000);
  Loaded db(b);
  CHECK(db.rows("SELECT comm, user_ns, system_ns FROM process ORDER BY pid") ==
        "fresh 3000000 0\nsplit 6000000 2000000\nold 500000000 250000000");
}

TEST_CASE("A thread whose leader the recorder could not name belongs to the process of its pid", "[loader]") {
  for (const bool leader_first : {true, false}) {
    TraceBuilder b;
    ThreadDef leader;
    leader.id = b.newThreadId();
    leader.leader = leader.id;
    leader.tid = leader.pid = 7;
    leader.comm = b.text("daemon");
    ThreadDef worker;
    worker.id = b.newThreadId();
    worker.tid = 9;
    worker.pid = 7;
    worker.comm = b.text("worker");
    worker.recorded = true;
    b.define(leader_first ? leader : worker);
    b.define(leader_first ? worker : leader);
    Loaded db(b);
    CHECK(db.rows("SELECT pid, comm FROM process") == "7 daemon");
    CHECK(db.rows("SELECT tid, t.name, is_main, pid FROM thread t JOIN process USING (upid) ORDER BY tid") ==
          "7 daemon 1 7\n9 worker 0 7");
  }
}
