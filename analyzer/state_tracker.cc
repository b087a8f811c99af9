#include "analyzer/state_tracker.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

void setWaker(StateInterval& interval, const WakeEvent& wake) {
  interval.woken = true;
  interval.waker_context = wake.context;
  interval.waker = wake.waker;
  interval.waker_call = wake.waker_call;
  interval.kernel_stack = wake.kernel_stack;
}

}  // namespace

StateTracker::Thread& StateTracker::get(Utid utid) {
  if (utid >= threads_.size()) threads_.resize(static_cast<size_t>(utid) + utid / 2 + 16);
  return threads_[utid];
}

bool StateTracker::isOver(Thread& thread) {
  if (thread.ended) counts_.after_end++;
  return thread.ended;
}

// Emits the current interval up to ts. Empty ones are left out: they would say nothing.
void StateTracker::close(Thread& thread, Utid utid, int64_t ts) {
  StateInterval& now = thread.now;
  if (now.state == RunState::none) return;
  now.end = std::max(ts, now.begin);
  if (now.end == now.begin) return;
  now.utid = utid;
  sink_.onInterval(now);
}

void StateTracker::enter(Thread& thread, int64_t ts, RunState state, StateDetail detail) {
  const int64_t begin = thread.now.state == RunState::none ? ts : std::max(ts, thread.now.begin);
  if (!thread.begun) {
    thread.begun = true;
    thread.first_ts = begin;
  }
  const bool throttled = thread.now.throttled && state == RunState::runnable;
  thread.now = StateInterval{};
  thread.now.begin = begin;
  thread.now.state = state;
  thread.now.detail = detail;
  thread.now.throttled = throttled;
  thread.snapshot_runnable = false;
  thread.off_cpu_ts.reset();
}

void StateTracker::end(Thread& thread, int64_t ts) {
  thread.end_ts = std::max(ts, thread.now.begin);
  thread.now.state = RunState::none;
  thread.ended = true;
  thread.has_early_wake = false;
}

void StateTracker::seen(Utid utid, int64_t ts) {
  Thread& thread = get(utid);
  if (thread.ended || thread.now.state != RunState::none) return;
  enter(thread, ts, RunState::unknown, StateDetail::start);
}

void StateTracker::forked(Utid child, int64_t ts) {
  Thread& thread = get(child);
  if (thread.ended) return;
  if (thread.now.state == RunState::unknown && thread.now.detail == StateDetail::start &&
      !thread.snapshot_runnable) {
    // Introduced a moment before its fork was told: this is its beginning.
    thread.now.state = RunState::runnable;
    thread.now.detail = StateDetail::newborn;
    return;
  }
  if (thread.now.state == RunState::none) enter(thread, ts, RunState::runnable, StateDetail::newborn);
}

void StateTracker::snapshot(Utid utid, int64_t ts, const LifeEvent& event, std::optional<int64_t> began) {
  Thread& thread = get(utid);
  if (thread.ended) return;
  // Tracing starts before the snapshot is taken: an event that came first knows better.
  if (thread.now.state != RunState::none && thread.now.state != RunState::unknown) return;
  int64_t from = ts;
  if (thread.now.state == RunState::unknown && thread.now.detail == StateDetail::start) {
    // It was seen a moment earlier in the same snapshot, and blocked already then or runnable.
    from = std::clamp(began.value_or(thread.now.begin), thread.now.begin, std::max(ts, thread.now.begin));
  }
  if (event.state == TaskState::runnable) {
    if (thread.now.state == RunState::none) enter(thread, ts, RunState::unknown, StateDetail::start);
    thread.snapshot_runnable = true;
    return;
  }
  if (event.state == TaskState::dead || event.state == TaskState::unknown) {
    if (thread.now.state == RunState::none) enter(thread, ts, RunState::unknown, StateDetail::start);
    return;
  }
  close(thread, utid, from);
  enter(thread, from, RunState::blocked, StateDetail::none);
  if (!began || *began <= 0) thread.now.since = began.value_or(0);
  thread.now.task_state = event.state;
  thread.now.pending = event.pending;
}

