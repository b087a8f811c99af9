#include "query/render/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "format/errors.h"

namespace tarry {
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
