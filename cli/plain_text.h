// How verbs that also exist in a build without the analyzer write sizes, times and foreign text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tarry::cli {

std::string sizeText(uint64_t bytes);            // "512 B", "1.5 KiB", "300.0 MiB"
std::string countText(uint64_t count);           // "5,210"
std::string durationText(int64_t ns);            // "850 ns", "1.20 ms", "2.11 s", "3 min 05 s", "2 h 07 min"
std::string wallClockText(int64_t realtime_ns);  // local time with its offset from UTC

// Text out of a trace, safe for a terminal: control characters become '?'.
std::string safeText(std::string_view text);
bool isUtf8(std::string_view text);
// Words as a shell would take them.
std::string shellWord(std::string_view word);

}  // namespace tarry::cli
