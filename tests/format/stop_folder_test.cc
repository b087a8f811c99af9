// Stops of a thread drawn together keep the sums of its time.
#include "format/stop_folder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

namespace tarry {
namespace {

SwitchEvent event(int64_t ts_ns, bool in, TaskState state = TaskState::recorder) {
  SwitchEvent e;
  e.ts_ns = ts_ns;
  e.thread = ThreadId{1};
  e.in = in;
  e.state = in ? TaskState::unknown : state;
  return e;
}

// Time by state between the first event and the last; a thread that is in runs.
std::map<TaskState, int64_t> sums(std::vector<SwitchEvent> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const SwitchEvent& a, const SwitchEvent& b) { return a.ts_ns < b.ts_ns; });
  std::map<TaskState, int64_t> result;
  for (size_t i = 1; i < events.size(); ++i) {
    const SwitchEvent& from = events[i - 1];
    REQUIRE(from.in != events[i].in);
    result[from.in ? TaskState::runnable : from.state] += events[i].ts_ns - from.ts_ns;
  }
  return result;
}

TEST_CASE("StopFolder keeps the sums between other events") {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    StopFolder folder;
    std::vector<SwitchEvent> want, got;
    const auto add = [&](const SwitchEvent& e) {
      want.push_back(e);
      if (folder.holds(e)) return;
      for (const SwitchEvent& held : folder.take(e.thread)) got.push_back(held);
      if (!folder.holds(e)) got.push_back(e);
    };
    int64_t now = 0;
    const auto later = [&] { return now += 1 + static_cast<int64_t>(random() % 1'000'000); };
    add(event(now, true));
    for (int i = 0; i < 500; ++i) {
      add(event(later(), false, random() % 20 == 0 ? TaskState::sleeping : TaskState::recorder));
      add(event(later(), true));
    }
    for (const SwitchEvent& held : folder.takeOlder(INT64_MAX)) got.push_back(held);
    CHECK(folder.take(ThreadId{1}).empty());
    CHECK(sums(got) == sums(want));
    CHECK(got.size() < want.size() / 2);
    // A wait is where it was.
    for (const SwitchEvent& e : want) {
      if (e.in || e.state != TaskState::sleeping) continue;
      CHECK(std::any_of(got.begin(), got.end(), [&e](const SwitchEvent& one) {
        return one.ts_ns == e.ts_ns && one.state == TaskState::sleeping;
      }));
    }
  }
}

TEST_CASE("StopFolder holds nothing back for longer than its span") {
  StopFolder folder;
  CHECK(folder.holds(event(1'000, false)));
  CHECK(folder.holds(event(2'000, true)));
  CHECK(folder.takeOlder(1'000).empty());
  CHECK(folder.takeOlder(1'001).size() == 2);
  CHECK(folder.holds(event(3'000, false)));
  CHECK(folder.holds(event(4'000, true)));
  CHECK(!folder.holds(event(3'001 + StopFolder::kSpanNs, false)));
  // What does not fit is none of its business: two ends, a wait.
  CHECK(!folder.holds(event(4'001, true)));
  CHECK(!folder.holds(event(4'002, false, TaskState::sleeping)));
  CHECK(folder.take(ThreadId{1}).size() == 2);
  // An open stop stays open.
  CHECK(folder.holds(event(5'000, false)));
  const std::vector<SwitchEvent> open = folder.take(ThreadId{1});
  REQUIRE(open.size() == 1);
  CHECK(open[0].ts_ns == 5'000);
}

}  // namespace
}  // namespace tarry
