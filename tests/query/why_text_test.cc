// The words of `why`, over invented timelines.
#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "query/render/units.h"
#include "query/why/why.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;
using tarry::testing::kMs;

namespace {

std::string why(DbBuilder& b, WhyOptions options = {}) {
  if (options.shown_path.empty()) options.shown_path = "t.tarry";
  std::ostringstream out;
  whyReport(b.db(), options, out);
  return out.str();
}

bool contains(const std::string& text, std::string_view part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

void slowClient(DbBuilder& b) {
  b.meta("target_kind", "command");
  b.meta("level", "syscalls");
  b.process(1, 0, "python3 client.py", 0, 2110);
  b.process(9, 0, "python3 slow_server.py", 0);
  b.socket(1, "127.0.0.1", 5000, 9);
  b.resource(2, "file", "/usr/lib/a.so", "/usr/lib/a.so");
  b.run(1, 60).wait(1, 70, {.kind = "disk", .call = "openat", .resource = 2});
  b.run(1, 90)
      .wait(1, 2090, {.kind = "network", .call = "recvfrom", .resource = 1, .role = "answer"})
      .run(1, 2110);
}

}  // namespace

TEST_CASE("why of a client that waits for a slow server") {
  DbBuilder b;
  slowClient(b);
  CHECK(
      why(b) ==
      "python3 client.py   pid 1001   2.11 s real, 100 ms CPU time (5%)\n"
      "\n"
      "  waiting 2.01 s (95%)\n"
      "    network      2.00 s   95%   recvfrom ← 127.0.0.1:5000 (python3 slow_server.py, pid 1009)  1 wait\n"
      "    disk        10.0 ms  0.5%   openat of /usr/lib/a.so  1 wait\n"
      "  on CPU 100 ms (5%)\n"
      "  → it is waiting for an answer from 127.0.0.1:5000 (python3 slow_server.py, pid 1009)\n"
      "    See: tarry show t.tarry -e %network\n");
}

TEST_CASE("why says how far a conversation came, with which thread, and what it was about") {
  DbBuilder b;
  slowClient(b);
  b.thread(10, 9);
  const auto wait = [&](int64_t until_ms, std::string_view phase, std::string_view call = "recvfrom") {
    b.wait(1, until_ms,
           {.kind = "network", .call = call, .resource = 1, .role = "answer", .phase = phase, .peer = 10});
  };
  wait(2310, "connect", "connect");
  wait(5310, "first_byte");
  wait(5320, "receiving");
  b.db().execute(
      "UPDATE process SET end_ts = 5400000000 WHERE upid = 1;"
      "INSERT INTO http (id, ts, end_ts, upid, utid, resource_id, side, method, url, request_complete, "
      "response_complete, tls) VALUES"
      " (1, 80000000, 2100000000, 1, 1, 1, 'client', 'GET', 'http://x/early', 1, 1, 0),"
      " (2, 2310000000, 5320000000, 1, 1, 1, 'client', 'POST', 'http://x:5000/slow?n=1', 1, 1, 0),"
      " (3, 2310000000, 5320000000, 9, 9, 1, 'server', 'POST', '/other/end', 1, 1, 0)");
  const std::string text = why(b);
  contains(text, "connecting 200 ms, first byte 3.00 s ← 127.0.0.1:5000  4 waits");
  contains(text, "an answer from 127.0.0.1:5000 (python3 slow_server.py, pid 1009) to POST /slow?n=1");
  WhyOptions json;
  json.json = true;
  const std::string whole = why(b, json);
  contains(
      whole,
      "recvfrom, connect: connecting 200 ms, first byte 3.00 s ← 127.0.0.1:5000 (python3 slow_server.py, "
      "pid 1009, thread worker 1010), longest for POST /slow?n=1");
  contains(whole, R"("phase": "first_byte")");
  contains(whole, R"("tid": 1010)");
}

TEST_CASE("why says at once that events were lost and that the trace was cut") {
  DbBuilder b;
  slowClient(b);
  b.db().execute(
      "INSERT INTO stats (name, value, description) VALUES ('cut', 1, '');"
      "INSERT INTO loss (ts, dur, source, count) VALUES (0, 1, 'syscalls', 1200), (5, 1, 'switches', 34)");
  const std::string text = why(b);
  CHECK(text.starts_with("! 1,234 events lost while recording (syscalls 1,200, switches 34)"));
  contains(text, "\n! the trace has no end");
  b.db().execute("INSERT INTO stats (name, value, description) VALUES ('damaged_frames', 1, '')");
  contains(why(b), "! 1,234 events lost while recording or with the damaged parts of the file (syscalls");
}

TEST_CASE("why of a program that computes") {
  DbBuilder b;
  b.process(1, 0, "python3 burn.py", 0, 1000);
  b.run(1, 490).queue(1, 500).run(1, 1000);
  const std::string text = why(b);
  contains(text, "→ not waiting: it is computing (99% on CPU). See: tarry summary t.tarry");
}

TEST_CASE("why of a writer names the file and how much") {
  DbBuilder b;
  b.process(1, 0, "python3 writer.py", 0, 1000);
  b.db().execute("UPDATE process SET user_ns = 100000000, system_ns = 880000000");
  b.resource(1, "file", "/tmp/big.bin", "/tmp/big.bin");
  b.run(1, 980).wait(1, 990, {.kind = "disk", .call = "write", .resource = 1}).run(1, 1000);
  for (int i = 0; i < 300; ++i) b.call(1, 10 + 3 * i, 3, "write", 1 << 20, {}, 1, 1 << 20);
  const std::string text = why(b);
  contains(text, "on CPU 990 ms (99%): 101 ms user, 889 ms system");
  contains(text, "wrote 300 MiB to /tmp/big.bin in 300 calls");
  contains(text, "→ not waiting: it is busy writing 300 MiB to /tmp/big.bin");
}

TEST_CASE("why of a shell script names the process deep in the tree and whose time it was") {
  DbBuilder b;
  b.meta("target_kind", "command");
  b.process(1, 0, "sh run.sh", 0, 1000);
  b.process(2, 1, "sleep 1", 10, 960);
  b.run(1, 10)
      .wait(1, 960, {.kind = "child", .call = "wait4", .waker = 2, .waker_call = "exit_group"})
      .run(1, 1000);
  b.run(2, 20).wait(2, 950, {.kind = "sleep", .call = "clock_nanosleep"}).run(2, 960);
  const std::string text = why(b);
  contains(text, "sh run.sh   pid 1001 and 1 descendant   1.00 s real, 70.0 ms CPU time (7%)");
  contains(text, "sleep        930 ms   93%   clock_nanosleep in sleep 1, pid 1002");
  contains(text, "95%  sleep 1, pid 1002  (20.0 ms on CPU)");
  contains(text, "→ sleep 1, pid 1002 is waiting for the clock: it asked to sleep (clock_nanosleep)");
}

TEST_CASE("why --process and --thread explain one alone") {
  DbBuilder b;
  b.process(1, 0, "sh run.sh", 0, 100);
  b.process(2, 1, "child", 10, 90);
  b.thread(3, 2, false, 10);
  b.run(1, 10).wait(1, 90, {.kind = "child", .call = "wait4", .waker = 2}).run(1, 100);
  b.wait(2, 80, {.kind = "lock", .call = "futex", .waker = 3}).run(2, 90);
  b.run(3, 80).wait(3, 90, {.kind = "lock", .call = "futex", .role = "idle"});
  contains(why(b, {.process = "sh"}), "child       80.0 ms   80%   wait4 for child, pid 1002");
  contains(why(b, {.process = "1002"}),
           "child   pid 1002, 2 threads   80.0 ms real, 80.0 ms CPU time (100%)");
  contains(why(b, {.thread = 1002}), "lock        70.0 ms   88%   futex");
  const std::string threads = why(b, {.process = "child", .threads = true});
  contains(threads, "1003");
  contains(threads, "1002");
  CHECK_THROWS_AS(why(b, {.process = "nobody"}), UsageError);
  CHECK_THROWS_AS(why(b, {.thread = 5}), UsageError);
}

TEST_CASE("why of an interval adds up to the interval") {
  DbBuilder b;
  slowClient(b);
  const std::string text = why(b, {.from_ns = 1000 * kMs, .to_ns = 2100 * kMs});
  contains(text, "1.10 s real, 10.0 ms CPU time (0.9%)");
  CHECK_THROWS_AS(why(b, {.from_ns = 9000 * kMs}), TraceError);
}

TEST_CASE("why says of an idle server what it serves, however many workers it has") {
  DbBuilder b;
  b.process(1, 0, "server", 0);
  b.resource(1, "socket", "TCP 0.0.0.0:80 (listening)");
  b.db().execute("UPDATE resource SET listening = 1");
  b.wait(1, 1000, {.kind = "network", .call = "accept4", .resource = 1, .role = "idle"});
  for (int worker = 2; worker < 5; ++worker) {
    b.thread(worker, 1);
    b.wait(worker, 1000, {.kind = "lock", .call = "futex", .role = "idle"});
  }
  contains(why(b, {.view = WhyView::ongoing}), "→ idle, waiting for someone to connect to TCP 0.0.0.0:80");
}

TEST_CASE("why shows idle waits apart, and among the others when asked") {
  DbBuilder b;
  b.process(1, 0, "server", 0);
  b.resource(1, "socket", "TCP 0.0.0.0:80 (listening)");
  b.db().execute("UPDATE resource SET listening = 1");
  b.run(1, 100)
      .wait(1, 900, {.kind = "network", .call = "accept4", .resource = 1, .role = "idle"})
      .run(1, 1000);
  const std::string apart = why(b, {.view = WhyView::command});
  contains(apart, "idle 800 ms (80%)");
  contains(apart, "it is idle: waiting for someone to connect to TCP 0.0.0.0:80.");
  const std::string shown = why(b, {.view = WhyView::command, .show_idle = true});
  contains(shown, "network      800 ms   80%");
  const std::string hidden = why(b, {.view = WhyView::command, .hide_idle = true});
  CHECK(hidden.find("idle 800 ms") == std::string::npos);
}

TEST_CASE("why of something that goes on counts thread time by peer, process and what still waits") {
  DbBuilder b;
  b.meta("target_kind", "unit");
  b.meta("target", "shop.service");
  b.meta("level", "waits");
  b.meta("cpu_count", "2");
  b.process(1, 0, "worker", 0);
  b.process(2, 0, "helper", 0);
  b.thread(3, 1);
  b.socket(1, "10.0.0.5", 5432);
  b.socket(2, "10.0.0.5", 5432);
  b.run(1, 100);
  for (int64_t at = 100; at < 5000; at += 100) {
    b.wait(1, at + 90,
           {.kind = "network", .call = "recvfrom", .resource = 1 + at / 100 % 2, .role = "answer"})
        .run(1, at + 100);
  }
  b.wait(3, 5000, {.kind = "lock", .call = "futex", .role = "idle"});
  b.run(2, 1000).waitOpen(2, {.kind = "ipc", .call = "read"});
  const std::string text = why(b);
  contains(text, "shop.service   2 processes, 3 threads   5.00 s   level waits, nothing lost");
  contains(text, "15.0 s of thread time = 5.00 s idle + 8.41 s waiting + 1.59 s on CPU (0.32 of 2 CPUs)");
  contains(text, "  network      4.41 s  recvfrom ← 10.0.0.5:5432 in worker 1001 ");
  contains(text, " 49   90.0 ms   90.0 ms   90.0 ms\n");
  contains(text, "! still waiting at the end: helper 1002 in read, 4.00 s");
  contains(text, "→ waiting for many things, longest for an answer from 10.0.0.5:5432; worst in worker 1001");
  contains(text, "See: tarry why t.tarry --process 1001");
}

TEST_CASE("why of the whole machine leaves out waits that are nobody's problem") {
  DbBuilder b;
  b.meta("target_kind", "all");
  b.process(2, 0, "kthreadd", 0);
  b.process(3, 2, "kworker", 0);
  b.process(4, 0, "sh", 0);
  b.process(5, 4, "work", 0);
  b.process(6, 0, "daemon", 0);
  b.process(7, 0, "hung", 0);
  b.db().execute(
      "UPDATE process SET cmdline = NULL WHERE upid IN (2, 3); UPDATE process SET pid = 2 WHERE upid = 2");
  b.waitOpen(2, {.kind = "unknown"});
  b.waitOpen(3, {.kind = "unknown"});
  b.waitOpen(4, {.kind = "child", .call = "wait4"});
  b.run(5, 400).wait(5, 1000, {.kind = "network", .call = "recvfrom"});
  b.waitOpen(6, {.kind = "ipc", .call = "poll"});
  b.waitOpen(7, {.kind = "disk", .call = "openat"});
  b.db().execute("UPDATE thread_state SET since_ts = 0 WHERE dur IS NULL");
  const std::string text = why(b);
  contains(text, "whole machine   6 processes, 6 threads   1.00 s");
  contains(text, "6.00 s of thread time = 4.00 s idle + 1.60 s waiting + 400 ms on CPU");
  contains(text, "! still waiting at the end: hung 1007 in openat, began before the recording");
  CHECK(text.find("daemon 1006 in") == std::string::npos);
}

TEST_CASE("why of what goes on ranks processes by what they did and made others wait for, not by sleep") {
  DbBuilder b;
  b.meta("target_kind", "all");
  for (const auto& [upid, name] : {std::pair(1, "sleeper"), {2, "burner"}, {3, "client"}, {4, "server"}})
    b.process(upid, 0, name, 0);
  b.wait(1, 5000, {.kind = "sleep", .call = "clock_nanosleep"});
  b.run(2, 400).queue(2, 600).run(2, 1000).wait(2, 5000, {.kind = "network", .role = "idle"});
  b.run(3, 100)
      .wait(3, 3000, {.kind = "ipc", .call = "read", .waker = 4})
      .wait(3, 3300, {.kind = "stopped"})
      .run(3, 3400);
  b.run(4, 50).wait(4, 5000, {.kind = "network", .call = "accept", .role = "idle"});
  const std::string text = why(b);
  INFO(text);
  contains(text, "18.4 s of thread time = 13.9 s idle + 3.40 s waiting + 1.05 s on CPU");
  std::istringstream lines(text.substr(text.find("  process")));
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line) && !line.empty();) rows.push_back(line);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0] == "  process       not idle   on CPU     ipc  stopped  cpu-queue  made others wait");
  CHECK(rows[1] == "  1003 client     3.40 s   200 ms  2.90 s   300 ms          -                 -");
  CHECK(rows[2] == "  1004 server    50.0 ms  50.0 ms       -        -          -            2.90 s");
  CHECK(rows[3] == "  1002 burner     1.00 s   800 ms       -        -     200 ms                 -");
  CHECK(rows[4] == "  1 more, idle         -        -       -        -          -                 -");
  contains(why(b, {.show_idle = true}), "  1001 sleeper");
}

