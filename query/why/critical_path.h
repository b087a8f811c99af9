// CriticalPath: what a process and those it waited for were doing, as one line through time.
//
// A wait of the process that follow() (step.h) can explain is replaced by what the process that
// ended it did in that interval, recursively. The pieces cover the asked interval of the process's
// life without gap or overlap, so sums over them are exactly its real time.
//
// Recursion ends because no process is entered again for an interval that is already being
// explained by it; such a wait is left as it is.
#pragma once

#include <functional>
#include <vector>

#include "query/timeline.h"
#include "query/why/process_states.h"

namespace tarry {

struct PathPiece {
  int64_t begin = 0;
  int64_t end = 0;
  int32_t process = kNone;  // who was running or waiting then
  int32_t row = kNone;      // its state
  int32_t depth = 0;        // how many waits were followed to come here

  int64_t length() const { return end - begin; }
};

class CriticalPath {
 public:
  // Both must outlive this.
  CriticalPath(const Timeline& timeline, ProcessStates& states);

  using Visit = std::function<void(const PathPiece&)>;
  // Calls visit(piece) in the order of time.
  void walk(int32_t process, int64_t begin, int64_t end, const Visit& visit);
  // The same from one wait on: what explains `row` in its interval.
  void walkBehind(int32_t row, const Visit& visit);

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
  void finish();

  const Timeline& timeline_;
  ProcessStates& states_;
  std::vector<bool> active_;  // processes being explained
  PathPiece last_;            // not yet given out: what follows may go on with it
  const Visit* visit_ = nullptr;
};

}  // namespace tarry
