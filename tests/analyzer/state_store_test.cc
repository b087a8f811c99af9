#include "analyzer/state_store.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace tarry;

namespace {

StateFacts facts(uint32_t utid, RunState state, WaitKind kind = WaitKind::none) {
  StateFacts f;
  f.utid = utid;
  f.state = state;
  f.kind = kind;
  return f;
}

// "utid:begin kind", then "end utid:time".
std::string drained(StateStore& store) {
  std::ostringstream text;
  store.tidy();
  const std::vector<StateFacts> all = store.facts();
  store.drain([&](uint32_t number, int64_t begin) {
    const StateFacts& f = all[number];
    text << f.utid << ':' << begin << ' ' << (f.gap ? "gap" : waitKindName(f.kind)) << '\n';
  });
  for (const StateStore::Thread& thread : store.threads())
    if (thread.states != 0) text << "end " << thread.utid << ':' << thread.end_ns << '\n';
  return text.str();
}

}  // namespace

TEST_CASE("StateStore keeps what is said of states once", "[state_store]") {
  StateStore store;
  for (int64_t i = 0; i < 100'000; i++) {
    store.append(store.add(facts(1, RunState::running)), 2 * i, 2 * i + 1);
    store.append(store.add(facts(1, RunState::blocked, WaitKind::disk)), 2 * i + 1, 2 * i + 2);
  }
  CHECK(store.facts().size() == 3);  // and the thread's gap
  CHECK(store.threads().front().states == 200'000);
  CHECK(store.lastNs() == 200'000);
  int64_t next = 0;
  store.drain([&](uint32_t, int64_t begin) { CHECK(begin == next++); });
  CHECK(next == 200'000);
  CHECK(store.empty());
}

TEST_CASE("StateStore tells many facts apart", "[state_store]") {
  StateStore store;
  std::vector<uint32_t> numbers;
  for (uint32_t i = 1; i <= 10'000; i++) {
    StateFacts f = facts(1 + i % 7, RunState::blocked, WaitKind::ipc);
    f.resource = i;
    f.since = -int64_t{i};
    numbers.push_back(store.add(f));
  }
  for (uint32_t i = 1; i <= 10'000; i++) {
    StateFacts f = facts(1 + i % 7, RunState::blocked, WaitKind::ipc);
    f.resource = i;
    f.since = -int64_t{i};
    CHECK(store.add(f) == numbers[i - 1]);
    CHECK(store.facts()[numbers[i - 1]].resource == i);
  }
}

TEST_CASE("StateStore keeps the kernel stack of unknown waits only", "[state_store]") {
  StateStore store;
  StateFacts known = facts(1, RunState::blocked, WaitKind::disk);
  StateFacts unknown = facts(1, RunState::blocked, WaitKind::unknown);
  known.kernel_stack = unknown.kernel_stack = 5;
  CHECK(store.facts()[store.add(known)].kernel_stack == 0);
  CHECK(store.facts()[store.add(unknown)].kernel_stack == 5);
}

TEST_CASE("StateStore fills gaps, and leaves out what is empty", "[state_store]") {
  StateStore store;
  const uint32_t run = store.add(facts(1, RunState::running));
  store.append(run, 0, 10);
  store.append(run, 10, 10);
  store.append(store.add(facts(2, RunState::blocked, WaitKind::sleep)), 5, 7);
  store.append(store.add(facts(1, RunState::blocked, WaitKind::disk)), 20, 30);
  CHECK(drained(store) == "1:0 on CPU\n2:5 sleep\n1:10 gap\n1:20 disk\nend 1:30\nend 2:7\n");
}

TEST_CASE("StateStore sorts and clips the states of a foreign database", "[state_store]") {
  StateStore store;
  const uint32_t run = store.add(facts(1, RunState::running));
  const uint32_t disk = store.add(facts(1, RunState::blocked, WaitKind::disk));
  StateFacts open_facts = facts(1, RunState::blocked, WaitKind::lock);
  open_facts.open = true;
  const uint32_t open = store.add(open_facts);
  store.append(disk, 40, 60);
  store.append(run, 0, 10);
  store.append(disk, 5, 20);   // from 10 on
  store.append(run, 12, 15);   // covered
  store.append(open, 70, 70);  // whatever comes then is covered
  store.append(run, 80, 90);
  CHECK(store.lastNs() == 90);
  CHECK(drained(store) == "1:0 on CPU\n1:10 disk\n1:20 gap\n1:40 disk\n1:60 gap\n1:70 lock\nend 1:" +
                              std::to_string(INT64_MAX) + "\n");
  CHECK(store.lastNs() == 90);
}
