// The rule whose wait counts, over invented timelines with known answers.
#include "query/why/critical_path.h"

#include <catch2/catch.hpp>
#include <random>

#include "query/why/explain.h"
#include "query/why/step.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;
using tarry::testing::kMs;
using tarry::testing::Wait;

namespace {

// Milliseconds by "process/kind" of a breakdown's parts; on CPU under the kind "cpu".
std::map<std::string, int64_t> parts(const Timeline& t, const std::vector<PathPiece>& path) {
  std::map<std::string, int64_t> result;
  for (const PathPiece& p : path) {
    const StateRow row = t.state(p.row);
    const std::string kind(row.state == RunState::running ? "cpu" : std::string(waitKindName(row.kind)));
    result[t.process(p.process).comm + "/" + kind] += p.length() / kMs;
  }
  return result;
}

std::vector<PathPiece> pathOf(const Timeline& t, ProcessStates& states, int32_t process,
                              const Lifetime& life) {
  std::vector<PathPiece> path;
  CriticalPath(t, states).walk(process, life.begin, life.end,
                               [&](const PathPiece& piece) { path.push_back(piece); });
  return path;
}

using Parts = std::map<std::string, int64_t>;

Parts commandParts(DbBuilder& b, int64_t upid = 1) {
  const Timeline t = Timeline::load(b.db());
  ProcessStates states(t);
  const int32_t root = *t.processByUpid(upid);
  const Lifetime life = *lifetimeOf(t, root);
  const auto path = pathOf(t, states, root, life);
  // The pieces cover the life exactly, whatever else is asked of them.
  int64_t at = life.begin;
  for (const PathPiece& p : path) {
    REQUIRE(p.begin == at);
    REQUIRE(p.end > p.begin);
    at = p.end;
  }
  REQUIRE(at == life.end);
  return parts(t, path);
}

}  // namespace

TEST_CASE("CriticalPath names what a child did while its parent waited") {
  DbBuilder b;
  b.process(1, 0, "sh", 0, 100);
  b.process(2, 1, "sleep 1", 10, 95);
  b.run(1, 10)
      .wait(1, 95, {.kind = "child", .call = "wait4", .waker = 2, .waker_call = "exit_group"})
      .run(1, 100);
  b.run(2, 15).wait(2, 90, {.kind = "sleep", .call = "clock_nanosleep"}).run(2, 95);
  CHECK(commandParts(b) == Parts{{"sh/cpu", 15}, {"sleep/cpu", 10}, {"sleep/sleep", 75}});
}

TEST_CASE("CriticalPath follows $(command) inside $(command) through its pipes") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  b.resource(2, "pipe", "pipe:[2]");
  b.process(1, 0, "outer", 0, 100);
  b.process(2, 1, "middle", 5, 90);
  b.process(3, 2, "inner", 10, 80);
  b.run(1, 5).wait(1, 88, {.kind = "ipc", .call = "read", .waker = 2, .resource = 1, .waker_call = "write"});
  b.run(1, 100);
  b.run(2, 10).wait(2, 79,
                    {.kind = "ipc", .call = "read", .waker = 3, .resource = 2, .waker_call = "exit_group"});
  b.run(2, 90);
  b.run(3, 20).wait(3, 70, {.kind = "disk", .call = "read"}).run(3, 80);
  CHECK(commandParts(b) ==
        Parts{{"outer/cpu", 17}, {"middle/cpu", 14}, {"inner/cpu", 19}, {"inner/disk", 50}});
}

