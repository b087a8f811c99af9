// Every thread numbers its calls (SyscallEvent::call_seq): what is missing of the numbers was lost, unless it
// was folded into counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "analyzer/task_tracker.h"

namespace tarry::analysis {

class CallNumbers {
 public:
  // True: calls of the thread are missing before this one.
  bool seen(Utid utid, uint32_t number) {
    Thread& thread = threadOf(utid);
    const bool gap = !thread.folds && thread.last != 0 && number > thread.last + 1;
    if (thread.last != 0 && number > thread.last) missing_ += number - thread.last - 1;
    if (thread.folds && number < thread.last) {
      --missing_;  // of a slice whose last number was told before
    } else {
      thread.last = number;
    }
    return gap;
  }
  // `last`: the highest number among them.
  void folded(Utid utid, uint64_t count, uint32_t last) {
    Thread& thread = threadOf(utid);
    thread.folds = true;
    if (last > thread.last) {
      missing_ += last - thread.last;
      thread.last = last;
    }
    folded_ += static_cast<int64_t>(std::min(count, kMost));
  }
  int64_t lost() const { return std::max<int64_t>(0, missing_ - std::min(folded_, missing_)); }

 private:
  struct Thread {
    uint32_t last = 0;  // 0: none yet
    bool folds = false;
  };
  static constexpr uint64_t kMost = UINT32_MAX;  // numbers of one thread
  Thread& threadOf(Utid utid) {
    if (utid >= threads_.size()) threads_.resize(static_cast<size_t>(utid) + utid / 2 + 16);
    return threads_[utid];
  }

  std::vector<Thread> threads_;
  int64_t missing_ = 0, folded_ = 0;
};

}  // namespace tarry::analysis
