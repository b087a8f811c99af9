// timeReport: what `time` says of the recorded command, and where the rest of its real time went,
// one line each. Without a command, the same of the whole recording in thread time.
#pragma once

#include <ostream>

#include "query/render/rows.h"
#include "query/why/data_moved.h"

namespace tarry {

class Database;

struct TimeOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
};

// Columns in machine formats: name, ns, percent (of real, or of all thread time).
void timeReport(Database& db, const DataMovedSource& moved, const TimeOptions& options, std::ostream& out);
// The same, with the calls from table syscall.
void timeReport(Database& db, const TimeOptions& options, std::ostream& out);

}  // namespace tarry