TEST_CASE("CriticalPath charges a pipeline to its slowest part") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  b.process(1, 0, "sh", 0, 60);
  b.process(2, 1, "slow", 1, 50);
  b.process(3, 1, "fast", 1, 58);
  b.run(1, 1).wait(1, 49, {.kind = "child", .call = "wait4", .waker = 2, .waker_call = "exit_group"});
  b.run(1, 50)
      .wait(1, 57, {.kind = "child", .call = "wait4", .waker = 3, .waker_call = "exit_group"})
      .run(1, 60);
  // slow computes and writes at 20, at 40, and exits at 49; fast waits for it each time.
  b.run(2, 50);
  b.run(3, 2).wait(3, 20, {.kind = "ipc", .call = "read", .waker = 2, .resource = 1, .waker_call = "write"});
  b.run(3, 22).wait(3, 40, {.kind = "ipc", .call = "read", .waker = 2, .resource = 1, .waker_call = "write"});
  b.run(3, 58);
  CHECK(commandParts(b) == Parts{{"sh/cpu", 5}, {"slow/cpu", 48}, {"fast/cpu", 7}});
}

TEST_CASE("CriticalPath follows a writer that waits for its reader") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  b.process(1, 0, "producer", 0, 100);
  b.process(2, 0, "consumer", 0, 100);
  b.run(1, 10)
      .wait(1, 90, {.kind = "ipc", .call = "write", .waker = 2, .resource = 1, .waker_call = "read"})
      .run(1, 100);
  b.run(2, 5).wait(2, 85, {.kind = "network", .call = "sendto"}).run(2, 100);
  CHECK(commandParts(b) == Parts{{"producer/cpu", 20}, {"consumer/network", 75}, {"consumer/cpu", 5}});
}

TEST_CASE("CriticalPath follows file locks, Unix sockets, eventfds and semaphores to who let go") {
  struct Case {
    Wait wait;
    bool followed;
  };
  const Case cases[] = {
      {{.kind = "lock", .call = "flock", .waker = 2, .resource = 1, .waker_call = "close"}, true},
      {{.kind = "lock", .call = "fcntl", .waker = 2, .resource = 1, .waker_call = "fcntl"}, true},
      {{.kind = "lock", .call = "futex", .waker = 2, .waker_call = "futex"}, true},
      {{.kind = "ipc", .call = "recvfrom", .waker = 2, .resource = 2, .waker_call = "sendto"}, true},
      {{.kind = "ipc", .call = "read", .waker = 2, .resource = 3, .waker_call = "write"}, true},
      {{.kind = "ipc", .call = "semop", .waker = 2, .waker_call = "semop"}, true},
      {{.kind = "network", .call = "recvfrom", .waker = 2, .resource = 4, .waker_call = "sendto"}, false},
      {{.kind = "lock", .call = "flock", .waker = 2, .resource = 1, .waker_call = "kill"}, false},
      {{.kind = "ipc", .call = "recvfrom", .resource = 2}, false},
      {{.kind = "lock", .call = "futex", .waker = 3, .waker_call = "futex"}, false},  // a thread of its own
  };
  for (const Case& one : cases) {
    INFO(one.wait.kind << " " << one.wait.call << " ended in " << one.wait.waker_call);
    DbBuilder b;
    b.process(1, 0, "client", 0, 100);
    b.process(2, 1, "holder", 10, 95);
    b.thread(3, 1);
    b.resource(1, "file", "/tmp/lock", "/tmp/lock");
    b.resource(2, "unix", "unix:/run/s");
    b.resource(3, "eventfd", "eventfd");
    b.socket(4, "127.0.0.1", 5000, 2);
    b.run(1, 10).wait(1, 90, one.wait).run(1, 100);
    b.run(2, 15).wait(2, 89, {.kind = "sleep", .call = "clock_nanosleep"}).run(2, 95);
    if (one.wait.waker == 3) b.wait(3, 89, {.kind = "sleep", .call = "nanosleep"}).run(3, 90);
    const Parts got = commandParts(b);
    if (one.followed) CHECK(got == Parts{{"client/cpu", 20}, {"holder/cpu", 6}, {"holder/sleep", 74}});
    else CHECK_FALSE(got.contains("holder/sleep"));
  }
}

