// Small pieces of text in strace's spelling, appended to a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/decode/names.h"
#include "analyzer/decode/render.h"

namespace tarry::decode {

void appendSigned(std::string& out, int64_t value);
void appendUnsigned(std::string& out, uint64_t value);
void appendHex(std::string& out, uint64_t value);    // 0x1f; zero is "0"
void appendOctal(std::string& out, uint64_t value);  // 0644
void appendMode(std::string& out, uint64_t value);   // at least three digits: 000, 022, 0644

void appendFlags(std::string& out, const NameTable& table, uint64_t value, NameStyle style);
void appendConstant(std::string& out, const NameTable& table, uint64_t value, NameStyle style);
// By the table's kind.
void appendNames(std::string& out, const NameTable& table, uint64_t value, NameStyle style);

void appendSignal(std::string& out, uint32_t signal);  // SIGINT, SIGRT_2, 99
// st_mode: S_IFREG|0644
void appendFileMode(std::string& out, uint64_t mode, NameStyle style);
void appendDevice(std::string& out, uint64_t dev);  // makedev(0x1, 0x3), of a 64-bit encoded dev_t
// Bits of a mask as numbers: "0 1 5".
void appendBits(std::string& out, std::string_view bytes);

enum class Quoting : uint8_t { plain, hex };
// "…" with strace's escapes, cut after `limit` bytes; "..." is added where bytes are missing, which
// the caller says with `more` for those not even in `bytes`.
void appendQuoted(std::string& out, std::string_view bytes, size_t limit, bool more,
                  Quoting quoting = Quoting::plain);

// " /* 1970-01-01T00:00:01.000002000+0000 */" without the comment marks; UTC. `microseconds`: of a timeval,
// with six digits.
void appendTime(std::string& out, int64_t seconds, int64_t nanoseconds, bool microseconds = false);
// With them, and nothing for the time 0, as strace has it.
void appendTimeComment(std::string& out, int64_t seconds, int64_t nanoseconds, bool microseconds = false);
// A clock_t: 150 /* 1.50 s */
void appendTicks(std::string& out, uint64_t ticks);

}  // namespace tarry::decode
