#include "analyzer/decode/text.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace tarry::decode {
namespace {

void appendUnknown(std::string& out, std::string_view what) {
  if (what.empty()) return;
  out += " /* ";
  out += what;
  out += " */";
}

// The names of the set bits; what remains is appended as a number.
void appendFlagNames(std::string& out, const NameTable& table, uint64_t value) {
  const size_t start = out.size();
  uint64_t rest = value;
  for (const Name& name : table.names) {
    if (name.value == 0 ? value != 0 : (rest & name.value) != name.value) continue;
    if (out.size() != start) out += '|';
    out += name.name;
    rest &= ~name.value;
    if (value == 0) return;
  }
  if (out.size() == start) {
    appendHex(out, rest);
    if (rest != 0) appendUnknown(out, table.unknown);
  } else if (rest != 0) {
    out += '|';
    appendHex(out, rest);
  }
}

}  // namespace

void appendSigned(std::string& out, int64_t value) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}
void appendUnsigned(std::string& out, uint64_t value) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void appendHex(std::string& out, uint64_t value) {
  if (value == 0) {
    out += '0';
  } else {
    fmt::format_to(std::back_inserter(out), "{:#x}", value);
  }
}

void appendOctal(std::string& out, uint64_t value) {
  fmt::format_to(std::back_inserter(out), "{:#o}", value);
}
void appendMode(std::string& out, uint64_t value) {
  fmt::format_to(std::back_inserter(out), "0{:02o}", value);
}

void appendFlags(std::string& out, const NameTable& table, uint64_t value, NameStyle style) {
  if (style == NameStyle::names) return appendFlagNames(out, table, value);
  appendHex(out, value);
  if (style == NameStyle::raw || value == 0) return;
  out += " /* ";
  appendFlagNames(out, table, value);
  out += " */";
}

void appendConstant(std::string& out, const NameTable& table, uint64_t value, NameStyle style) {
  const std::string_view name = nameOf(table, value);
  if (style == NameStyle::names && !name.empty()) {
    out += name;
    return;
  }
  appendHex(out, value);
  if (style != NameStyle::raw) appendUnknown(out, name.empty() ? table.unknown : name);
}

void appendNames(std::string& out, const NameTable& table, uint64_t value, NameStyle style) {
  switch (table.kind) {
    case NameTable::Kind::flags: return appendFlags(out, table, value, style);
    case NameTable::Kind::values: return appendConstant(out, table, value, style);
  }
}

void appendSignal(std::string& out, uint32_t signal) {
  const std::string_view name = signalName(signal);
  if (!name.empty()) {
    out += name;
  } else if (signal > 32 && signal <= 64) {
    out += "SIGRT_";
    appendUnsigned(out, signal - 32);
  } else {
    appendSigned(out, static_cast<int32_t>(signal));
  }
}

void appendFileMode(std::string& out, uint64_t mode, NameStyle style) {
  const std::string_view type = nameOf(kFileTypes, mode & 0170000);
  if (style == NameStyle::raw || type.empty()) return appendMode(out, mode);
  out += type;
  static constexpr Name kBits[] = {{04000, "S_ISUID"}, {02000, "S_ISGID"}, {01000, "S_ISVTX"}};
  for (const Name& bit : kBits) {
    if ((mode & bit.value) == 0) continue;
    out += '|';
    out += bit.name;
  }
  out += '|';
  appendMode(out, mode & 0777);
}

void appendDevice(std::string& out, uint64_t dev) {
  // include/uapi/linux/kdev_t.h and glibc's gnu_dev_major(): 12 + 20 bits, spread.
  const uint64_t major = ((dev >> 8) & 0xfff) | ((dev >> 32) & 0xfffff000);
  const uint64_t minor = (dev & 0xff) | ((dev >> 12) & 0xffffff00);
  out += "makedev(";
  appendHex(out, major);
  out += ", ";
  appendHex(out, minor);
  out += ')';
}

void appendBits(std::string& out, std::string_view bytes) {
  bool first = true;
  for (size_t i = 0; i < bytes.size() * 8; ++i) {
    if (((static_cast<uint8_t>(bytes[i / 8]) >> (i % 8)) & 1) == 0) continue;
    if (!first) out += ' ';
    first = false;
    appendUnsigned(out, i);
  }
}

void appendQuoted(std::string& out, std::string_view bytes, size_t limit, bool more, Quoting quoting) {
  const size_t shown = bytes.size() < limit ? bytes.size() : limit;
  out += '"';
  for (size_t i = 0; i < shown; ++i) {
    const auto c = static_cast<uint8_t>(bytes[i]);
    if (quoting == Quoting::hex) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
      continue;
    }
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += static_cast<char>(c);
        continue;
      case '\f': out += "\\f"; continue;
      case '\n': out += "\\n"; continue;
      case '\r': out += "\\r"; continue;
      case '\t': out += "\\t"; continue;
      case '\v': out += "\\v"; continue;
      default: break;
    }
    if (c >= ' ' && c <= '~') {
      out += static_cast<char>(c);
      continue;
    }
    // As short as it can be without running into an octal digit that follows.
    const bool digit_follows = i + 1 < shown && bytes[i + 1] >= '0' && bytes[i + 1] <= '7';
    if (digit_follows) {
      fmt::format_to(std::back_inserter(out), "\\{:03o}", c);
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:o}", c);
    }
  }
  out += '"';
  if (more || shown < bytes.size()) out += "...";
}

void appendTime(std::string& out, int64_t seconds, int64_t nanoseconds, bool microseconds) {
  const auto when = static_cast<time_t>(seconds);
  std::tm parts{};
  if (gmtime_r(&when, &parts) == nullptr) return;
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                 int64_t{parts.tm_year} + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                 parts.tm_sec);
  if (nanoseconds != 0 && microseconds) {
    fmt::format_to(std::back_inserter(out), ".{:06}", nanoseconds / 1000);
  } else if (nanoseconds != 0) {
    fmt::format_to(std::back_inserter(out), ".{:09}", nanoseconds);
  }
  out += "+0000";
}

void appendTimeComment(std::string& out, int64_t seconds, int64_t nanoseconds, bool microseconds) {
  if (seconds == 0 && nanoseconds == 0) return;
  out += " /* ";
  appendTime(out, seconds, nanoseconds, microseconds);
  out += " */";
}

void appendTicks(std::string& out, uint64_t ticks) {
  constexpr uint64_t kTicksPerSecond = 100;  // USER_HZ, the same on all ABIs
  appendUnsigned(out, ticks);
  if (ticks == 0) return;
  fmt::format_to(std::back_inserter(out), " /* {}.{:02} s */", ticks / kTicksPerSecond,
                 ticks % kTicksPerSecond);
}

}  // namespace tarry::decode
