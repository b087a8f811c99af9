// Holds calls back until they have returned, so that a row is complete (blocked_ns) when it is
// inserted, and rows are inserted in the order of their ids. A call that lasts does not hold up the
// rest for ever: past a bound it is let go, and its time blocked is reported apart at the end.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "analyzer/tables.h"

namespace tarry::analysis {

class CallQueue {
 public:
  explicit CallQueue(size_t limit = size_t{1} << 15U) : limit_(limit) {}

  // Ids must count up by one. `args` belongs to row.args.
  void push(const tables::SyscallRow& row, int64_t exit_ts, std::string args = {}) {
    calls_.push_back({row, exit_ts, std::move(args)});
  }

  // The call's thread was not running for so long within it.
  void blocked(int64_t id, int64_t ns) {
    if (!calls_.empty() && id >= calls_.front().row.id) {
      calls_[static_cast<size_t>(id - calls_.front().row.id)].row.blocked_ns += ns;
    } else {
      late_[id] += ns;
    }
  }

  // Calls insert(row) for the calls that have returned by `now`, in order.
  template <class F>
  void release(int64_t now, F&& insert) {
    while (!calls_.empty() && (calls_.front().exit_ts < now || calls_.size() > limit_)) releaseFirst(insert);
  }
  template <class F>
  void releaseAll(F&& insert) {
    while (!calls_.empty()) releaseFirst(insert);
  }

  // Time blocked of calls that had been let go before they returned, by id.
  const std::map<int64_t, int64_t>& late() const { return late_; }

 private:
  struct Held {
    tables::SyscallRow row;
    int64_t exit_ts;
    std::string args;
  };
  template <class F>
  void releaseFirst(F&& insert) {
    Held& held = calls_.front();
    if (!held.args.empty()) held.row.args = held.args;
    insert(held.row);
    calls_.pop_front();
  }

  size_t limit_;
  std::deque<Held> calls_;
  std::map<int64_t, int64_t> late_;
};

}  // namespace tarry::analysis
