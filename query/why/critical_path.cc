#include "query/why/critical_path.h"

#include <algorithm>

#include "query/why/step.h"

namespace tarry {
namespace {

// Deeper trees of processes that wait for each other do not occur; a hostile file could have them.
constexpr int32_t kDeepest = 200;

}  // namespace

CriticalPath::CriticalPath(const Timeline& timeline, ProcessStates& states)
    : timeline_(timeline), states_(states), active_(timeline.processes().size(), false) {}

void CriticalPath::walk(int32_t process, int64_t begin, int64_t end, const Visit& visit) {
  visit_ = &visit;
  explain({process, begin, end, 0}, kNone, kNone);
  finish();
}

void CriticalPath::walkBehind(int32_t row, const Visit& visit) {
  visit_ = &visit;
  const StateRow wait = timeline_.state(row);
  const int32_t process = timeline_.thread(wait.thread).process;
  if (process == kNone) return;
  active_[static_cast<size_t>(process)] = true;
  explainPiece({wait.begin, wait.end, row}, {process, wait.begin, wait.end, 0});
  active_[static_cast<size_t>(process)] = false;
  finish();
}

void CriticalPath::append(const PathPiece& piece) {
  if (piece.end <= piece.begin || piece.process == kNone) return;
  if (last_.end == piece.begin && last_.row == piece.row && last_.process == piece.process) {
    last_.end = piece.end;
    return;
  }
  if (last_.process != kNone) (*visit_)(last_);
  last_ = piece;
}

void CriticalPath::finish() {
  if (last_.process != kNone) (*visit_)(last_);
  last_ = {};
}

void CriticalPath::explain(const Asked& asked, int32_t waiter, int32_t wait) {
  if (asked.begin >= asked.end) return;
  const auto stay = [&](int64_t begin, int64_t end) { append({begin, end, waiter, wait, asked.depth - 1}); };
  active_[static_cast<size_t>(asked.process)] = true;
  int64_t done = asked.begin;
  states_.forEach(asked.process, asked.begin, asked.end, [&](const Piece& piece) {
    if (piece.begin > done) {
      // Not born yet: then it was up to whoever made it.
      const int32_t parent = timeline_.process(asked.process).parent;
      const bool born_later = done == asked.begin && parent != kNone && asked.depth < kDeepest &&
                              !active_[static_cast<size_t>(parent)];
      if (born_later) explain({parent, done, piece.begin, asked.depth}, waiter, wait);
      else stay(done, piece.begin);
    }
    explainPiece(piece, asked);
    done = piece.end;
  });
  stay(done, asked.end);
  active_[static_cast<size_t>(asked.process)] = false;
}

void CriticalPath::explainPiece(const Piece& piece, const Asked& asked) {
  if (timeline_.states().info(piece.row).state == RunState::blocked && asked.depth < kDeepest) {
    const auto next = follow(timeline_, timeline_.state(piece.row));
    if (next && !active_[static_cast<size_t>(next->process)]) {
      explain({next->process, piece.begin, piece.end, asked.depth + 1}, asked.process, piece.row);
      return;
    }
  }
  append({piece.begin, piece.end, asked.process, piece.row, asked.depth});
}

}  // namespace tarry