void StateTracker::leave(Thread& thread, int64_t ts, const SwitchEvent& event) {
  switch (event.state) {
    case TaskState::dead: end(thread, ts); return;
    case TaskState::runnable:
      enter(thread, ts, RunState::runnable, StateDetail::preempted);
      thread.now.throttled = event.throttled;
      return;
    case TaskState::unknown: enter(thread, ts, RunState::unknown, StateDetail::unseen); return;
    case TaskState::sleeping:
    case TaskState::uninterruptible:
    case TaskState::stopped:
    case TaskState::traced:
    case TaskState::idle:
    case TaskState::parked:
    case TaskState::recorder: break;
  }
  enter(thread, ts, RunState::blocked, StateDetail::none);
  thread.now.task_state = event.state;
  thread.now.in_iowait = event.in_iowait;
  thread.now.throttled = event.throttled;
  thread.now.pending = event.pending;
  thread.now.user_stack = event.user_stack;
}

// The thread has left this CPU some time after it got it, at ts at the latest, and no event said when.
void StateTracker::displace(Utid utid, uint16_t cpu, int64_t ts) {
  Thread& thread = get(utid);
  if (thread.ended || thread.now.state != RunState::running || thread.now.cpu != cpu) return;
  counts_.missing_switches++;
  thread.now.state = RunState::unknown;
  thread.now.detail = StateDetail::unseen;
  thread.off_cpu_ts = std::max(ts, thread.now.begin);
  thread.has_early_wake = false;
}

// Kernels do leave out a switch now and then (docs/install.md). A CPU runs one thread at a time, so the next
// switch there tells; without this the thread would seem to run until it is seen again.
void StateTracker::occupy(Utid utid, int64_t ts, const SwitchEvent& event) {
  if (event.cpu >= cpus_.size()) cpus_.resize(event.cpu + 1U);
  Cpu& cpu = cpus_[event.cpu];
  if (cpu.displaced != 0 && cpu.displaced != utid && ts > cpu.displaced_ts)
    displace(cpu.displaced, event.cpu, cpu.displaced_ts);
  if (cpu.displaced == utid || ts > cpu.displaced_ts) cpu.displaced = 0;
  if (event.in) {
    if (cpu.runs != 0 && cpu.runs != utid) {
      cpu.displaced = cpu.runs;
      cpu.displaced_ts = ts;
    }
    cpu.runs = utid;
    return;
  }
  // At one instant the switch in of the next thread comes before the switch out of this one.
  if (cpu.runs != 0 && cpu.runs != utid && get(cpu.runs).now.begin < ts) displace(cpu.runs, event.cpu, ts);
  if (cpu.runs == utid || get(cpu.runs).now.state != RunState::running) cpu.runs = 0;
}

void StateTracker::switched(Utid utid, int64_t ts, const SwitchEvent& event) {
  if (event.cpu != kNoCpu) occupy(utid, ts, event);
  Thread& thread = get(utid);
  if (isOver(thread)) return;
  StateInterval& now = thread.now;
  if (ts < thread.lossy_until && event.state != TaskState::dead) return;

  if (event.in) {
    switch (now.state) {
      case RunState::blocked:
        if (thread.has_early_wake) {
          // try_to_wake_up() (kernel/sched/core.c) reports the wake-up without holding the run queue's lock,
          // so on another CPU it can come a moment before the switch out that it undoes.
          now.state = RunState::runnable;
          now.detail = StateDetail::woken;
          setWaker(now, thread.early_wake);
        } else {
          // It slept until now, or until a moment ago: nobody knows who woke it, and when exactly.
          counts_.missing_wakes++;
        }
        break;
      case RunState::running:
        counts_.missing_switches++;
        now.state = RunState::unknown;
        now.detail = StateDetail::unseen;
        break;
      case RunState::unknown:
        if (thread.snapshot_runnable) {
          // It was ready and got no CPU before: a switch in between would have been seen.
          now.state = RunState::runnable;
          now.detail = StateDetail::preempted;
          now.since = 0;
        }
        break;
      case RunState::none:
      case RunState::runnable: break;
    }
    close(thread, utid, ts);
    enter(thread, ts, RunState::running, StateDetail::none);
    if (event.cpu != kNoCpu) thread.now.cpu = event.cpu;
    thread.has_early_wake = false;
    return;
  }

  switch (now.state) {
    case RunState::running:
      if (!now.cpu && event.cpu != kNoCpu) now.cpu = event.cpu;
      break;
    case RunState::runnable:
    case RunState::blocked:
      counts_.missing_switches++;
      now.state = RunState::unknown;
      now.detail = StateDetail::unseen;
      break;
    case RunState::unknown:
      if (thread.snapshot_runnable) {
        now.state = RunState::running;
        now.detail = StateDetail::none;
        if (event.cpu != kNoCpu) now.cpu = event.cpu;
        now.since = 0;
      }
      break;
    case RunState::none: break;
  }
  close(thread, utid, ts);
  leave(thread, ts, event);
}

