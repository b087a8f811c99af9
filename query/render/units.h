// How reports write numbers and lay out text, beside what format/readable.h has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/readable.h"

namespace tarry {

// "95%", "0.4%" below one per cent, "0%" for nothing.
std::string formatPercent(int64_t part, int64_t whole);

// "1 wait", "3 waits": `plural` defaults to singular + "s".
std::string counted(uint64_t count, std::string_view singular, std::string_view plural = {});

// "2s", "1.5ms", "300us", "10m", "1h", a bare number is seconds. Throws UsageError naming `what`.
int64_t parseDuration(std::string_view text, std::string_view what);

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
