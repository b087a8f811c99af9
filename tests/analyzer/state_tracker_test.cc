#include "analyzer/state_tracker.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace tarry;
using namespace tarry::analysis;

namespace {

class Intervals : public StateSink {
 public:
  void onInterval(const StateInterval& interval) override { all.push_back(interval); }
  std::vector<StateInterval> all;

  // Why the unknown ones are so.
  std::vector<StateDetail> reasons() const {
    std::vector<StateDetail> list;
    for (const StateInterval& i : all)
      if (i.state == RunState::unknown) list.push_back(i.detail);
    return list;
  }

  std::string text() const {
    std::string result;
    for (const StateInterval& i : all) {
      static constexpr const char* kNames[] = {"none", "unknown", "running", "runnable", "blocked"};
      result += std::string(result.empty() ? "" : " ") + kNames[static_cast<int>(i.state)] + ":" +
                std::to_string(i.begin) + "-" + (i.open ? "" : std::to_string(i.end));
    }
    return result;
  }
};

SwitchEvent in(uint16_t cpu = 0) {
  SwitchEvent event;
  event.in = true;
  event.cpu = cpu;
  return event;
}

SwitchEvent out(TaskState state) {
  SwitchEvent event;
  event.state = state;
  return event;
}

WakeEvent wake(WakerContext context = WakerContext::timer) {
  WakeEvent event;
  event.context = context;
  return event;
}

// No gap, no overlap, from the first row to the end of the life or of the recording.
void checkPartition(const Intervals& intervals, const StateTracker& tracker, Utid utid, int64_t end) {
  std::optional<int64_t> last;
  bool open = false;
  for (const StateInterval& i : intervals.all) {
    if (i.utid != utid) continue;
    REQUIRE_FALSE(open);
    REQUIRE(i.begin <= i.end);
    REQUIRE(i.state != RunState::none);
    if (last) {
      REQUIRE(i.begin == *last);
    } else {
      REQUIRE(i.begin == tracker.beginOf(utid));
    }
    last = i.end;
    open = i.open;
  }
  if (!last) return;
  REQUIRE(*last == tracker.endOf(utid).value_or(end));
  REQUIRE(open != tracker.endOf(utid).has_value());
}

}  // namespace

TEST_CASE("StateTracker follows a thread from fork to its last switch out", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.forked(1, 10);
  tracker.woken(1, 11, wake());
  tracker.switched(1, 20, in());
  tracker.switched(1, 30, out(TaskState::sleeping));
  tracker.woken(1, 50, wake());
  tracker.switched(1, 55, in());
  tracker.exited(1, 60);
  tracker.switched(1, 65, out(TaskState::uninterruptible));
  tracker.woken(1, 70, wake());
  tracker.switched(1, 71, in());
  tracker.switched(1, 80, out(TaskState::dead));
  tracker.woken(1, 90, wake());
  tracker.finish(100);
  CHECK(
      sink.text() ==
      "runnable:10-20 running:20-30 blocked:30-50 runnable:50-55 running:55-65 blocked:65-70 runnable:70-71 "
      "running:71-80");
  CHECK(tracker.counts().after_end == 1);
}

TEST_CASE("States are unknown where a cut file has no scheduler events any more", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.switched(1, 10, in());
  tracker.switched(2, 11, in(1));
  SwitchEvent sleeps = out(TaskState::sleeping);
  sleeps.cpu = 1;
  tracker.switched(2, 20, sleeps);
  tracker.finish(100, 30);
  CHECK(sink.text() == "running:11-20 running:10-30 unknown:30- blocked:20-30 unknown:30-");
  CHECK(sink.reasons() == std::vector(2, StateDetail::cut));
  checkPartition(sink, tracker, 1, 100);
  checkPartition(sink, tracker, 2, 100);
}

TEST_CASE("A wake-up that comes a moment before the switch out undoes it", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.switched(1, 10, in());
  tracker.woken(1, 19, wake(WakerContext::network));
  tracker.switched(1, 20, out(TaskState::sleeping));
  tracker.switched(1, 30, in());
  tracker.finish(40);
  CHECK(sink.text() == "running:10-20 runnable:20-30 running:30-");
  CHECK(sink.all[1].waker_context == WakerContext::network);
  CHECK(tracker.counts().missing_wakes == 0);
}

