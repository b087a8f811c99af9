// summaryReport: system calls counted, by name as `strace -c` prints them and by kernel area: what
// the kernel did for the program.
//
// The time of a call is from its enter to its return, as `strace -c -w` counts it; how much of it
// the thread was blocked or queued stands beside it.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "query/render/rows.h"
#include "query/show/call_filter.h"

namespace tarry {

class Database;
class JsonOut;

enum class SummarySort : uint8_t { time, waiting, calls, errors, name, min, max, avg, none };

// strace's names for -S; throws UsageError.
SummarySort parseSummarySort(std::string_view name);

enum class SummaryBy : uint8_t { both, call, area };

struct SummaryOptions {
  RowFormat format = RowFormat::table;
  TextStyle style = {};
  SummaryBy by = SummaryBy::both;  // machine formats: both means call
  SummarySort sort = SummarySort::time;
  std::string process = {};  // pid or name
  CallFilter filter = {};    // only these calls
};

void summaryReport(Database& db, const SummaryOptions& options, std::ostream& out);

// The same as members `calls` and `areas` of the object that `json` has open (with options.by the one of
// them); empty where no call fits or the recording has none (level waits). Without options.format.
void writeCallsJson(Database& db, const SummaryOptions& options, JsonOut& json);

}  // namespace tarry
