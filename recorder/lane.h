// A lane (struct lane, recorder/records.h): a ring in shared memory that one side writes and the other reads,
// without a system call. What stands between the two positions is complete.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recorder/records.h"

namespace tarry {

// Appends what was written, as forEachRecord() (raw_records.h) reads it. `memory` is a struct lane, LANE_DATA
// bytes from its begin the records. One reader; the writer may write at the same time.
void drainLane(std::span<uint8_t> memory, std::vector<uint8_t>& out);

// The writing side, where that is a process (the kernel's is recorder/bpf/lanes.h). One writer.
class LaneWriter {
 public:
  // Borrows the memory, whose part behind LANE_DATA is a power of two long and zero at first.
  explicit LaneWriter(std::span<uint8_t> memory);

  // False: there is no room for it now.
  bool put(std::span<const uint8_t> record);
  // Would a record of that size fit if the reader had read all?
  bool canHold(size_t size) const { return size + 2 * sizeof(uint64_t) <= data_.size() / 2; }

 private:
  lane& head_;
  std::span<uint8_t> data_;
};

}  // namespace tarry
