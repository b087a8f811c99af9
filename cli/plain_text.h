// How verbs that also exist in a build without the analyzer write times of day and commands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarry::cli {

std::string wallClockText(int64_t realtime_ns);  // local time with its offset from UTC

// Words as a shell would take them.
std::string shellWord(std::string_view word);

}  // namespace tarry::cli
