// ProcessStates: what a process as a whole was doing. At each instant it is running (some thread
// runs), queued (none runs, one is runnable) or stalled (all are blocked); `unknown` where none of
// this can be said. The pieces cover the life of the process without gap or overlap.
//
// A stall is charged to the wait whose end ended it, so idle worker threads do not drown the one
// that matters. A stall that nothing ended (the recording stopped) is charged to the wait of the
// main thread, or where that is idle to the longest one that is not.
//
// Pieces are computed at the first question about a process and kept. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "query/timeline.h"

namespace tarry {

struct Piece {
  int64_t begin = 0;
  int64_t end = 0;
  int32_t row = kNone;                 // in Timeline::states(): the state that the time is charged to
  RunState state = RunState::unknown;  // blocked: stalled

  int64_t length() const { return end - begin; }
};

class ProcessStates {
 public:
  // `timeline` must outlive this.
  explicit ProcessStates(const Timeline& timeline) : timeline_(timeline) {}

  // Valid as long as this lives.
  std::span<const Piece> of(int32_t process);

 private:
  std::vector<Piece> single(int32_t thread) const;
  std::vector<Piece> merged(std::span<const int32_t> threads) const;

  const Timeline& timeline_;
  std::unordered_map<int32_t, std::vector<Piece>> pieces_;
};

// The part of `pieces` within [begin, end), the first and last one possibly cut by the caller.
std::span<const Piece> within(std::span<const Piece> pieces, int64_t begin, int64_t end);

}  // namespace tarry
