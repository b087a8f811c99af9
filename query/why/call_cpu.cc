#include "query/why/call_cpu.h"

#include <algorithm>

namespace tarry {

void CallCpu::add(int32_t thread, int64_t enter, std::optional<int64_t> dur) {
  if (thread < 0) return;
  Thread& t = threads_[static_cast<size_t>(thread)];
  // Followed by another call, so it did return, at a time that is not known.
  t.pending.reset();
  if (!dur) {
    t.pending = enter;
    return;
  }
  int64_t exit = INT64_MAX;
  if (*dur < 0 || __builtin_add_overflow(enter, *dur, &exit)) return;
  count(thread, enter, exit);
}

void CallCpu::count(int32_t thread, int64_t from, int64_t to) {
  Thread& t = threads_[static_cast<size_t>(thread)];
  from = std::max({from, t.until, begin_});
  to = std::min(to, end_);
  if (to <= from) return;
  t.until = to;
  const auto rows = timeline_.statesOf(thread);
  while (t.row < rows.size() && rows[t.row].end <= from) ++t.row;
  for (; t.row < rows.size() && rows[t.row].begin < to; ++t.row) {
    const StateRow row = rows[t.row];
    if (row.state == RunState::running) total_ns_ += std::min(row.end, to) - std::max(row.begin, from);
    if (row.end > to) break;
  }
}

int64_t CallCpu::finish() {
  for (size_t i = 0; i < threads_.size(); ++i)
    if (threads_[i].pending) count(static_cast<int32_t>(i), *threads_[i].pending, end_);
  return total_ns_;
}

}  // namespace tarry
