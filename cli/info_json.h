// `tarry info --format json`: one object. Times are nanoseconds, sizes bytes; a value that is not known is
// null. Fields are only ever added.
#pragma once

#include <string>

#include "cli/census.h"
#include "format/trace_check.h"
#include "format/trace_reader.h"

namespace tarry::cli {

// `reader` has been read with `census`.
// The same of what `tarry check` found: tarry_check, file, sound, events and the members of info's `damage`.
std::string checkJson(const std::string& file, const CheckResult& result);
std::string infoJson(const TraceReader& reader, const Census& census);

}  // namespace tarry::cli
