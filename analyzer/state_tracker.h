// What each thread was doing: cuts its life into intervals of running, runnable, blocked and unknown,
// without gap or overlap, from scheduler switches, wake-ups and the ends of threads.
//
// A life begins at the fork, or where the thread is first seen, and ends with the switch out after
// its exit. Where events were lost, or it is not known how the life began, the interval is unknown.
// Events must come in the order of time; those that make no sense are tolerated and counted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/run_state.h"
#include "analyzer/task_tracker.h"
#include "format/events.h"

namespace tarry::analysis {

// Why an interval is what it is.
enum class StateDetail : uint8_t {
  none,
  woken,      // runnable: after a wake-up
  preempted,  // runnable: gave the CPU away and still wants it
  newborn,    // runnable: created, has not run yet
  start,      // unknown: nothing known yet
  loss,       // unknown: the recorder lost events of the thread
  unseen,     // unknown: the kernel kept a switch back, or the thread's end
  cut,        // unknown: the file ends before
  replaced,   // unknown: a main thread that ended, until another thread's exec took its place
};

// A state as the switches and wake-ups tell it.
struct ObservedState {
  Utid utid = 0;
  int64_t begin = 0;
  int64_t end = 0;
  bool open = false;  // still so at the end of the recording; `end` is that end
  RunState state = RunState::none;
  StateDetail detail = StateDetail::none;
  std::optional<uint16_t> cpu;
  std::optional<int64_t> since;  // began before the recording: when, or 0 if not known

  // blocked: how it left the CPU
  TaskState task_state = TaskState::unknown;
  StackId user_stack;

  // blocked: what ended it; nothing where that is not known
  bool woken = false;
  WakerContext waker_context = WakerContext::unknown;
  StackId kernel_stack;
};

// With the evidence of what it was for.
struct StateInterval : ObservedState {
  bool in_iowait = false;
  bool throttled = false;  // also of runnable
  PendingCall pending;
  ThreadId waker;
  PendingCall waker_call;
};

class StateSink {
 public:
  virtual ~StateSink() = default;
  virtual void onInterval(const StateInterval& interval) = 0;
};

class StateTracker {
 public:
  struct Counts {
    uint64_t missing_wakes = 0;     // got a CPU without having been woken
    uint64_t missing_switches = 0;  // left a CPU that it had not got, or got one twice
    uint64_t after_end = 0;         // events of threads that had ended
  };

  explicit StateTracker(StateSink& sink) : sink_(sink) {}

  void seen(Utid utid, int64_t ts);  // in the snapshot, or by its first event
  void forked(Utid child, int64_t ts);
  void snapshot(Utid utid, int64_t ts, const LifeEvent& event, std::optional<int64_t> began);
  void switched(Utid utid, int64_t ts, const SwitchEvent& event);
  void woken(Utid utid, int64_t ts, const WakeEvent& event);
  void exited(Utid utid, int64_t ts);
  // `caller` executed a program and goes on as `main`.
  void replaced(Utid caller, Utid main, int64_t ts);
  // Its process has ended, so it has, though no event said so.
  void gone(Utid utid, int64_t ts);
  // Events of the thread were lost between ts and until.
  void lost(Utid utid, int64_t ts, int64_t until);

  // Emits what is still open. Scheduler events are known to be complete until known_ts only (the file is
  // cut): from then on the states are unknown.
  void finish(int64_t end_ts, int64_t known_ts = INT64_MAX);

  // The last switch out, where it was seen.
  std::optional<int64_t> endOf(Utid utid) const;
  // Where its first interval begins.
  std::optional<int64_t> beginOf(Utid utid) const;
  bool alive(Utid utid) const;
  const Counts& counts() const { return counts_; }

 private:
  struct Thread {
    StateInterval now;     // state none: no life
    WakeEvent early_wake;  // came while it ran; see switched()
    bool has_early_wake = false;
    bool snapshot_runnable = false;
    bool ended = false;
    bool exited = false;
    int64_t first_ts = 0;
    bool begun = false;
    int64_t exit_ts = 0;
    int64_t end_ts = 0;
    int64_t lossy_until = INT64_MIN;
    // state unknown: by then another thread had its CPU
    std::optional<int64_t> off_cpu_ts;
  };

  // Who has a CPU. A switch out that never came shows when another thread turns up there.
  struct Cpu {
    Utid runs = 0;
    Utid displaced = 0;  // had it until another got it; its own switch out has the same time
    int64_t displaced_ts = 0;
  };

  Thread& get(Utid utid);
  void occupy(Utid utid, int64_t ts, const SwitchEvent& event);
  void displace(Utid utid, uint16_t cpu, int64_t ts);
  bool isOver(Thread& thread);
  void close(Thread& thread, Utid utid, int64_t ts);
  void enter(Thread& thread, int64_t ts, RunState state, StateDetail detail);
  void leave(Thread& thread, int64_t ts, const SwitchEvent& event);
  void end(Thread& thread, int64_t ts);

  StateSink& sink_;
  std::vector<Thread> threads_;
  std::vector<Cpu> cpus_;
  Counts counts_;
};

}  // namespace tarry::analysis
