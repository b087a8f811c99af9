// Sequences of raw records (recorder/records.h) as they come out of rings and lanes: each behind an 8-byte
// header, whose first word is its length and a flag, and at a multiple of 8 bytes (kernel/bpf/ringbuf.c).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tarry {

// Calls visit(std::span<const uint8_t> record) for each record that was submitted.
template <class Visitor>
void forEachRecord(std::span<const uint8_t> bytes, Visitor&& visit) {
  constexpr uint32_t kDiscarded = 1U << 30;
  constexpr size_t kHeader = 8;
  size_t at = 0;
  while (bytes.size() - at >= kHeader) {
    uint32_t header = 0;
    __builtin_memcpy(&header, bytes.data() + at, sizeof(header));
    const size_t length = header & (kDiscarded - 1);
    if (length > bytes.size() - at - kHeader) return;
    if ((header & kDiscarded) == 0) visit(bytes.subspan(at + kHeader, length));
    at += (kHeader + length + 7) & ~size_t{7};
    if (at > bytes.size()) return;
  }
}

// Appends a record as the kernel would have (for what user space itself has to say).
void appendRecord(std::vector<uint8_t>& out, std::span<const uint8_t> record);

}  // namespace tarry
