// DataMoved: which files and peers the bytes went to and came from, for the `why` of a program that
// spends its time in reading and writing. Empty at level `waits`, which sees no such calls.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "query/timeline.h"

namespace tarry {

class Database;
class TraceReader;

struct MovedBytes {
  std::string name;  // of the resource, safe for a terminal
  int64_t bytes = 0;
  int64_t calls = 0;
};

struct CallTime {
  std::string name;
  int64_t count = 0;
  int64_t total_ns = 0;  // not blocked, not queued
};

struct DataMoved {
  int64_t read_bytes = 0;
  int64_t written_bytes = 0;
  std::vector<MovedBytes> read;  // largest first, at most 5
  std::vector<MovedBytes> written;
  std::vector<CallTime> busiest;  // by time, at most 5
  int64_t calls = 0;
  // CPU time between the enters and returns of the calls, in the interval; nullopt where no calls were
  // recorded.
  std::optional<int64_t> calls_cpu_ns;
};

// Of one process, or of all (kNone), within [begin, end).
using DataMovedSource =
    std::function<DataMoved(const Timeline&, int32_t process, int64_t begin, int64_t end)>;

// From table syscall. The database must outlive the source.
DataMovedSource movedFromTables(Database& db);
// Straight from the trace: far faster than filling the table for this. Both must outlive the source;
// `db` holds the trace's resources.
DataMovedSource movedFromTrace(TraceReader& reader, Database& db);

}  // namespace tarry
