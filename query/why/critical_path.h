// CriticalPath: what a process and those it waited for were doing, as one line through time.
//
// A wait of the process that follow() (step.h) can explain is replaced by what the process that
// ended it did in that interval, recursively. The pieces cover the asked interval of the process's
// life without gap or overlap, so sums over them are exactly its real time.
//
// Recursion ends because no process is entered again for an interval that is already being
// explained by it; such a wait is left as it is.
#pragma once

#include <vector>

#include "query/timeline.h"
#include "query/why/process_states.h"

namespace tarry {

struct PathPiece {
  int64_t begin = 0;
  int64_t end = 0;
  int32_t process = kNone;  // who was running or waiting then
  int32_t row = kNone;      // its state
  RunState state = RunState::unknown;
  int32_t depth = 0;  // how many waits were followed to come here

  int64_t length() const { return end - begin; }
};

class CriticalPath {
 public:
  // Both must outlive this.
  CriticalPath(const Timeline& timeline, ProcessStates& states);

  // Ordered by time.
  std::vector<PathPiece> of(int32_t process, int64_t begin, int64_t end);
  // The same from one wait on: what explains `row` in its interval.
  std::vector<PathPiece> behind(int32_t row);

 private:
  struct Asked {
    int32_t process = kNone;
    int64_t begin = 0;
    int64_t end = 0;
    int32_t depth = 0;
  };
  // Where `asked.process` has no states, the time stays with `wait` of `waiter`.
  void explain(const Asked& asked, int32_t waiter, int32_t wait);
  void explainPiece(const Piece& piece, const Asked& asked);
  void append(const PathPiece& piece);

  const Timeline& timeline_;
  ProcessStates& states_;
  std::vector<bool> active_;  // processes being explained
  std::vector<PathPiece> path_;
};

}  // namespace tarry
