#include "recorder/ptrace/together.h"

#include <algorithm>

namespace tarry::ptracing {

Together::Together(pid_t tid, bool wanted) : tid_(tid) {
  if (!wanted) return;
  const int cpu = ::sched_getcpu();
  if (cpu < 0 || cpu >= CPU_SETSIZE) return;
  if (::sched_getaffinity(tid, sizeof before_, &before_) != 0) return;
  if (CPU_COUNT(&before_) < 2 || !CPU_ISSET(static_cast<size_t>(cpu), &before_)) return;
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(cpu), &here);
  pinned_ = ::sched_setaffinity(tid, sizeof here, &here) == 0;
}

Together::~Together() {
  if (pinned_) ::sched_setaffinity(tid_, sizeof before_, &before_);
}

void TogetherTrial::choose(bool pinned) {
  constexpr uint32_t kChosen = 8192;
  pinning_pays_ = pinned;
  phase_ = Phase::chosen;
  left_ = kChosen;
}

void TogetherTrial::took(uint64_t ns, uint32_t stops) {
  constexpr uint32_t kTrial = 96, kWindow = 256;
  sum_ns_ += ns;
  stops_ += stops;
  if (stops_ < (phase_ == Phase::chosen ? kWindow : kTrial)) return;
  const uint64_t each_ns = sum_ns_ / stops_;
  switch (phase_) {
    case Phase::pinned:
      pinned_ns_ = each_ns;
      phase_ = Phase::free;
      break;
    case Phase::free: choose(pinned_ns_ < each_ns + each_ns / 8); break;
    case Phase::chosen:
      left_ -= std::min(left_, stops_);
      if (left_ == 0) phase_ = Phase::pinned;
      // A thread that has been together with the tracer stays so for a while, which made the trial look well.
      else if (!pinning_pays_ && each_ns > pinned_ns_ + pinned_ns_ / 2) choose(true);
      break;
  }
  stops_ = 0;
  sum_ns_ = 0;
}

}  // namespace tarry::ptracing
