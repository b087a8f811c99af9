// Delivers the events of several loaded blocks in the order of time.
//
// Among events of the same instant: clock points, losses and folds, then births and what a process is,
// wake-ups, switches in, calls (at their enter), plaintext, signals, sockets, packets, renames, execs and
// exits, and last switches out. So nothing of a child comes before its fork, a wake-up before the switch-in
// it leads to, a call before the switch-out in it, an exit before the thread's last switch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "format/trace_reader.h"

namespace tarry {

// One event that is due at an instant.
struct Due {
  int64_t ts_ns = 0;
  uint32_t row = 0;
  uint8_t rank = 0;

  friend bool operator<(const Due& a, const Due& b) {
    if (a.ts_ns != b.ts_ns) return a.ts_ns < b.ts_ns;
    if (a.rank != b.rank) return a.rank < b.rank;
    return a.row < b.row;
  }
};

enum Rank : uint8_t {
  kRankClock,
  kRankLoss,
  kRankFold,
  kRankBirth,
  kRankWake,
  kRankIn,
  kRankCall,
  kRankPlaintext,
  kRankSignal,
  kRankSocket,
  kRankPacket,
  kRankChange,
  kRankOut
};

// The rows of a block, ready to be delivered.
class LoadedBlock {
 public:
  virtual ~LoadedBlock() = default;
  virtual void deliver(uint32_t row, TraceVisitor& visitor) = 0;

  std::vector<Due> due;  // sorted by the merge
  uint64_t offset = 0;   // of the block in the file: earlier blocks go first in ties
  uint64_t bytes = 0;    // memory it takes, about
};

class TimeMerge {
 public:
  // Rows that are due before what has been delivered already come too late: their number.
  uint64_t add(std::unique_ptr<LoadedBlock> block);
  bool empty() const { return heap_.empty(); }
  // Time of the next event; not when empty.
  int64_t nextNs() const { return heap_.front().block->due[heap_.front().next].ts_ns; }
  // Delivers all events before `until_ns`.
  void deliverBefore(int64_t until_ns, TraceVisitor& visitor);
  // At least one event: a block's worth where nothing else is due.
  void deliverSome(TraceVisitor& visitor);
  uint64_t bytes() const { return bytes_; }
  // Time of the last event that was delivered.
  int64_t deliveredNs() const { return delivered_ns_; }

 private:
  struct Cursor {
    std::unique_ptr<LoadedBlock> block;
    size_t next = 0;
  };
  static bool later(const Cursor& a, const Cursor& b);
  void deliverTop(int64_t until_ns, TraceVisitor& visitor);

  std::vector<Cursor> heap_;  // the earliest first
  uint64_t bytes_ = 0;
  int64_t delivered_ns_ = INT64_MIN;
};

}  // namespace tarry
