#include "analyzer/idle_tracker.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

uint64_t pairKey(Utid a, Utid b) {
  return (static_cast<uint64_t>(a) << 32U) | b;
}

}  // namespace

bool IdleTracker::contended(const Queue& queue) const {
  return std::any_of(queue.waiters.begin(), queue.waiters.end(), [&](const auto& waiter) {
    return !tasks_.thread(waiter.first).is_main && queue.wakers.contains(waiter.first);
  });
}

void IdleTracker::woke(Utid waker, Utid woken) {
  if (waker == 0 || woken == 0 || waker == woken) return;
  if (tasks_.thread(waker).upid != tasks_.thread(woken).upid) return;
  last_wake_[pairKey(waker, woken)] = ++wake_count_;
}

uint32_t IdleTracker::joins(Utid utid, const WaitEnd& end) {
  // On a queue of its own that nobody hands anything to.
  return end.whole ? waited(utid, {tasks_.thread(utid).upid, false, ~uint64_t{utid}}, end) : 0;
}

void IdleTracker::stuck(Utid utid) {
  stuck_.insert(utid);
}

uint32_t IdleTracker::waited(Utid utid, const WaitQueue& key, const WaitEnd& end) {
  const auto [found, is_new] = index_.try_emplace(key, static_cast<uint32_t>(queues_.size()));
  if (is_new) queues_.emplace_back();
  Queue& queue = queues_[found->second];
  Waiter& waiter = queue.waiters[utid];
  if (const Utid waker = end.waker; waker != 0) {
    queue.wakers.insert(waker);
    queue.wakes++;
    if (tasks_.thread(waker).upid != key.process) queue.foreign_wakes++;
    const auto woken = last_wake_.find(pairKey(utid, waker));
    const bool asked = woken != last_wake_.end() && woken->second > waiter.last_end;
    if (waiter.waits == 0) waiter.asked_first = asked;
    if (asked) waiter.asked++;
    waiter.waits++;
    waiter.last_end = wake_count_;
  }
  if (end.timed_out) queue.time_outs++;
  uint32_t& parked = waiter.parked[(end.timed_out ? 1U : 0U) | (end.open ? 2U : 0U) | (end.whole ? 4U : 0U)];
  if (parked == 0) {
    candidates_.push_back({utid, found->second, end});
    parked = static_cast<uint32_t>(candidates_.size());
  }
  return parked;
}

std::vector<ParkedVerdict> IdleTracker::verdicts() const {
  std::vector<ParkedVerdict> verdicts(1);
  for (const Candidate& candidate : candidates_) {
    const bool asked_again = candidate.end.timed_out && isHandedOver(queues_[candidate.queue]);
    verdicts.push_back({isIdle(candidate), asked_again});
  }
  return verdicts;
}

// All threads that the process still has wait for each other, at the end of the recording.
bool IdleTracker::nobodyIsLeft(Upid process) const {
  const std::vector<Utid>& threads = tasks_.process(process).threads;
  return std::all_of(threads.begin(), threads.end(),
                     [&](Utid utid) { return tasks_.thread(utid).exited || stuck_.contains(utid); });
}

// Nothing was handed over on its queue.
bool IdleTracker::isParked(const Candidate& candidate) const {
  const TrackedThread& thread = tasks_.thread(candidate.utid);
  if (candidate.end.whole) return true;
  if (thread.is_main) return false;
  // One that looks up now and then. Of a command that is recorded from its start this would be the pause.
  return candidate.end.open || (candidate.end.timed_out && thread.existed);
}

bool IdleTracker::isIdle(const Candidate& candidate) const {
  const Queue& queue = queues_[candidate.queue];
  if (candidate.end.open && nobodyIsLeft(tasks_.thread(candidate.utid).upid)) return false;
  if (queue.wakes == 0) return isParked(candidate);
  if (tasks_.thread(candidate.utid).is_main) return false;
  // A signal that ends the process comes from outside and wakes everybody: it proves nothing.
  const bool from_inside = queue.foreign_wakes * 2 <= queue.wakes;
  return from_inside && !queue.waiters.at(candidate.utid).asks() && !contended(queue);
}

}  // namespace tarry::analysis
