// The lanes of all CPUs (recorder/bpf/lanes.h), in the memory of an array map.
//
// One reader; the kernel may write at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tarry {

// Of the values of all CPUs, mapped in one piece.
class BpfLanes {
 public:
  // Borrows the map, whose values are LANE_DATA + size_bytes bytes long; size_bytes: a power of two of at
  // least a page. Throws RecordError where it cannot be mapped.
  BpfLanes(int map_fd, uint32_t cpus, size_t size_bytes);
  ~BpfLanes();
  BpfLanes(const BpfLanes&) = delete;
  BpfLanes& operator=(const BpfLanes&) = delete;

  // Appends what the CPU has written, as forEachRecord() (raw_records.h) reads it.
  void drain(uint32_t cpu, std::vector<uint8_t>& out);

 private:
  uint8_t* mapped_ = nullptr;
  const uint32_t cpus_;
  const size_t size_bytes_;
};

}  // namespace tarry
