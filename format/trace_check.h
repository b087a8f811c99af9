// Verifying a trace, and making a clean one of a damaged one (`tarry check [--repair OUT]`).
#pragma once

#include <cstdint>
#include <string>

#include "format/trace_reader.h"

namespace tarry {

struct CheckResult {
  ReadReport report;  // of decoding everything there is
  uint64_t events = 0;
  uint64_t definitions = 0;
  bool repaired = false;  // the file is itself the result of a repair
};

// Decodes every block. Throws TraceError if it is no trace or cannot be read.
CheckResult checkTrace(const std::string& path);

struct RepairResult {
  uint64_t kept_blocks = 0;
  uint64_t lost_blocks = 0;  // damaged frames and stretches
  uint64_t lost_bytes = 0;   // of the damaged file
  uint64_t written_bytes = 0;
};

// Copies the whole good blocks of `path` to a new file `output`, with a new index and a trailer that
// is marked as repaired. Throws TraceError, also if both are the same file; a partial output is
// removed.
RepairResult repairTrace(const std::string& path, const std::string& output);

}  // namespace tarry
