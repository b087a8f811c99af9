// One way to write durations, sizes, counts and untrusted text, for every report.
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

// "95%", "0.4%" below one per cent, "0%" for nothing.
std::string formatPercent(int64_t part, int64_t whole);

// "1 wait", "3 waits": `plural` defaults to singular + "s".
std::string counted(uint64_t count, std::string_view singular, std::string_view plural = {});

// "2s", "1.5ms", "300us", "10m", "1h", a bare number is seconds. Throws UsageError naming `what`.
int64_t parseDuration(std::string_view text, std::string_view what);

// Text out of a trace, made safe for a terminal: control characters and bytes that are not UTF-8
// become \n, \t, \x1b, \xff …
std::string printable(std::string_view text);

// Length of the UTF-8 sequence `text` starts with, 0 if it is not valid. `text` is not empty.
size_t utf8Length(std::string_view text);

// Columns that `text` takes on a terminal (code points; ANSI sequences of `inked` do not count).
int displayWidth(std::string_view text);

// With line breaks between words so that it fits; lines after the first begin with `indent`.
std::string wrapText(std::string_view text, int width, std::string_view indent);

// Cut to `width` columns, the last of them "…".
std::string cutTo(std::string_view text, int width);

// A path in `width` columns: "/usr/…/apis/dns.py". The beginning and as much of the end as fits stay.
// Other text is cut at its end.
std::string elidePath(std::string_view path, int width);

}  // namespace tarry