TEST_CASE("why of what goes on adds up waits that have no column, and never calls them computing") {
  DbBuilder b;
  b.meta("target_kind", "all");
  b.process(1, 0, "odd", 0);
  b.process(2, 0, "burner", 0);
  b.wait(1, 900, {.kind = "unknown", .call = "bpf"}).run(1, 1000);
  b.run(2, 200).wait(2, 300, {.kind = "lock", .call = "futex"}).wait(2, 1000, {.role = "idle"});
  const std::string text = why(b);
  contains(text, "  1001 odd       1.00 s  100 ms       -       900 ms\n");
  contains(text,
           "→ what it waits for (900 ms) is not understood; otherwise computing, most of it burner 1002");
}

TEST_CASE("why of a command that failed says so before anything else") {
  DbBuilder b;
  b.meta("target_kind", "command");
  b.meta("level", "syscalls");
  b.process(1, 0, "curl http://127.0.0.1:1/", 0, 10, 7);
  b.run(1, 10);
  contains(why(b),
           "→ it failed with exit status 7; before that: not waiting: it is computing (100% on CPU)\n"
           "    See: tarry show t.tarry --failed-only");
  b.db().execute("UPDATE process SET exit_code = NULL, exit_signal = 9");
  contains(why(b), "→ it was killed by SIGKILL; before that: not waiting: it is computing");
}

