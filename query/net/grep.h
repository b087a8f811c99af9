// grepReport: what ngrep does, over a trace: the pieces that programs said to each other and in which a
// regular expression matches, with the process, the direction and both ends.
//
// What both ends of a connection or pipe were recorded of is shown once: as it was sent, or, where the
// receiver's end has more of the bytes, as it was received.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "query/render/rows.h"

namespace tarry {

class Database;

struct GrepOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  std::string pattern = {};
  bool ignore_case = false;
  bool invert = false;      // the pieces without a match
  bool hex = false;         // a dump of the bytes instead of lines
  bool count = false;       // how many pieces, and nothing else
  bool only_match = false;  // a line a match
  bool whole = false;       // of each piece everything
  bool both_ends = false;
  bool sent = false, received = false;  // only these
  bool files = false;                   // also reads and writes of files, devices and the terminal
  std::string process = {};             // pid or name
  int port = 0;                         // of either end; 0: any
  std::string host = {};                // address of either end
};

// Whether there was anything to show. Columns in machine formats: ts, pid, process, utid, direction, local,
// remote, source, source_id, syscall_id, length, kept, match_at, match, data. Throws UsageError for a pattern
// that is none, TraceError for a trace without payload.
bool grepReport(Database& db, const GrepOptions& options, std::ostream& out);

}  // namespace tarry
