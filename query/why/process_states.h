// ProcessStates: what a process as a whole was doing. At each instant it is running (some thread
// runs), queued (none runs, one is runnable) or stalled (all are blocked); `unknown` where none of
// this can be said. The pieces cover the life of the process without gap or overlap.
//
// A stall is charged to the wait whose end ended it, so idle worker threads do not drown the one
// that matters. A stall that nothing ended (the recording stopped) is charged to the wait of the
// main thread, or where that is idle to the longest one that is not.
//
// Of a process with one thread the pieces are its states; of others they are computed at the first question
// and kept. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "query/timeline.h"

namespace tarry {

struct Piece {
  int64_t begin = 0;
  int64_t end = 0;
  int32_t row = kNone;  // of the Timeline's states: the one that the time is charged to, and says what it was

  int64_t length() const { return end - begin; }
};

class ProcessStates {
 public:
  // `timeline` must outlive this.
  explicit ProcessStates(const Timeline& timeline) : timeline_(timeline) {}

  // Calls f(piece) for the pieces within [begin, end) in the order of time, the first and last one possibly
  // cut. f may ask this about processes again.
  template <class F>
  void forEach(int32_t process, int64_t begin, int64_t end, F&& f) {
    const Pieces pieces = of(process);
    if (pieces.times.empty()) return;
    const auto after = std::upper_bound(pieces.times.begin(), pieces.times.end(), begin);
    auto i = static_cast<size_t>(std::max<std::ptrdiff_t>(after - pieces.times.begin() - 1, 0));
    for (; i + 1 < pieces.times.size() && pieces.times[i] < end; ++i) {
      const int32_t row = pieces.rows.empty() ? pieces.first_row + static_cast<int32_t>(i) : pieces.rows[i];
      if (row == kNone) continue;
      f(Piece{std::max(pieces.times[i], begin), std::min(pieces.times[i + 1], end), row});
    }
  }

 private:
  // Each piece begins at a time and lasts to the next.
  struct Pieces {
    std::span<const int64_t> times;
    std::span<const int32_t> rows;  // kNone: the process does not live then; none at all: from first_row on
    int32_t first_row = kNone;
  };
  struct Merged {
    std::vector<int64_t> times;
    std::vector<int32_t> rows;
  };
  Pieces of(int32_t process);
  Merged merged(std::span<const int32_t> threads) const;

  const Timeline& timeline_;
  std::unordered_map<int32_t, Merged> merged_;
};

}  // namespace tarry
