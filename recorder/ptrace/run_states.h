// From ptrace stops to switches and wake-ups: what a thread did between two stops.
//
// /proc/TID/schedstat gives exact sums of the time on a CPU and in the run queue. In which order they lie
// between two stops is not known; they are put so that the sums stay exact and a call's wait lies in the
// call. What is neither of the two is
//
//   - a wait, where the thread gave up its CPU other than to stop: in its call, or, without one, in a page
//     fault;
//   - otherwise the tracer's doing: state recorder. A call that does not wait then stands in one such state,
//     from before its enter to the last of its work: two switches a call, not six.
//
// A wait that lasts is told before it ends (tellLongWaits), so that a recording that is cut shows it.
#pragma once

#include <cstdint>
#include <functional>

#include "recorder/ptrace/channel.h"
#include "recorder/ptrace/tracee.h"

namespace tarry::ptracing {

class RunStates {
 public:
  // What the thread waits for in its call, looked up when it is needed.
  using DescribeCall = std::function<void(Tracee&, rec_switch_out_polled&)>;

  RunStates(RecordSink& sink, DescribeCall describe) : sink_(sink), describe_(std::move(describe)) {}

  // False: a thread can also wait in calls that it does not stop at. What they waited for is not known then.
  void seesAllCalls(bool all) { sees_all_calls_ = all; }

  // Its clock begins. The thread is stopped for the first time, or (`blocked`) waits since before.
  void begin(Tracee& tracee, int64_t now_ns, bool blocked);
  // It was seen in a stop.
  void stopped(Tracee& tracee, int64_t now_ns);
  void resumed(Tracee& tracee, int64_t now_ns) { tracee.run.resumed_ns = static_cast<uint64_t>(now_ns); }
  // The same where nothing shall be told: a wait goes on.
  void skip(Tracee& tracee, int64_t now_ns);
  // It stays in a group stop.
  void groupStopped(Tracee& tracee, int64_t now_ns);
  // Called for all threads several times a second.
  void tellLongWait(Tracee& tracee, int64_t now_ns);
  void ended(Tracee& tracee, int64_t now_ns);
  // The recording ends, the thread goes on.
  void left(Tracee& tracee, int64_t now_ns);
  // From now on the kernel counts its time under another number.
  static void renumbered(Tracee& tracee, pid_t tid) { tracee.run.clock = RunClock(tid); }
  // By its execve `caller`, which was seen in the stop, takes the place of the first thread.
  void replaced(Tracee& leader, Tracee& caller, int64_t now_ns);

 private:
  static uint64_t newWaits(Tracee& tracee);
  void tellWait(Tracee& tracee, uint64_t spent_ns, const TaskStat& stat);
  void in(Tracee& tracee, uint64_t ts_ns);
  void out(Tracee& tracee, uint64_t ts_ns, uint32_t state);
  void outBlocked(Tracee& tracee, uint64_t ts_ns, uint32_t state, bool disk);
  void wake(Tracee& tracee, uint64_t ts_ns);
  static uint64_t after(Tracee& tracee, uint64_t ts_ns);

  RecordSink& sink_;
  const DescribeCall describe_;
  bool sees_all_calls_ = true;
};

}  // namespace tarry::ptracing
