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

void IdleTracker::waited(int64_t row, Utid utid, const WaitQueue& key, Utid waker, bool timed_out) {
  const auto [found, is_new] = index_.try_emplace(key, static_cast<uint32_t>(queues_.size()));
  if (is_new) queues_.emplace_back();
  Queue& queue = queues_[found->second];
  Waiter& waiter = queue.waiters[utid];
  if (waker != 0) {
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
  if (timed_out) queue.time_outs++;
  candidates_.push_back({row, utid, found->second, timed_out});
}

bool IdleTracker::isIdle(const Candidate& candidate) const {
  const Queue& queue = queues_[candidate.queue];
  if (tasks_.thread(candidate.utid).is_main) return false;
  // A signal that ends the process comes from outside and wakes everybody: it proves nothing.
  const bool from_inside = queue.wakes != 0 && queue.foreign_wakes * 2 <= queue.wakes;
  return from_inside && !queue.waiters.at(candidate.utid).asks() && !contended(queue);
}

}  // namespace tarry::analysis
