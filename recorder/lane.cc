#include "recorder/lane.h"

#include <algorithm>
#include <cstring>

namespace tarry {

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

LaneWriter::LaneWriter(std::span<uint8_t> memory)
    : head_(*reinterpret_cast<lane*>(memory.data())), data_(memory.subspan(LANE_DATA)) {}

// A record never goes beyond the end: what is left there is skipped.
bool LaneWriter::put(std::span<const uint8_t> record) {
  const uint64_t whole = sizeof(uint64_t) + ((record.size() + 7) & ~size_t{7});
  const uint64_t begin = head_.written;
  size_t offset = begin % data_.size();
  const uint64_t left = data_.size() - offset;
  const bool wraps = left < whole;
  const uint64_t end = begin + whole + (wraps ? left : 0);
  if (end - __atomic_load_n(&head_.read, __ATOMIC_ACQUIRE) > data_.size()) return false;
  const auto putHeader = [&](size_t at, uint64_t header) {
    std::memcpy(data_.data() + at, &header, sizeof(header));
  };
  if (wraps) {
    putHeader(offset, (left - sizeof(uint64_t)) | LANE_SKIP);
    offset = 0;
  }
  putHeader(offset, record.size());
  std::copy(record.begin(), record.end(), data_.begin() + static_cast<ptrdiff_t>(offset + sizeof(uint64_t)));
  __atomic_store_n(&head_.written, end, __ATOMIC_RELEASE);
  return true;
}

}  // namespace tarry