TEST_CASE("why as JSON has the documented shape") {
  DbBuilder b;
  slowClient(b);
  const std::string text = why(b, {.json = true});
  contains(text, "\"tarry_why\": 2");
  contains(text, "\"subject\": \"command\"");
  contains(text, "\"real_ns\": 2110000000");
  contains(text, "\"kind\": \"network\"");
  contains(text, "\"subject\": \"127.0.0.1:5000\"");
  contains(text, "\"conclusion\": \"it is waiting for an answer from 127.0.0.1:5000");
  // SQLite parses it, so it is valid.
  auto q = b.db().prepare("SELECT json_valid(?1), json_extract(?1, '$.reports[0].waits[0].total_ns')");
  q.bind(1, std::string_view(text));
  REQUIRE(q.step());
  CHECK(q.integer(0) == 1);
  CHECK(q.integer(1) == 2000 * kMs);
}

TEST_CASE("why of an empty recording and of a foreign database is one clear error") {
  DbBuilder b;
  CHECK_THROWS_AS(why(b), TraceError);
  Database foreign(":memory:");
  std::ostringstream out;
  CHECK_THROWS_AS(whyReport(foreign, {}, out), TraceError);
}

TEST_CASE("why keeps unknown time apart, and never concludes with it") {
  DbBuilder b;
  b.meta("target_kind", "all");
  b.process(1, 0, "worker", 0);
  b.process(2, 0, "lost", 0);
  b.socket(1, "10.0.0.5", 5432);
  b.unknown(1, 100).run(1, 200).wait(1, 1000, {.kind = "network", .call = "recvfrom", .resource = 1});
  b.run(2, 100).unknown(2, 3900).wait(2, 4000, {.kind = "unknown", .call = "strange"});
  const std::string text = why(b);
  contains(text,
           "5.00 s of thread time = 0 ns idle + 900 ms waiting + 200 ms on CPU (0.05 CPUs) + 3.90 s unknown");
  contains(text, "  3.90 s unknown: the kernel did not report every switch, 3.80 s of lost 1002\n");
  contains(text, "→ mostly waiting for data from 10.0.0.5:5432; worst in worker 1001");

  const std::string one = why(b, {.process = "lost"});
  contains(one, "waiting 100 ms (2%)");
  contains(one, "unknown 3.80 s (95%): the kernel did not report every switch");
  contains(one, "; what it did 95% of the time is unknown");

  const std::string json = why(b, {.process = "lost", .json = true});
  auto q = b.db().prepare(
      "SELECT r ->> 'real_ns', (r ->> 'on_cpu_ns') + (r ->> 'waiting_ns') + (r ->> 'idle_ns') + "
      "(r ->> 'unknown_ns'), r ->> 'unknown_ns' FROM (SELECT ?1 -> '$.reports[0]' AS r)");
  q.bind(1, std::string_view(json));
  REQUIRE(q.step());
  CHECK(q.integer(0) == 4000 * kMs);
  CHECK(q.integer(1) == 4000 * kMs);
  CHECK(q.integer(2) == 3800 * kMs);
}

