#include "recorder/ptrace/together.h"

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

void TogetherTrial::took(uint64_t ns) {
  constexpr uint32_t kTrial = 48, kChosen = 4096;
  sum_ns_ += ns;
  if (++turns_ < (phase_ == Phase::chosen ? kChosen : kTrial)) return;
  switch (phase_) {
    case Phase::pinned:
      pinned_ns_ = sum_ns_;
      phase_ = Phase::free;
      break;
    case Phase::free:
      pinning_pays_ = pinned_ns_ < sum_ns_;
      phase_ = Phase::chosen;
      break;
    case Phase::chosen: phase_ = Phase::pinned; break;
  }
  turns_ = 0;
  sum_ns_ = 0;
}

}  // namespace tarry::ptracing
