// CommandStart: the life of a recorded command begins with its exec. Before that its process is the
// recorder's own child, which waits until the recorder is armed: no business of the command. Keeps the
// states of its first thread back until the exec is seen, then drops or cuts what was before it.
//
// Where no exec comes, because it failed or was lost, the rows are given out as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/thread_state.h"

namespace tarry::analysis {

class CommandStart {
 public:
  bool waiting() const { return waiting_; }
  // There is no command: nothing is kept back.
  void notNeeded() { waiting_ = false; }

  // A state of the command's process before its exec.
  void hold(const ThreadState& state) { held_.push_back(state); }
  void began(Utid utid, int64_t ts) {
    waiting_ = false;
    utid_ = utid;
    ts_ = ts;
    held_.clear();  // states come when they end: these ended before the exec
  }
  // Cuts off what a state has before the exec; false if nothing is left, as where the file ends so early that
  // a state of before is only closed with it.
  bool cut(ThreadState& state) const {
    if (state.utid != utid_ || state.begin >= ts_) return true;
    state.begin = ts_;
    state.since.reset();
    return state.open || state.end > ts_;
  }
  // To be asked with every state: the launcher's child does next to nothing before its exec, so at some time
  // it is clear that none will come.
  bool givesUp() {
    constexpr size_t kMost = 1024;
    return waiting_ && ++tried_ > kMost;
  }
  // No exec came: gives out what was held.
  template <class Store>
  void release(Store&& store) {
    waiting_ = false;
    for (const ThreadState& state : held_) store(state);
    held_.clear();
  }

 private:
  bool waiting_ = true;
  size_t tried_ = 0;
  Utid utid_ = 0;
  int64_t ts_ = INT64_MIN;
  std::vector<ThreadState> held_;
};

}  // namespace tarry::analysis
