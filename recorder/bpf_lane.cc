#include "recorder/bpf_lane.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "format/errors.h"
#include "recorder/bpf/records.h"

namespace tarry {

BpfLanes::BpfLanes(int map_fd, uint32_t cpus, size_t size_bytes) : cpus_(cpus), size_bytes_(size_bytes) {
  void* mapped =
      ::mmap(nullptr, cpus * (LANE_DATA + size_bytes), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (mapped == MAP_FAILED) {
    throw RecordError(std::string("cannot map the BPF lanes: ") + std::strerror(errno));
  }
  mapped_ = static_cast<uint8_t*>(mapped);
}

BpfLanes::~BpfLanes() {
  ::munmap(mapped_, cpus_ * (LANE_DATA + size_bytes_));
}

void BpfLanes::drain(uint32_t cpu, std::vector<uint8_t>& out) {
  const size_t bytes = LANE_DATA + size_bytes_;
  drainLane({mapped_ + cpu * bytes, bytes}, out);
}

void drainLane(std::span<uint8_t> memory, std::vector<uint8_t>& out) {
  auto* head = reinterpret_cast<lane*>(memory.data());
  const std::span<const uint8_t> data = memory.subspan(LANE_DATA);
  const uint64_t begin = head->read;
  const uint64_t end = __atomic_load_n(&head->written, __ATOMIC_ACQUIRE);
  if (end == begin) return;
  const size_t at = begin % data.size();
  const size_t first = std::min<size_t>(end - begin, data.size() - at);
  const auto from = data.begin() + static_cast<ptrdiff_t>(at);
  out.insert(out.end(), from, from + static_cast<ptrdiff_t>(first));
  out.insert(out.end(), data.begin(), data.begin() + static_cast<ptrdiff_t>(end - begin - first));
  __atomic_store_n(&head->read, end, __ATOMIC_RELEASE);
}

}  // namespace tarry