TEST_CASE("A wake-up of a running thread does not end its next sleep", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.switched(1, 10, in());
  tracker.woken(1, 15, wake(WakerContext::network));
  tracker.switched(1, 20, out(TaskState::sleeping));
  tracker.woken(1, 30, wake(WakerContext::timer));
  tracker.switched(1, 31, in());
  tracker.finish(40);
  CHECK(sink.text() == "running:10-20 blocked:20-30 runnable:30-31 running:31-");
  CHECK(sink.all[1].waker_context == WakerContext::timer);
}

TEST_CASE("A child that is introduced before its fork is new from then on", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.seen(1, 5);
  tracker.forked(1, 6);
  tracker.woken(1, 7, wake());
  tracker.switched(1, 9, in());
  tracker.finish(20);
  CHECK(sink.text() == "runnable:5-9 running:9-");
}

TEST_CASE("What missing events hide is unknown", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.switched(1, 10, in());
  tracker.switched(1, 20, out(TaskState::sleeping));
  tracker.switched(1, 30, in());  // the wake-up is missing
  tracker.switched(1, 40, in());  // the switch out is missing
  tracker.switched(1, 50, out(TaskState::runnable));
  tracker.switched(1, 60, out(TaskState::sleeping));  // the switch in is missing
  tracker.woken(1, 70, wake());
  tracker.finish(80);
  CHECK(sink.text() ==
        "running:10-20 blocked:20-30 unknown:30-40 running:40-50 unknown:50-60 blocked:60-70 runnable:70-");
  CHECK(sink.reasons() == std::vector(2, StateDetail::unseen));
  CHECK_FALSE(sink.all[1].woken);
  CHECK(tracker.counts().missing_wakes == 1);
  CHECK(tracker.counts().missing_switches == 2);
}

TEST_CASE("A switch out that never came shows when another thread gets the CPU", "[states]") {
  Intervals intervals;
  StateTracker tracker(intervals);
  for (Utid utid = 1; utid <= 3; utid++) tracker.forked(utid, 0);
  tracker.switched(1, 10, in());
  tracker.switched(2, 30, in());  // 1 left without a word
  tracker.switched(3, 50, in());  // 2 leaves at the same time, told after
  tracker.switched(2, 50, out(TaskState::runnable));
  tracker.switched(3, 60, out(TaskState::runnable));
  tracker.woken(1, 70, wake());
  tracker.finish(80);
  CHECK(tracker.counts().missing_switches == 1);
  const auto rowsOf = [&](Utid utid) {
    Intervals own;
    for (const StateInterval& i : intervals.all) {
      if (i.utid == utid) own.all.push_back(i);
    }
    return own.text();
  };
  // It slept when it was woken, so from where another had the CPU on: before that, nobody knows.
  CHECK(rowsOf(1) == "runnable:0-10 unknown:10-30 blocked:30-70 runnable:70-");
  CHECK(rowsOf(2) == "runnable:0-30 running:30-50 runnable:50-");
  CHECK(rowsOf(3) == "runnable:0-50 running:50-60 runnable:60-");
}

TEST_CASE("A thread that lost its CPU unseen and turns up again without a wake-up may have slept or not",
          "[states]") {
  Intervals intervals;
  StateTracker tracker(intervals);
  tracker.forked(1, 0);
  tracker.switched(1, 10, in());
  tracker.switched(2, 30, in());
  tracker.switched(3, 40, in());
  tracker.switched(1, 60, in(1));
  tracker.switched(1, 70, out(TaskState::dead));
  CHECK(intervals.text() == "runnable:0-10 unknown:10-60 running:60-70");
}

TEST_CASE("A loss makes the time unknown until an event after it", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.switched(1, 10, in());
  tracker.switched(1, 20, out(TaskState::sleeping));
  tracker.lost(1, 30, 50);
  tracker.woken(1, 40, wake());  // within: others may be missing around it
  tracker.switched(1, 60, in());
  tracker.finish(80);
  CHECK(sink.text() == "running:10-20 blocked:20-30 unknown:30-60 running:60-");
  CHECK(sink.reasons() == std::vector(1, StateDetail::loss));
}

