// ProcessFacts: what lists of processes say of one: when it began, how long it lived, its CPU time and how
// it ended. Times are trace time, ns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "query/timeline.h"
#include "query/why/explain.h"

namespace tarry {

struct ProcessFacts {
  std::optional<int64_t> start_ns;  // nullopt: before the recording
  std::optional<Lifetime> life;     // of the command: from its first program on
  int64_t cpu_ns = 0;               // its own, of all its threads, without its children
  std::string exit;                 // "0", "SIGTERM", "running"; empty where nothing was seen of it
};
ProcessFacts processFacts(const Timeline& timeline, int32_t process);

// CPU time of a thread from `from_ns` on.
int64_t threadCpu(const Timeline& timeline, int32_t thread, int64_t from_ns = INT64_MIN);

}  // namespace tarry
