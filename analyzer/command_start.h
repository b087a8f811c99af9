// CommandStart: the life of a recorded command begins with its exec. Before that its process is the
// recorder's own child, which waits until the recorder is armed: no business of the command. Keeps the
// states of its first thread back until the exec is seen, then drops or cuts what was before it.
//
// Where no exec comes, because it failed or was lost, the rows are given out as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/tables.h"
#include "analyzer/task_tracker.h"

namespace tarry::analysis {

class CommandStart {
 public:
  bool waiting() const { return waiting_; }
  // There is no command: nothing is kept back.
  void notNeeded() { waiting_ = false; }

  // Whether a row might have to be held. Gives up at some time: the launcher's child does next to nothing
  // before its exec.
  bool mayHold() {
    constexpr size_t kMost = 1024;
    return waiting_ && tried_++ < kMost;
  }
  // A row of the command's process before its exec.
  void hold(const tables::ThreadStateRow& row) { held_.push_back(row); }
  void began(Utid utid, int64_t ts) {
    waiting_ = false;
    utid_ = utid;
    ts_ = ts;
    held_.clear();  // states come when they end: these ended before the exec
  }
  // Cuts off what a row has before the exec; false if nothing is left, as where the file ends so early that
  // a state of before is only closed with it.
  bool cut(tables::ThreadStateRow& row) const {
    if (static_cast<Utid>(row.utid) != utid_ || row.ts >= ts_) return true;
    if (row.dur) {
      *row.dur -= ts_ - row.ts;
      if (*row.dur <= 0) return false;
    }
    row.ts = ts_;
    row.since_ts.reset();
    return true;
  }
  // At the end of the trace.
  template <class Insert>
  void release(Insert&& insert) {
    waiting_ = false;
    for (const tables::ThreadStateRow& row : held_) insert(row);
    held_.clear();
  }

 private:
  bool waiting_ = true;
  size_t tried_ = 0;
  Utid utid_ = 0;
  int64_t ts_ = INT64_MIN;
  std::vector<tables::ThreadStateRow> held_;
};

}  // namespace tarry::analysis