TEST_CASE("The snapshot's word counts until an event says otherwise", "[states]") {
  LifeEvent blocked;
  blocked.state = TaskState::sleeping;
  LifeEvent ready;
  ready.state = TaskState::runnable;
  SECTION("blocked before the recording") {
    Intervals sink;
    StateTracker tracker(sink);
    tracker.seen(1, 5);
    tracker.snapshot(1, 8, blocked, -100);
    tracker.woken(1, 20, wake());
    tracker.finish(30);
    CHECK(sink.text() == "blocked:5-20 runnable:20-");
    CHECK(sink.all[0].since == -100);
  }
  SECTION("blocked since it was seen") {
    Intervals sink;
    StateTracker tracker(sink);
    tracker.seen(1, 5);
    tracker.snapshot(1, 9, blocked, 7);
    tracker.finish(30);
    CHECK(sink.text() == "unknown:5-7 blocked:7-");
    CHECK_FALSE(sink.all[1].since.has_value());
  }
  SECTION("ready, then got a CPU: it was in the queue") {
    Intervals sink;
    StateTracker tracker(sink);
    tracker.seen(1, 5);
    tracker.snapshot(1, 6, ready, std::nullopt);
    tracker.switched(1, 20, in());
    tracker.finish(30);
    CHECK(sink.text() == "runnable:5-20 running:20-");
  }
  SECTION("ready, then left a CPU: it was running") {
    Intervals sink;
    StateTracker tracker(sink);
    tracker.seen(1, 5);
    tracker.snapshot(1, 6, ready, std::nullopt);
    tracker.switched(1, 20, out(TaskState::sleeping));
    tracker.finish(30);
    CHECK(sink.text() == "running:5-20 blocked:20-");
  }
  SECTION("an event came first") {
    Intervals sink;
    StateTracker tracker(sink);
    tracker.switched(1, 5, in());
    tracker.snapshot(1, 6, blocked, -100);
    tracker.finish(30);
    CHECK(sink.text() == "running:5-");
  }
  SECTION("nothing is known") {
    Intervals sink;
    StateTracker tracker(sink);
    tracker.seen(1, 5);
    tracker.switched(1, 20, out(TaskState::sleeping));
    tracker.finish(30);
    CHECK(sink.text() == "unknown:5-20 blocked:20-");
  }
}

TEST_CASE("An exit without a last switch ends the life at the exit", "[states]") {
  Intervals sink;
  StateTracker tracker(sink);
  tracker.switched(1, 5, in());
  tracker.exited(1, 9);
  tracker.finish(30);
  CHECK(sink.text() == "running:5-9");
  CHECK(tracker.endOf(1) == 9);
}

TEST_CASE("The rows of any sequence of events are a partition", "[states]") {
  // Valid schedules and nonsense alike.
  for (uint32_t seed = 0; seed < 400; seed++) {
    std::mt19937 random(seed);
    Intervals sink;
    StateTracker tracker(sink);
    int64_t now = 0;
    constexpr Utid kThreads = 5;
    for (int step = 0; step < 300; step++) {
      now += static_cast<int64_t>(random() % 4);  // equal times too
      const auto utid = static_cast<Utid>(1 + random() % kThreads);
      const auto other = static_cast<Utid>(1 + random() % kThreads);
      // Late events of a hostile trace.
      const int64_t ts = random() % 20 == 0 ? now - 5 : now;
      switch (random() % 16) {
        case 0: tracker.forked(utid, ts); break;
        case 1: tracker.seen(utid, ts); break;
        case 2: {
          LifeEvent event;
          event.state = static_cast<TaskState>(random() % 9);
          std::optional<int64_t> began;
          if (random() % 2 == 0) began = ts - static_cast<int64_t>(random() % 10);
          tracker.snapshot(utid, ts, event, began);
          break;
        }
        case 3:
          if (random() % 4 == 0) tracker.exited(utid, ts);
          break;
        case 4:
          if (random() % 8 == 0) tracker.replaced(utid, other, ts);
          break;
        case 5:
          if (random() % 8 == 0) tracker.lost(utid, ts, ts + 7);
          break;
        case 6:
          if (random() % 16 == 0) tracker.gone(utid, ts);
          break;
        case 7:
          if (random() % 16 == 0) tracker.switched(utid, ts, out(TaskState::dead));
          break;
        case 8:
        case 9:
        case 10: tracker.switched(utid, ts, in(static_cast<uint16_t>(random() % 4))); break;
        case 11:
        case 12: tracker.switched(utid, ts, out(static_cast<TaskState>(random() % 5))); break;
        default: tracker.woken(utid, ts, wake()); break;
      }
    }
    now += 10;
    tracker.finish(now);
    for (Utid utid = 1; utid <= kThreads; utid++) checkPartition(sink, tracker, utid, now);
  }
}
