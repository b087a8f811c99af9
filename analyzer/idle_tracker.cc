#include "analyzer/idle_tracker.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

uint64_t pairKey(Utid a, Utid b) { return (static_cast<uint64_t>(a) << 32U) | b; }

}  // namespace

bool IdleTracker::contended(const Queue& queue) const {
  return std::any_of(queue.waiters.begin(), queue.waiters.end(), [&](Utid utid) {
    return !tasks_.thread(utid).is_main && queue.wakers.contains(utid);
  });
}

void IdleTracker::woke(Utid waker, Utid woken) {
  if (waker == 0 || woken == 0 || waker == woken) return;
  if (tasks_.thread(waker).upid != tasks_.thread(woken).upid) return;
  has_woken_.insert(pairKey(waker, woken));
}

void IdleTracker::waited(int64_t row, Utid utid, const WaitQueue& key, Utid waker) {
  const auto [found, is_new] = index_.try_emplace(key, static_cast<uint32_t>(queues_.size()));
  if (is_new) queues_.emplace_back();
  Queue& queue = queues_[found->second];
  const bool first = queue.waiters.insert(utid).second;
  if (waker != 0) {
    queue.wakers.insert(waker);
    queue.wakes++;
    if (tasks_.thread(waker).upid != key.process) queue.foreign_wakes++;
    // The wake-up that ends this wait has not been told yet, so this is about those before.
    if (first && has_woken_.contains(pairKey(utid, waker))) queue.askers.insert(utid);
  }
  candidates_.push_back({row, utid, found->second});
}

bool IdleTracker::isIdle(const Candidate& candidate) const {
  const Queue& queue = queues_[candidate.queue];
  if (tasks_.thread(candidate.utid).is_main) return false;
  // A signal that ends the process comes from outside and wakes everybody: it proves nothing.
  const bool from_inside = queue.wakes != 0 && queue.foreign_wakes * 2 <= queue.wakes;
  return from_inside && !queue.askers.contains(candidate.utid) && !contended(queue);
}

}  // namespace tarry::analysis
