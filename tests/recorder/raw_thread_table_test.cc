// How long threads are known, by raw records made by hand.
#include "recorder/raw_thread_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

using namespace tarry;

namespace {

struct NullSink : ByteSink {
  void append(std::span<const uint8_t>) override {}
};

constexpr int64_t kSecond = 1'000'000'000;

class Fixture {
 public:
  Fixture() : writer(std::make_unique<NullSink>(), TraceHeader{}), table(resources) {}

  void define(uint32_t id, int32_t tid, uint32_t leader) {
    rec_thread record{};
    record.type = RT_THREAD;
    record.flags = THREAD_RECORDED;
    record.id = id;
    record.leader = leader;
    record.tid = tid;
    record.pid = tid;
    record.start_ns = 5;
    table.define(record, writer);
  }
  void execInPlaceOf(uint32_t leader, uint32_t old) {
    rec_exec record{};
    record.type = RT_EXEC;
    record.thread = leader;
    record.old = old;
    table.exec({reinterpret_cast<const uint8_t*>(&record), sizeof(record)}, writer);
  }
  // Batches of nothing, a second apart; the kernel ids that were forgotten meanwhile.
  std::vector<uint32_t> wait(int seconds) {
    std::vector<uint32_t> all;
    for (int i = 0; i < seconds; ++i) {
      now_ns += kSecond;
      for (const uint32_t id : table.forgetEnded(now_ns, writer)) all.push_back(id);
    }
    return all;
  }

  int64_t now_ns = 100 * kSecond;
  TraceWriter writer;
  RawResourceTable resources;
  RawThreadTable table;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "RawThreadTable forgets released threads, though not at once") {
  wait(1);
  define(1, 100, 1);
  define(2, 101, 1);
  table.released(2);
  table.released(9);  // never defined
  wait(4);
  CHECK(table.find(2));  // events that were written before may still come
  CHECK(wait(10) == std::vector<uint32_t>{2});
  CHECK_FALSE(table.find(2));
  CHECK(table.find(1));
  CHECK(table.size() == 1);
}

TEST_CASE_METHOD(Fixture,
                 "RawThreadTable stays small through very many threads, whose ids are never used again") {
  define(1, 1, 1);
  ThreadId last;
  size_t most = 0;
  for (uint32_t id = 2; id < 20'000; ++id) {
    define(id, static_cast<int32_t>(id), id);
    REQUIRE(table.find(id).value > last.value);
    last = table.find(id);
    table.released(id);
    if (id % 100 == 0) wait(1);
    most = std::max(most, table.size());
  }
  CHECK(most < 1500);
  wait(12);
  CHECK(table.size() == 1);
}

TEST_CASE_METHOD(Fixture, "RawThreadTable forgets both numbers of a thread that was defined twice") {
  define(1, 100, 1);
  define(2, 100, 2);
  CHECK(table.find(1) == table.find(2));
  define(1, 100, 1);  // again, with what is known by now
  table.released(2);
  wait(12);
  CHECK(table.size() == 0);
}

TEST_CASE_METHOD(Fixture, "RawThreadTable keeps a process whose leader's place was taken by an execve") {
  define(1, 100, 1);
  define(2, 101, 1);
  const ThreadId leader = table.find(1);
  SECTION("the old leader's task is released before the execve is told") {
    table.ended(1);
    table.released(1);
    wait(3);
    execInPlaceOf(1, 2);
  }
  SECTION("after it") {
    table.ended(1);
    execInPlaceOf(1, 2);
    table.released(1);
  }
  wait(30);
  CHECK(table.find(1) == leader);
  CHECK_FALSE(table.find(2));
  table.released(1);
  wait(12);
  CHECK(table.size() == 0);
}