TEST_CASE("CriticalPath ends where two processes wait for each other over a socket in turn") {
  DbBuilder b;
  b.process(1, 0, "client", 0, 100);
  b.process(2, 1, "server", 0, 100);
  b.resource(1, "unix", "unix:/run/s");
  const Wait answer = {
      .kind = "ipc", .call = "recvfrom", .waker = 2, .resource = 1, .role = "answer", .waker_call = "sendto"};
  const Wait request = {
      .kind = "ipc", .call = "recvfrom", .waker = 1, .resource = 1, .role = "idle", .waker_call = "sendto"};
  // The server sleeps over each request; the client computes between them.
  b.run(1, 10).wait(1, 40, answer).run(1, 50).wait(1, 90, answer).run(1, 100);
  b.wait(2, 12, request)
      .wait(2, 38, {.kind = "sleep"})
      .run(2, 40)
      .wait(2, 52, request)
      .wait(2, 88, {.kind = "sleep"})
      .run(2, 90)
      .wait(2, 100, request);
  const Parts got = commandParts(b);
  CHECK(got == Parts{{"client/cpu", 30}, {"server/ipc", 4}, {"server/sleep", 62}, {"server/cpu", 4}});
}

TEST_CASE("CriticalPath goes through make's jobserver to the compiler that held the token") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");  // tokens
  b.process(1, 0, "make", 0, 100);
  b.process(2, 1, "submake-a", 1, 99);
  b.process(3, 1, "submake-b", 1, 60);
  b.process(4, 3, "cc-b", 2, 50);
  b.process(5, 2, "cc-a", 51, 95);
  b.run(1, 1).wait(1, 59, {.kind = "child", .call = "wait4", .waker = 3, .waker_call = "exit_group"});
  b.run(1, 60)
      .wait(1, 98, {.kind = "child", .call = "wait4", .waker = 2, .waker_call = "exit_group"})
      .run(1, 100);
  // submake-a gets its token when submake-b's compiler is done.
  b.run(2, 3).wait(2, 50,
                   {.kind = "ipc", .call = "pselect6", .waker = 3, .resource = 1, .waker_call = "write"});
  b.run(2, 51)
      .wait(2, 95, {.kind = "child", .call = "wait4", .waker = 5, .waker_call = "exit_group"})
      .run(2, 99);
  b.run(3, 2)
      .wait(3, 49, {.kind = "child", .call = "wait4", .waker = 4, .waker_call = "exit_group"})
      .run(3, 60);
  b.run(4, 50);
  b.run(5, 60).wait(5, 80, {.kind = "disk", .call = "openat"}).run(5, 95);
  // 0–1 make, 1–59 submake-b and its compiler, 59–60 make, 60–98 submake-a with cc-a, 98–100 make.
  CHECK(commandParts(b) == Parts{{"make/cpu", 4},
                                 {"submake-b/cpu", 11},
                                 {"cc-b/cpu", 47},
                                 {"cc-a/disk", 20},
                                 {"cc-a/cpu", 15},
                                 {"submake-a/cpu", 3}});
  // Asked for by itself, submake-a's wait for the token is what cc-b and submake-b did.
  const Timeline t = Timeline::load(b.db());
  ProcessStates states(t);
  const auto own = pathOf(t, states, *t.processByUpid(2), {1 * kMs, 99 * kMs});
  CHECK(
      parts(t, own) ==
      Parts{
          {"submake-a/cpu", 7}, {"cc-b/cpu", 46}, {"submake-b/cpu", 1}, {"cc-a/cpu", 24}, {"cc-a/disk", 20}});
}

TEST_CASE("CriticalPath charges parallel children to the one that was waited for") {
  DbBuilder b;
  b.process(1, 0, "make", 0, 100);
  b.process(2, 1, "cc1", 5, 40);
  b.process(3, 1, "cc2", 5, 90);
  b.run(1, 5).wait(1, 40, {.kind = "child", .call = "wait4", .waker = 2});
  b.run(1, 42).wait(1, 90, {.kind = "child", .call = "wait4", .waker = 3}).run(1, 100);
  b.run(2, 40);
  b.queue(3, 30).run(3, 60).queue(3, 70).run(3, 90);
  CHECK(commandParts(b) == Parts{{"make/cpu", 17}, {"cc1/cpu", 35}, {"cc2/cpu", 38}, {"cc2/cpu-queue", 10}});
}

