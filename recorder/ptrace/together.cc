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

}  // namespace tarry::ptracing
