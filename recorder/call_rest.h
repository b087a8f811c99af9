// CallRest: what large calls moved beyond their parts (RT_REST), kept until the call's own record comes.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "format/events.h"
#include "recorder/records.h"

namespace tarry {

class CallRest {
 public:
  // False: there is too much already; the piece is dropped.
  bool add(const rec_rest& head, std::span<const uint8_t> bytes);
  // Appends to the call's payloads what follows their bytes without a gap, and forgets the rest. The
  // payloads' data is valid until the next take().
  void take(uint32_t thread, uint32_t call_seq, uint64_t moved, std::vector<PayloadRef>& payloads);
  // A batch is done: what was there before it belongs to calls whose records were lost.
  void nextBatch();

 private:
  struct Rest {
    uint8_t arg = 0, part = 0;
    bool out = false;
    bool old = false;
    uint64_t begin = 0;  // where `bytes` starts in what was moved
    std::vector<uint8_t> bytes;
  };
  static uint64_t keyOf(uint32_t thread, uint32_t call_seq) { return uint64_t{thread} << 32U | call_seq; }

  std::unordered_map<uint64_t, Rest> calls_;
  size_t size_bytes_ = 0;
  std::vector<uint8_t> whole_;
};

}  // namespace tarry
