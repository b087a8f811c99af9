// What the BPF programs shall take of each system call, derived from the declared table of calls
// (format/syscall_table.h): a table indexed by ABI and number that is copied into a BPF map, and
// what the encoder needs to read the result.
#pragma once

#include <cstdint>
#include <vector>

#include "format/syscall_table.h"
#include "recorder/records.h"

namespace tarry {

struct CallShape {
  call_plan plan{};
  uint8_t arg_count = kMaxArgs;
  uint8_t keep_mask = 0x3f;  // bit i: argument i means something by itself; otherwise a pointer
};

class CapturePlan {
 public:
  // snaplen 0: strings, objects, ready sets and the little that is always needed.
  explicit CapturePlan(int64_t snaplen);

  // Of PLAN_TABLES * PLAN_CALLS rows, as the map is indexed.
  const std::vector<CallShape>& rows() const { return rows_; }
  // nullptr: a number the table of the ABI does not know.
  const CallShape* find(uint8_t abi, int32_t nr) const;

 private:
  std::vector<CallShape> rows_;
};

// The plan of one call; exposed for tests.
CallShape planOf(const SyscallSpec& spec, Abi abi, int64_t snaplen);

}  // namespace tarry
