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

std::vector<PathPiece> CriticalPath::of(int32_t process, int64_t begin, int64_t end) {
  path_.clear();
  explain({process, begin, end, 0}, kNone, kNone);
  return std::move(path_);
}

std::vector<PathPiece> CriticalPath::behind(int32_t row) {
  path_.clear();
  const StateRow& wait = timeline_.state(row);
  const int32_t process = timeline_.thread(wait.thread).process;
  if (process == kNone) return {};
  active_[static_cast<size_t>(process)] = true;
  explainPiece({wait.begin, wait.end, row, wait.state}, {process, wait.begin, wait.end, 0});
  active_[static_cast<size_t>(process)] = false;
  return std::move(path_);
}

void CriticalPath::append(const PathPiece& piece) {
  if (piece.end <= piece.begin || piece.process == kNone) return;
  if (!path_.empty()) {
    PathPiece& last = path_.back();
    if (last.end == piece.begin && last.row == piece.row && last.process == piece.process) {
      last.end = piece.end;
      return;
    }
  }
  path_.push_back(piece);
}

void CriticalPath::explain(const Asked& asked, int32_t waiter, int32_t wait) {
  if (asked.begin >= asked.end) return;
  const auto stay = [&](int64_t begin, int64_t end) {
    append({begin, end, waiter, wait, RunState::blocked, asked.depth - 1});
  };
  active_[static_cast<size_t>(asked.process)] = true;
  int64_t done = asked.begin;
  for (const Piece& whole : within(states_.of(asked.process), asked.begin, asked.end)) {
    Piece piece = whole;
    piece.begin = std::max(piece.begin, asked.begin);
    piece.end = std::min(piece.end, asked.end);
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
  }
  stay(done, asked.end);
  active_[static_cast<size_t>(asked.process)] = false;
}

void CriticalPath::explainPiece(const Piece& piece, const Asked& asked) {
  if (piece.state == RunState::blocked && asked.depth < kDeepest) {
    const auto next = follow(timeline_, timeline_.state(piece.row));
    if (next && !active_[static_cast<size_t>(next->process)]) {
      explain({next->process, piece.begin, piece.end, asked.depth + 1}, asked.process, piece.row);
      return;
    }
  }
  append({piece.begin, piece.end, asked.process, piece.row, piece.state, asked.depth});
}

}  // namespace tarry
