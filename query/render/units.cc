#include "query/render/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "format/errors.h"

namespace tarry {
namespace {

// Three significant digits of a value below 1000.
std::string threeDigits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

}  // namespace

size_t utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  size_t length = 0;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  else if (first >= 0xe0 && first <= 0xef) length = 3;
  else if (first >= 0xf0 && first <= 0xf4) length = 4;
  else return 0;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

std::string formatDuration(int64_t ns) {
  if (ns < 0) return "-" + formatDuration(ns == INT64_MIN ? INT64_MAX : -ns);
  const auto value = static_cast<double>(ns);
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 999'500) return threeDigits(value / 1e3) + " µs";
  if (ns < 999'500'000) return threeDigits(value / 1e6) + " ms";
  if (ns < 59'995'000'000) return threeDigits(value / 1e9) + " s";
  const int64_t seconds = ns / 1'000'000'000 + (ns % 1'000'000'000 >= 500'000'000 ? 1 : 0);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  const int64_t minutes = (seconds + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string formatSize(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", threeDigits(value), kUnits[unit]);
}

std::string formatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string formatPercent(int64_t part, int64_t whole) {
  if (whole <= 0 || part <= 0) return "0%";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (percent < 0.05) return "0%";
  if (percent < 0.95) return fmt::format("{:.1f}%", percent);
  return fmt::format("{:.0f}%", percent);
}

std::string counted(uint64_t count, std::string_view singular, std::string_view plural) {
  if (count == 1) return fmt::format("1 {}", singular);
  if (plural.empty()) return fmt::format("{} {}s", formatCount(count), singular);
  return fmt::format("{} {}", formatCount(count), plural);
}

int64_t parseDuration(std::string_view text, std::string_view what) {
  struct Unit {
    std::string_view name;
    double ns;
  };
  static constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                                  {"us", 1e3},
                                                  {"µs", 1e3},
                                                  {"ms", 1e6},
                                                  {"s", 1e9},
                                                  {"m", 60e9},
                                                  {"min", 60e9},
                                                  {"h", 3600e9}}};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  double factor = unit.empty() ? 1e9 : 0;
  for (const Unit& known : kUnits)
    if (known.name == unit) factor = known.ns;
  if (error != std::errc() || factor == 0 || !std::isfinite(value) || std::abs(value * factor) > 9e18)
    throw UsageError(fmt::format("{}: '{}' is no duration (try 500ms, 2s or 1.5m)", what, printable(text)));
  return static_cast<int64_t>(std::llround(value * factor));
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t length = utf8Length(text.substr(i));
    // C1 controls (U+0080 to U+009F) steer terminals as well as C0 ones do.
    const bool c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (length == 0 || byte < 0x20 || byte == 0x7f || c1) {
      if (byte == '\n') out += "\\n";
      else if (byte == '\t') out += "\\t";
      else if (byte == '\r') out += "\\r";
      else
        for (size_t j = 0; j < std::max<size_t>(length, 1); ++j)
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i + j]));
      i += std::max<size_t>(length, 1);
      continue;
    }
    out.append(text, i, length);
    i += length;
  }
  return out;
}

int displayWidth(std::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) ++width;
  }
  return width;
}

std::string cutTo(std::string_view text, int width) {
  if (width <= 0 || displayWidth(text) <= width) return std::string(text);
  std::string out;
  int used = 0;
  bool colored = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      colored = true;
      while (i < text.size()) {
        out += text[i];
        if (text[i] == 'm') break;
        ++i;
      }
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && ++used > width - 1) break;
    out += text[i];
  }
  out += "…";
  if (colored) out += "\033[0m";
  return out;
}

std::string elidePath(std::string_view path, int width) {
  if (width <= 0 || displayWidth(path) <= width) return std::string(path);
  const size_t last = path.rfind('/');
  if (last == std::string_view::npos || last + 1 == path.size()) return cutTo(path, width);
  // "/usr" of "/usr/lib/x": where even that leaves no room for the name, the name alone.
  const size_t second = path.find('/', 1);
  for (const std::string_view head :
       {path.substr(0, second == std::string_view::npos ? 0 : second + 1), std::string_view()}) {
    for (size_t i = head.size(); i < path.size() && i <= last; ++i) {
      if (path[i] != '/') continue;
      const std::string_view tail = path.substr(i);
      if (displayWidth(head) + 1 + displayWidth(tail) <= width) return fmt::format("{}…{}", head, tail);
    }
  }
  return cutTo(path.substr(last + 1), width);
}

std::string wrapText(std::string_view text, int width, std::string_view indent) {
  std::string out;
  int column = 0;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (column > 0 && column + 1 + displayWidth(word) > width) {
      out += '\n';
      out += indent;
      column = displayWidth(indent);
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += displayWidth(word);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

}  // namespace tarry