TEST_CASE("why gives the reason of unknown time: losses, or that nothing had been seen yet") {
  DbBuilder b;
  b.process(1, 0, "late", 0);
  b.unknown(1, 500).run(1, 1000);
  contains(why(b, {.process = "late"}), "unknown 500 ms (50%): before a thread was first seen");
  b.db().execute("INSERT INTO loss (ts, dur, source, count) VALUES (0, 1, 'switches', 3)");
  contains(why(b, {.process = "late"}), "unknown 500 ms (50%): events were lost");
}

TEST_CASE("why says how short CPU time divides by what is exact: inside and outside of system calls") {
  DbBuilder b;
  b.meta("target_kind", "command");
  b.process(1, 0, "true", 0, 20);
  // The clock ticks that hit it were in the kernel: more than all its CPU time.
  b.db().execute("UPDATE process SET user_ns = 0, system_ns = 24000000");
  b.run(1, 8).wait(1, 12, {.kind = "disk", .call = "read"}).run(1, 20);
  b.call(1, 2, 3, "openat", 3);
  b.call(1, 7, 6, "read", 10);
  contains(why(b), "on CPU 16.0 ms (80%): 5.00 ms in system calls, 11.0 ms outside");
  const std::string json = why(b, {.json = true});
  contains(json, "\"user_ns\": 0,");
  contains(json, "\"system_ns\": 16000000,");
  contains(json, "\"calls_cpu_ns\": 5000000,");
}

