// One way to write durations, sizes, counts and untrusted text, for every verb and every message: also those
// of a build that only records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tarry {

// Three significant digits: "850 ns", "12.3 µs", "1.20 ms", "2.11 s", "3 min 05 s", "2 h 07 min".
std::string formatDuration(int64_t ns);

// Powers of 1024: "512 B", "1.50 KiB", "300 MiB".
std::string formatSize(uint64_t bytes);

// Thousands separated: "5,210".
std::string formatCount(uint64_t count);

// Text out of a trace, made safe for a terminal: control characters and bytes that are not UTF-8
// become \n, \t, \x1b, \xff …
std::string printable(std::string_view text);

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 are written as in C, \\xff: a lone
// surrogate, which could stand for them, is no valid JSON to many readers.
std::string jsonString(std::string_view text);

// Length of the UTF-8 sequence `text` starts with, 0 if it is not valid. `text` is not empty.
size_t utf8Length(std::string_view text);

}  // namespace tarry
