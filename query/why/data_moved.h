// DataMoved: which files and peers the bytes went to and came from, for the `why` of a program that
// spends its time in reading and writing. Empty at level `waits`, which sees no such calls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tarry {

class Database;

struct MovedBytes {
  std::string name;  // of the resource, safe for a terminal
  int64_t bytes = 0;
  int64_t calls = 0;
};

struct CallTime {
  std::string name;
  int64_t count = 0;
  int64_t total_ns = 0;  // not blocked
};

struct DataMoved {
  int64_t read_bytes = 0;
  int64_t written_bytes = 0;
  std::vector<MovedBytes> read;     // largest first, at most 5
  std::vector<MovedBytes> written;
  std::vector<CallTime> busiest;    // calls by the time spent in them without being blocked, at most 5
  int64_t calls = 0;
};

// Over all recorded calls of the database, or those of one process.
DataMoved dataMoved(Database& db, int64_t upid, int64_t from_ns, int64_t to_ns);
DataMoved dataMoved(Database& db, int64_t from_ns, int64_t to_ns);

}  // namespace tarry