void StateTracker::woken(Utid utid, int64_t ts, const WakeEvent& event) {
  Thread& thread = get(utid);
  if (isOver(thread) || ts < thread.lossy_until) return;
  switch (thread.now.state) {
    case RunState::running:
      thread.early_wake = event;
      thread.has_early_wake = true;
      return;
    case RunState::runnable: return;
    case RunState::blocked: setWaker(thread.now, event); break;
    case RunState::unknown:
      if (thread.snapshot_runnable) return;
      if (thread.off_cpu_ts && *thread.off_cpu_ts < ts) {
        // Only a sleeping thread is woken: from where it was off the CPU until now it slept, nobody knows
        // in which call.
        const int64_t from = *thread.off_cpu_ts;
        close(thread, utid, from);
        enter(thread, from, RunState::blocked, StateDetail::none);
        setWaker(thread.now, event);
      }
      break;
    case RunState::none: break;
  }
  close(thread, utid, ts);
  enter(thread, ts, RunState::runnable, event.is_new ? StateDetail::newborn : StateDetail::woken);
  thread.has_early_wake = false;
}

void StateTracker::exited(Utid utid, int64_t ts) {
  Thread& thread = get(utid);
  if (isOver(thread)) return;
  if (thread.now.state == RunState::none) enter(thread, ts, RunState::unknown, StateDetail::start);
  thread.exited = true;
  thread.exit_ts = ts;
}

void StateTracker::replaced(Utid caller, Utid main, int64_t ts) {
  std::optional<uint16_t> cpu;
  if (caller != main) {
    Thread& old = get(caller);
    if (!old.ended && old.now.state != RunState::none) {
      cpu = old.now.cpu;
      close(old, caller, ts);
      end(old, ts);
    }
  }
  Thread& thread = get(main);
  if (thread.ended) {
    thread.ended = false;
    thread.exited = false;
    thread.now = StateInterval{};
    enter(thread, thread.end_ts, RunState::unknown, StateDetail::replaced);
  }
  close(thread, main, ts);
  thread.exited = false;
  enter(thread, ts, RunState::running, StateDetail::none);
  thread.now.cpu = cpu;
}

void StateTracker::gone(Utid utid, int64_t ts) {
  Thread& thread = get(utid);
  if (thread.ended || thread.exited || thread.now.state == RunState::none) return;
  thread.now.state = RunState::unknown;
  thread.now.detail = StateDetail::unseen;
  close(thread, utid, ts);
  end(thread, ts);
}

void StateTracker::lost(Utid utid, int64_t ts, int64_t until) {
  Thread& thread = get(utid);
  if (thread.ended || thread.now.state == RunState::none) return;
  thread.lossy_until = std::max(thread.lossy_until, until);
  thread.has_early_wake = false;
  if (thread.now.state == RunState::unknown && thread.now.detail == StateDetail::loss) return;
  close(thread, utid, ts);
  enter(thread, ts, RunState::unknown, StateDetail::loss);
}

void StateTracker::finish(int64_t end_ts, int64_t known_ts) {
  for (Utid utid = 1; utid < threads_.size(); utid++) {
    Thread& thread = threads_[utid];
    if (thread.ended || thread.now.state == RunState::none) continue;
    // The recording stopped between the exit and the last switch: that is as far as its life is known.
    const bool over = thread.exited && thread.now.state != RunState::blocked;
    const int64_t last = over ? thread.exit_ts : end_ts;
    if (!over && known_ts < last && thread.now.state != RunState::unknown) {
      const int64_t until = std::max(known_ts, thread.now.begin);
      close(thread, utid, until);
      enter(thread, until, RunState::unknown, StateDetail::cut);
    }
    thread.now.end = std::max(last, thread.now.begin);
    thread.now.open = !over;
    thread.now.utid = utid;
    if (thread.now.open || thread.now.end > thread.now.begin) sink_.onInterval(thread.now);
    if (over) end(thread, last);
  }
}

std::optional<int64_t> StateTracker::endOf(Utid utid) const {
  if (utid >= threads_.size() || !threads_[utid].ended) return std::nullopt;
  return threads_[utid].end_ts;
}

std::optional<int64_t> StateTracker::beginOf(Utid utid) const {
  if (utid >= threads_.size() || !threads_[utid].begun) return std::nullopt;
  return threads_[utid].first_ts;
}

bool StateTracker::alive(Utid utid) const {
  return utid < threads_.size() && !threads_[utid].ended && threads_[utid].now.state != RunState::none;
}

}  // namespace tarry::analysis
