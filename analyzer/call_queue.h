// Holds calls back until they have returned, so that a row is complete (blocked_ns) when it is
// inserted, and rows are inserted in the order of their ids. A call that lasts does not hold up the
// rest for ever: past a bound it is let go, and its time blocked is reported apart at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/tables.h"

namespace tarry::analysis {

class CallQueue {
 public:
  explicit CallQueue(size_t limit = size_t{1} << 15U) : limit_(limit) {}

  // Ids must count up by one. `args` belongs to row.args.
  void push(const tables::SyscallRow& row, int64_t exit_ts, std::string args = {}) {
    if (count_ == calls_.size()) grow();
    Held& held = at(count_++);
    held.row = row;
    held.exit_ts = exit_ts;
    held.args = std::move(args);
  }

  // The call's thread was not running for so long within it.
  void blocked(int64_t id, int64_t ns) {
    if (count_ != 0 && id >= at(0).row.id) {
      at(static_cast<size_t>(id - at(0).row.id)).row.blocked_ns += ns;
    } else {
      late_[id] += ns;
    }
  }

  // Calls insert(row) for the calls that have returned by `now`, in order.
  template <class F>
  void release(int64_t now, F&& insert) {
    while (count_ != 0 && (at(0).exit_ts < now || count_ > limit_)) releaseFirst(insert);
  }
  template <class F>
  void releaseAll(F&& insert) {
    while (count_ != 0) releaseFirst(insert);
  }

  // Time blocked of calls that had been let go before they returned, by id.
  const std::map<int64_t, int64_t>& late() const { return late_; }

 private:
  struct Held {
    tables::SyscallRow row;
    int64_t exit_ts = 0;
    std::string args;
  };
  template <class F>
  void releaseFirst(F&& insert) {
    Held& held = at(0);
    if (!held.args.empty()) held.row.args = held.args;
    insert(held.row);
    first_ = (first_ + 1) & (calls_.size() - 1);
    count_--;
  }

  // A ring whose size is a power of two: rows are large, and a deque would allocate for each.
  Held& at(size_t index) { return calls_[(first_ + index) & (calls_.size() - 1)]; }
  void grow() {
    std::vector<Held> larger(std::max<size_t>(64, calls_.size() * 2));
    for (size_t i = 0; i < count_; i++) larger[i] = std::move(at(i));
    calls_ = std::move(larger);
    first_ = 0;
  }

  size_t limit_;
  std::vector<Held> calls_;
  size_t first_ = 0;
  size_t count_ = 0;
  std::map<int64_t, int64_t> late_;
};

}  // namespace tarry::analysis
