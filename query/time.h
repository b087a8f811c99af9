// timeReport: what `time` says of the recorded command, and where the rest of its real time went,
// one line each. Without a command, the same of the whole recording in thread time.
#pragma once

#include <ostream>

#include "query/render/rows.h"
#include "query/why/data_moved.h"

namespace tarry {

class Database;
class StateStore;

struct TimeOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
};

// Columns in machine formats: name, ns, percent (of real, or of all thread time).
// `states`: as in Timeline::load().
void timeReport(Database& db, StateStore* states, const DataMovedSource& moved, const TimeOptions& options,
                std::ostream& out);
// The same, with calls and thread states from their tables.
void timeReport(Database& db, const TimeOptions& options, std::ostream& out);

}  // namespace tarry
