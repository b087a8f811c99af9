#include "recorder/bpf_lane.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "format/errors.h"
#include "recorder/lane.h"
#include "recorder/records.h"

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

}  // namespace tarry