TEST_CASE("why calls a command as it was launched") {
  DbBuilder b;
  b.meta("target_kind", "command");
  b.process(1, 0, "ls -l", 0, 100);
  b.db().execute(
      "INSERT INTO exec (ts, upid, utid, comm, cmdline) VALUES (0, 1, 1, 'sh', 'sh run.sh'),"
      " (50000000, 1, 1, 'ls', 'ls -l')");
  b.run(1, 100);
  const std::string text = why(b);
  INFO(text);
  CHECK(text.starts_with("sh run.sh   pid 1001   100 ms real"));
}

TEST_CASE("why fits the terminal, and what it comes to is never cut") {
  for (const int width : {60, 80, 100, 140}) {
    DbBuilder b;
    b.meta("target_kind", "all");
    const std::string far = "/srv/a/very/long/way/down/to/some/library/folder/of/python/site-packages/apis/";
    b.resource(1, "file", far + "dns.py", far + "dns.py");
    b.socket(2, "2001:db8:1234:5678:9abc:def0:1234:5678", 5432);
    for (int64_t p = 1; p <= 20; ++p) {
      b.process(p, 0, "/usr/bin/python3 -u " + far + "server.py --with --many=options --and /paths/of/files",
                0);
      b.run(p, 100).wait(p, 1000 + p, {.kind = "disk", .call = "openat", .resource = 1});
      b.wait(p, 3000, {.kind = "network", .call = "recvfrom", .resource = 2, .role = "answer"});
      b.waitOpen(p, {.kind = "lock", .call = "futex"});
    }
    WhyOptions options;
    options.style.width = width;
    const std::string text = why(b, options);
    std::istringstream lines(text);
    size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      INFO(line);
      // The command is there to be copied, in one piece.
      if (line.find("See: ") == std::string::npos) CHECK(displayWidth(line) <= width);
    }
    CHECK(count <= 40);
    if (width >= 80) contains(text, "/srv/…");
    contains(text, "server.py");
  }
}