TEST_CASE("CriticalPath explains the time before a child was born by who made it") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  b.process(1, 0, "reader", 0, 100);
  b.process(2, 0, "shell", 0, 60);
  b.process(3, 2, "writer", 50, 80);
  b.run(1, 10)
      .wait(1, 80, {.kind = "ipc", .call = "read", .waker = 3, .resource = 1, .waker_call = "write"})
      .run(1, 100);
  b.wait(2, 40, {.kind = "terminal", .call = "read"}).run(2, 60);
  b.run(3, 80);
  CHECK(commandParts(b) ==
        Parts{{"reader/cpu", 30}, {"shell/terminal", 30}, {"shell/cpu", 10}, {"writer/cpu", 30}});
}

TEST_CASE("CriticalPath ends where processes wait for each other in a circle") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  b.process(1, 0, "a", 0, 50);
  b.process(2, 1, "b", 0, 50);
  b.process(3, 2, "c", 0, 50);
  b.wait(1, 45, {.kind = "ipc", .call = "read", .waker = 2, .resource = 1}).run(1, 50);
  b.wait(2, 45, {.kind = "ipc", .call = "read", .waker = 3, .resource = 1}).run(2, 50);
  b.wait(3, 45, {.kind = "ipc", .call = "read", .waker = 1, .resource = 1}).run(3, 50);
  CHECK(commandParts(b) == Parts{{"a/cpu", 5}, {"c/ipc", 45}});
}

TEST_CASE("CriticalPath leaves a child that outlives its parent alone") {
  DbBuilder b;
  b.process(1, 0, "sh", 0, 10);
  b.process(2, 1, "daemon", 5);
  b.run(1, 10);
  b.waitOpen(2, {.kind = "sleep", .call = "clock_nanosleep"});
  CHECK(commandParts(b) == Parts{{"sh/cpu", 10}});
}

TEST_CASE("CriticalPath finds the child where the waker is not known") {
  DbBuilder b;
  b.process(1, 0, "sh", 0, 100);
  b.process(2, 1, "first", 10, 50);
  b.process(3, 1, "other", 10);
  b.run(1, 10).wait(1, 50, {.kind = "child", .call = "wait4"}).run(1, 100);
  b.wait(2, 50, {.kind = "lock", .call = "futex"});
  b.run(3, 100);
  CHECK(commandParts(b) == Parts{{"sh/cpu", 60}, {"first/lock", 40}});
}

TEST_CASE("CriticalPath does not take a child for one that was born after the wait") {
  DbBuilder b;
  b.process(1, 0, "sh", 0, 100);
  b.process(2, 1, "first", 10, 49);
  b.process(3, 1, "later", 51, 52);
  b.process(4, 1, "beside", 10, 53);
  b.run(1, 10).wait(1, 50, {.kind = "child", .call = "wait4"}).run(1, 100);
  b.wait(2, 49, {.kind = "lock", .call = "futex"});
  b.run(3, 52);
  b.run(4, 53);
  CHECK(commandParts(b) == Parts{{"sh/cpu", 60}, {"first/lock", 39}, {"sh/child", 1}});
}

TEST_CASE("CriticalPath keeps a child wait that a signal from elsewhere ended") {
  DbBuilder b;
  b.process(1, 0, "sh", 0, 30);
  b.process(9, 0, "kill", 0, 30);
  b.run(1, 10).wait(1, 20, {.kind = "child", .call = "wait4", .waker = 9, .waker_call = "kill"}).run(1, 30);
  b.run(9, 30);
  CHECK(commandParts(b) == Parts{{"sh/cpu", 20}, {"sh/child", 10}});
}

