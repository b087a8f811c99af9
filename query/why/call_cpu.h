// CallCpu: how much CPU time fell between the enters and returns of system calls, exactly: each call's
// interval against the running states of its thread. What is outside is user code, page faults and
// interrupts.
//
// Linear in calls and states, whatever a trace says: a call counts from the end of the one before.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "query/timeline.h"

namespace tarry {

class CallCpu {
 public:
  // Counts what lies in [begin, end). `timeline` must outlive this.
  CallCpu(const Timeline& timeline, int64_t begin, int64_t end)
      : timeline_(timeline), begin_(begin), end_(end), threads_(timeline.threads().size()) {}

  // The calls of a thread in the order of time, in trace time. `dur`: nullopt if it did not return.
  void add(int32_t thread, int64_t enter, std::optional<int64_t> dur);
  // After the last call; a call that did not return, and that no other followed, lasts to the end.
  int64_t finish();

 private:
  struct Thread {
    int64_t until = INT64_MIN;  // counted up to here
    size_t row = 0;             // first state that ends later
    std::optional<int64_t> pending;
  };
  void count(int32_t thread, int64_t from, int64_t to);

  const Timeline& timeline_;
  int64_t begin_, end_;
  std::vector<Thread> threads_;
  int64_t total_ns_ = 0;
};

}  // namespace tarry
