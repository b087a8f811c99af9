#include "recorder/ptrace/run_states.h"

#include <sys/ptrace.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "recorder/ptrace/calls.h"

namespace tarry::ptracing {

namespace {

// include/linux/sched.h
constexpr uint32_t kRunning = 0x0;
constexpr uint32_t kInterruptible = 0x1;
constexpr uint32_t kUninterruptible = 0x2;
constexpr uint32_t kStopped = 0x4;
constexpr auto kRecorder = static_cast<uint32_t>(STATE_RECORDER);
constexpr uint32_t kDead = 0x80;
constexpr uint32_t kUnseen = STATE_UNSEEN;

// Waiting for a CPU so long after a stop is the tracer's doing, who is still on it.
constexpr uint64_t kTracersQueueNs = 30'000;
constexpr uint64_t kLongWaitNs = 100'000'000;
// Without a call, less than this is more likely to be a late tracer than a page fault.
constexpr uint64_t kFaultNs = 200'000;
// A kernel without sums: a call that takes so long has waited.
constexpr uint64_t kSurelyWaitedNs = 100'000;

}  // namespace

// Times of a thread's switches only grow.
uint64_t RunStates::after(Tracee& tracee, uint64_t ts_ns) {
  RunAccount& run = tracee.run;
  run.last_told_ns = std::max(ts_ns, run.last_told_ns + 1);
  return run.last_told_ns;
}

void RunStates::in(Tracee& tracee, uint64_t ts_ns) {
  rec_switch_in record{};
  record.type = RT_SWITCH_IN;
  record.cpu = NO_CPU;
  record.thread = tracee.id;
  record.ts_ns = after(tracee, ts_ns);
  sink_.event(record);
  tracee.run.off = tracee.run.blocked = false;
}

void RunStates::out(Tracee& tracee, uint64_t ts_ns, uint32_t state) {
  rec_switch_out record{};
  record.type = RT_SWITCH_OUT;
  record.flags = state == kRunning ? SWITCH_PREEMPTED : 0;
  record.cpu = NO_CPU;
  record.thread = tracee.id;
  record.ts_ns = after(tracee, ts_ns);
  record.state = state;
  record.pending.nr = -1;
  sink_.event(record);
  tracee.run.off = true;
}

void RunStates::outBlocked(Tracee& tracee, uint64_t ts_ns, uint32_t state, bool disk) {
  rec_switch_out_polled record{};
  record.out.type = RT_SWITCH_OUT;
  record.out.flags = disk ? SWITCH_IOWAIT : 0;
  record.out.cpu = NO_CPU;
  record.out.thread = tracee.id;
  record.out.ts_ns = after(tracee, ts_ns);
  record.out.state = state;
  record.out.pending.nr = -1;
  if (tracee.call.open) describe_(tracee, record);
  if (record.polled.count > 0) {
    sink_.event(record);
  } else {
    sink_.event(record.out);
  }
  tracee.run.off = tracee.run.blocked = true;
}

void RunStates::wake(Tracee& tracee, uint64_t ts_ns) {
  rec_wake record{};
  record.type = RT_WAKE;
  const Waker& waker = tracee.run.waker;
  record.context = waker.context;
  record.abi = waker.abi;
  record.thread = tracee.id;
  record.waker = waker.thread;
  record.nr = waker.nr;
  record.resource = waker.resource;
  record.ts_ns = after(tracee, ts_ns);
  sink_.event(record);
}

void RunStates::begin(Tracee& tracee, int64_t now_ns, bool blocked) {
  RunAccount& run = tracee.run;
  run.clock = RunClock(tracee.tid);
  const std::optional<RunReading> reading = run.clock.read();
  run.reading = reading.value_or(RunReading{});
  run.stops = blocked ? 0 : 1;
  if (run.reading.turns > 1) newWaits(tracee);
  run.stopped_ns = run.resumed_ns = static_cast<uint64_t>(now_ns);
  run.off = run.blocked = blocked;
  if (blocked) return;
  in(tracee, run.stopped_ns);
  out(tracee, run.stopped_ns, kRecorder);
}

// How often the thread has given up its CPU other than to stop, since the last time this was asked for. Turns
// less the times that another took the CPU (nonvoluntary_ctxt_switches) would be fewer: a thread that loses
// it on its way to sleep gets no turn for that (kernel/sched/stats.h, sched_info_depart).
uint64_t RunStates::newWaits(Tracee& tracee) {
  RunAccount& run = tracee.run;
  // The kernel does not answer before a stopped thread is off its CPU, so that the stop is counted.
  unsigned long unused = 0;
  ::ptrace(PTRACE_GETEVENTMSG, tracee.tid, 0, &unused);
  const std::optional<TaskStatus> status = readStatus(tracee.tid);
  if (!status) return 0;
  const uint64_t before = std::exchange(run.voluntary, status->voluntary) + std::exchange(run.stops, 0);
  return status->voluntary > before ? status->voluntary - before : 0;
}

// What is said about the time since the last stop, and how the sums are put into it: see the head.
void RunStates::stopped(Tracee& tracee, int64_t now_ns) {
  RunAccount& run = tracee.run;
  const auto now = static_cast<uint64_t>(now_ns);
  const uint64_t last = run.stopped_ns, resumed = run.resumed_ns;
  const RunReading before = run.reading;
  run.stopped_ns = now;
  ++run.stops;
  const uint64_t length = now > resumed ? now - resumed : 0;
  RunReading spent;
  bool gave_up = false;
  if (const std::optional<RunReading> reading = run.clock.read()) {
    run.reading = *reading;
    spent.run_ns = std::min(reading->run_ns - before.run_ns, length);
    spent.queue_ns = std::min(reading->queue_ns - before.queue_ns, length - spent.run_ns);
    spent.turns = reading->turns - before.turns;
    gave_up = spent.turns >= 2 && newWaits(tracee) > 0;
  } else {
    gave_up = tracee.call.open && length > kSurelyWaitedNs;
    spent.run_ns = gave_up ? 0 : length;
  }
  const uint64_t rest = length - spent.run_ns - spent.queue_ns;
  const bool again = gave_up && rest > 0;
  bool waited = again && (tracee.call.open || rest > kFaultNs);
  bool disk = false, unseen = false;
  // Also after a fault too short to tell, which otherwise would make a wait for the disk of the next one.
  if (again && (!tracee.call.open || rest > kFaultNs)) {
    const std::optional<TaskStat> stat = readStat(tracee.tid, true);
    const uint64_t majors = stat ? stat->major_faults : run.majors;
    disk = waited && majors > run.majors && !(tracee.call.open && waitsForOthers(tracee.call));
    run.majors = majors;
    // Without a call only a page that had to be read is known to be a wait.
    if (waited && !tracee.call.open && !disk) {
      waited = false;
      unseen = !sees_all_calls_;
    }
  }
  const bool queued = spent.queue_ns > kTracersQueueNs;

  if (run.blocked) {  // told already, and goes on until now
    wake(tracee, now - spent.run_ns - spent.queue_ns);
    in(tracee, now - spent.run_ns);
    return;
  }
  if (unseen) {
    if (!run.off) out(tracee, last, kRecorder);
    in(tracee, resumed);
    out(tracee, resumed + spent.run_ns / 2, kUnseen);
    in(tracee, now - spent.run_ns / 2);
    return;
  }
  if (!waited && !queued) {
    if (run.off) {
      in(tracee, now - spent.run_ns);
    } else {
      out(tracee, last + spent.run_ns, kRecorder);
    }
    return;
  }
  if (!run.off) out(tracee, last, kRecorder);
  in(tracee, resumed);
  const uint64_t end = now - spent.run_ns / 2;
  if (waited) {
    const bool deep = disk || (tracee.call.open && waitsForStorage(tracee.call));
    outBlocked(tracee, resumed + spent.run_ns / 2, deep ? kUninterruptible : kInterruptible, disk);
    wake(tracee, end - spent.queue_ns);
  } else {
    out(tracee, std::min(resumed + spent.run_ns / 2, end - spent.queue_ns), kRunning);
    // What is left of the time is the tracer's.
    if (rest > 0) {
      in(tracee, resumed + spent.run_ns / 2 + spent.queue_ns);
      out(tracee, resumed + spent.run_ns / 2 + spent.queue_ns, kRecorder);
    }
  }
  in(tracee, end);
}

void RunStates::groupStopped(Tracee& tracee, int64_t now_ns) {
  if (tracee.run.off) in(tracee, static_cast<uint64_t>(now_ns));
  out(tracee, static_cast<uint64_t>(now_ns), kStopped);
  tracee.run.blocked = true;
}

void RunStates::skip(Tracee& tracee, int64_t now_ns) {
  RunAccount& run = tracee.run;
  run.stopped_ns = static_cast<uint64_t>(now_ns);
  ++run.stops;
  if (const std::optional<RunReading> reading = run.clock.read()) run.reading = *reading;
  newWaits(tracee);
}

void RunStates::tellWait(Tracee& tracee, uint64_t spent_ns, const TaskStat& stat) {
  RunAccount& run = tracee.run;
  if (!run.off) out(tracee, run.stopped_ns, kRecorder);
  in(tracee, run.resumed_ns);
  const bool deep = stat.state == 'D';  // as every wait for a page is
  const bool disk = deep && stat.major_faults > run.majors;
  run.majors = stat.major_faults;
  outBlocked(tracee, run.resumed_ns + spent_ns, deep ? kUninterruptible : kInterruptible, disk);
}

void RunStates::tellLongWait(Tracee& tracee, int64_t now_ns) {
  RunAccount& run = tracee.run;
  const auto now = static_cast<uint64_t>(now_ns);
  if (!tracee.running || !tracee.call.open || run.blocked || now < run.resumed_ns + kLongWaitNs) return;
  const std::optional<RunReading> reading = run.clock.read();
  if (!reading) return;
  const uint64_t spent = reading->run_ns - run.reading.run_ns;
  const std::optional<TaskStat> stat = readStat(tracee.tid, true);
  if (!stat || (stat->state != 'S' && stat->state != 'D') || spent > kLongWaitNs / 2) return;
  tellWait(tracee, spent, *stat);
  run.reading = *reading;
  newWaits(tracee);
}

void RunStates::left(Tracee& tracee, int64_t now_ns) {
  RunAccount& run = tracee.run;
  if (!tracee.running || run.blocked) return;
  const std::optional<TaskStat> stat = readStat(tracee.tid, true);
  if (tracee.call.open && stat && (stat->state == 'S' || stat->state == 'D')) {
    tellWait(tracee, 0, *stat);
  } else if (run.off) {
    in(tracee, std::min(run.resumed_ns, static_cast<uint64_t>(now_ns)));
  }
}

void RunStates::replaced(Tracee& leader, Tracee& caller, int64_t now_ns) {
  const auto now = static_cast<uint64_t>(now_ns);
  const bool off = caller.run.off;
  if (off) in(caller, now);
  out(caller, now, kDead);
  caller.run.off = leader.run.off;
  caller.run.last_told_ns = std::exchange(leader.run.last_told_ns, caller.run.last_told_ns);
  const uint32_t id = std::exchange(caller.id, leader.id);
  if (caller.run.off) in(caller, now);
  if (off) out(caller, now, kRecorder);
  caller.id = id;
}

// It is over when it has used the time that it was last given, which may be long before it can be waited for.
void RunStates::ended(Tracee& tracee, int64_t now_ns) {
  RunAccount& run = tracee.run;
  const auto now = static_cast<uint64_t>(now_ns);
  if (!tracee.exiting || !run.at_end) {
    run.reading = run.at_end.value_or(run.reading);
    if (run.off) in(tracee, now);
    out(tracee, now, kDead);
    return;
  }
  const RunReading before = std::exchange(run.reading, *run.at_end);
  const uint64_t queue_ns = run.reading.queue_ns - before.queue_ns,
                 run_ns = run.reading.run_ns - before.run_ns;
  if (!run.off) out(tracee, run.stopped_ns, kRecorder);
  const uint64_t begin = std::min(now, run.resumed_ns + queue_ns);
  in(tracee, begin);
  out(tracee, std::min(now, begin + run_ns), kDead);
}

}  // namespace tarry::ptracing