TEST_CASE("CriticalPath follows the one child that lived on when a signal ended the wait for it") {
  DbBuilder b;
  b.process(1, 0, "sh", 0, 61);
  b.process(2, 1, "sleep", 10, 100);
  b.process(9, 0, "kill", 0, 60);
  b.run(1, 10).wait(1, 60, {.kind = "child", .call = "wait4", .waker = 9, .waker_call = "kill"}).run(1, 61);
  b.wait(2, 100, {.kind = "sleep", .call = "clock_nanosleep"});
  b.run(9, 60);
  CHECK(commandParts(b) == Parts{{"sh/cpu", 11}, {"sleep/sleep", 50}});
}

TEST_CASE("CriticalPath goes on behind sigsuspend when a child's death ended it") {
  DbBuilder b;
  b.process(1, 0, "dash", 0, 30);
  b.process(2, 1, "job", 0, 20);
  b.run(1, 5)
      .wait(1, 20, {.kind = "signal", .call = "rt_sigsuspend", .waker = 2, .waker_call = "exit_group"})
      .run(1, 30);
  b.wait(2, 20, {.kind = "network", .call = "recvfrom"});
  CHECK(commandParts(b) == Parts{{"dash/cpu", 15}, {"job/network", 15}});
}

TEST_CASE("CriticalPath bounds its depth on a chain of a thousand waiting processes") {
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  for (int64_t i = 1; i <= 1000; ++i) {
    b.process(i, 0, "p", 0, 10);
    if (i < 1000) b.wait(i, 10, {.kind = "ipc", .call = "read", .waker = i + 1, .resource = 1});
    else b.run(i, 10);
  }
  int64_t total = 0;
  for (const auto& [name, ms] : commandParts(b)) total += ms;
  CHECK(total == 10);
}

TEST_CASE("CriticalPath adds up to the real time on random process trees") {
  const auto seed = GENERATE(range(1, 60));
  std::mt19937 random(static_cast<unsigned>(seed));
  const auto below = [&](int n) { return static_cast<int64_t>(random() % static_cast<unsigned>(n)); };
  DbBuilder b;
  b.resource(1, "pipe", "pipe:[1]");
  const int64_t processes = 2 + below(6);
  int64_t utid = 100;
  std::vector<int64_t> threads;
  for (int64_t upid = 1; upid <= processes; ++upid) {
    const int64_t start = upid == 1 ? 0 : below(300);
    b.process(upid, upid == 1 ? 0 : 1 + below(static_cast<int>(upid - 1)), "p" + std::to_string(upid), start,
              900);
    b.at(upid, start);
    threads.push_back(upid);
    for (int64_t extra = below(3); extra > 0; --extra) {
      b.thread(++utid, upid, false, start + below(50));
      threads.push_back(utid);
    }
  }
  for (const int64_t thread : threads) {
    int64_t now = thread <= processes ? 300 : 350;
    const int64_t end = 400 + below(600);
    while (now < end) {
      now = std::min(end, now + 1 + below(60));
      const int64_t waker = threads[static_cast<size_t>(below(static_cast<int>(threads.size())))];
      switch (below(6)) {
        case 0: b.run(thread, now); break;
        case 1: b.queue(thread, now); break;
        case 2: b.unknown(thread, now); break;
        case 3:
          b.wait(thread, now, {.kind = "child", .call = "wait4", .waker = waker, .waker_call = "exit_group"});
          break;
        case 4: b.wait(thread, now, {.kind = "ipc", .call = "read", .waker = waker, .resource = 1}); break;
        default: b.wait(thread, now, {.kind = "disk", .call = "read"}); break;
      }
    }
  }
  const Timeline t = Timeline::load(b.db());
  ProcessStates states(t);
  for (int64_t upid = 1; upid <= processes; ++upid) {
    const int32_t process = *t.processByUpid(upid);
    const Explained command = explainCommand(t, states, process, false);
    CHECK(command.breakdown.total_ns == command.realNs());
    const Explained alone = explainProcess(t, states, process, false);
    CHECK(alone.breakdown.total_ns == alone.realNs());
    for (const int32_t thread : t.process(process).threads) {
      const Explained one = explainThread(t, thread, false);
      CHECK(one.breakdown.total_ns == one.realNs());
    }
  }
}
