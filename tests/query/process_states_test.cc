#include "query/why/process_states.h"

#include <catch2/catch.hpp>

#include "query/why/explain.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;
using tarry::testing::kMs;

namespace {

struct Expected {
  int64_t end_ms;
  RunState state;
  int64_t tid;  // of the thread whose row counts
};

void check(DbBuilder& b, const std::vector<Expected>& expected) {
  const Timeline t = Timeline::load(b.db());
  ProcessStates states(t);
  std::vector<Piece> pieces;
  states.forEach(*t.processByUpid(1), INT64_MIN, INT64_MAX, [&](const Piece& p) { pieces.push_back(p); });
  REQUIRE(pieces.size() == expected.size());
  int64_t begin = pieces.front().begin;
  for (size_t i = 0; i < pieces.size(); ++i) {
    INFO("piece " << i);
    CHECK(pieces[i].begin == begin);
    CHECK(pieces[i].end == expected[i].end_ms * kMs);
    CHECK(t.state(pieces[i].row).state == expected[i].state);
    CHECK(t.thread(t.state(pieces[i].row).thread).utid == expected[i].tid);
    begin = pieces[i].end;
  }
}

}  // namespace

TEST_CASE("ProcessStates of one thread are its states") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 10);
  b.run(1, 2).wait(1, 8, {.kind = "disk"}).queue(1, 9).run(1, 10);
  check(b, {{2, RunState::running, 1},
            {8, RunState::blocked, 1},
            {9, RunState::runnable, 1},
            {10, RunState::running, 1}});
}

TEST_CASE("ProcessStates charge a stall to the wait whose end ended it, not to parked workers") {
  DbBuilder b;
  b.process(1, 0, "server", 0, 100);
  b.thread(2, 1);
  b.thread(3, 1);
  b.wait(2, 100, {.kind = "lock", .call = "futex", .role = "idle"});
  b.wait(3, 100, {.kind = "lock", .call = "futex", .role = "idle"});
  b.run(1, 10).wait(1, 90, {.kind = "network", .call = "recvfrom"}).run(1, 100);
  check(b, {{10, RunState::running, 1}, {90, RunState::blocked, 1}, {100, RunState::running, 1}});
}

TEST_CASE("ProcessStates go on over changes from one wait to another") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 50);
  b.thread(2, 1);
  b.wait(1, 20, {.kind = "disk"}).wait(1, 40, {.kind = "stopped"}).run(1, 50);
  b.wait(2, 50, {.kind = "lock"});
  const Timeline t = Timeline::load(b.db());
  ProcessStates states(t);
  std::vector<Piece> pieces;
  states.forEach(*t.processByUpid(1), INT64_MIN, INT64_MAX, [&](const Piece& p) { pieces.push_back(p); });
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].end == 40 * kMs);
  CHECK(t.state(pieces[0].row).kind == WaitKind::stopped);
}

TEST_CASE("ProcessStates run while any thread runs, queue while one is runnable") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 40);
  b.thread(2, 1);
  b.run(1, 10).wait(1, 40, {.kind = "lock", .waker = 2});
  b.wait(2, 5, {.kind = "disk"}).run(2, 20).queue(2, 30).run(2, 40);
  check(b, {{20, RunState::running, 1}, {30, RunState::runnable, 2}, {40, RunState::running, 2}});
}

TEST_CASE("ProcessStates charge a stall that nothing ended to the main thread unless it is idle") {
  DbBuilder b;
  b.process(1, 0, "p", 0);
  b.thread(2, 1);
  b.thread(3, 1);
  b.run(1, 10).waitOpen(1, {.kind = "lock", .role = "idle"});
  b.wait(2, 20, {.kind = "sleep"}).waitOpen(2, {.kind = "network"});
  b.wait(3, 90, {.kind = "disk"}).run(3, 95).waitOpen(3, {.kind = "disk"});
  const Timeline t = Timeline::load(b.db());
  CHECK(t.end() == 95 * kMs);
  ProcessStates states(t);
  std::vector<Piece> pieces;
  states.forEach(*t.processByUpid(1), INT64_MIN, INT64_MAX, [&](const Piece& p) { pieces.push_back(p); });
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[1].end == 90 * kMs);
  CHECK(t.state(pieces[1].row).kind == WaitKind::disk);
}

TEST_CASE("ProcessStates cover threads that come and go") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 60);
  b.thread(2, 1, false, 20);
  b.run(1, 20).wait(1, 50, {.kind = "lock", .waker = 2}).run(1, 60);
  b.queue(2, 30).run(2, 40);
  check(b, {{20, RunState::running, 1},
            {30, RunState::runnable, 2},
            {40, RunState::running, 2},
            {50, RunState::blocked, 1},
            {60, RunState::running, 1}});
}

TEST_CASE("Timeline turns gaps into unknown and clips overlaps") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 60);
  b.run(1, 10);
  b.at(1, 20);
  b.run(1, 40);
  b.at(1, 30);
  b.wait(1, 60, {.kind = "disk"});
  const Timeline t = Timeline::load(b.db());
  const auto rows = t.statesOf(0);
  REQUIRE(rows.size() == 4);
  CHECK(rows[1].state == RunState::unknown);
  CHECK(rows[1].begin == 10 * kMs);
  CHECK(rows[3].begin == 40 * kMs);
  ProcessStates states(t);
  const Explained e = explainProcess(t, states, 0, false);
  CHECK(e.breakdown.total_ns == 60 * kMs);
}

TEST_CASE("Timeline cuts states to the interval asked for") {
  DbBuilder b;
  b.process(1, 0, "p", 0, 60);
  b.run(1, 10).wait(1, 50, {.kind = "disk"}).run(1, 60);
  const Timeline t = Timeline::load(b.db(), {.from_ns = 20 * kMs, .to_ns = 55 * kMs});
  const auto rows = t.statesOf(0);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].begin == 20 * kMs);
  CHECK(rows[0].end == 50 * kMs);
  CHECK(rows[1].end == 55 * kMs);
}
