#include "query/net/piece_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "query/render/units.h"

namespace tarry {
namespace {

constexpr size_t kMostLines = 24;     // of a piece
constexpr size_t kMostDumped = 1024;  // bytes of it
constexpr size_t kMostInLine = 400;   // bytes of a line, or of a match on one line
constexpr size_t kLineLead = 80;      // what is shown of a long line before its first match
constexpr size_t kDumpWidth = 16;
constexpr std::string_view kIndent = "    ";

struct Line {
  size_t begin = 0, end = 0;  // without its line end
};

std::vector<Line> linesOf(std::string_view bytes) {
  std::vector<Line> lines;
  size_t begin = 0;
  while (begin < bytes.size()) {
    const size_t feed = std::min(bytes.find('\n', begin), bytes.size());
    size_t end = feed;
    if (end > begin && end < bytes.size() && bytes[end - 1] == '\r') end--;
    lines.push_back({begin, end});
    begin = feed + 1;
  }
  return lines;
}

bool overlaps(const FlowMatch& match, size_t begin, size_t end) {
  return match.begin < end && match.end > begin;
}

// The part of a line that is shown.
Line shownOf(const FlowText& text, Line line, bool whole) {
  if (whole || line.end - line.begin <= kMostInLine) return line;
  const auto match = std::find_if(text.matches.begin(), text.matches.end(),
                                  [&](const FlowMatch& m) { return overlaps(m, line.begin, line.end); });
  Line shown = line;
  if (match != text.matches.end() && match->begin > line.begin + kMostInLine - kLineLead)
    shown.begin = match->begin - kLineLead;
  shown.end = std::min(line.end, shown.begin + kMostInLine);
  return shown;
}

std::string inkedLine(const FlowText& text, Line line, const TextStyle& style) {
  const std::string_view bytes = text.bytes;
  std::string shown;
  size_t at = line.begin;
  for (const FlowMatch& match : text.matches) {
    if (!overlaps(match, line.begin, line.end)) continue;
    const size_t begin = std::max(match.begin, line.begin);
    const size_t end = std::min(match.end, line.end);
    shown += printable(bytes.substr(at, begin - at));
    shown += inked(style, Ink::red, printable(bytes.substr(begin, end - begin)));
    at = end;
  }
  return shown + printable(bytes.substr(at, line.end - at));
}

}  // namespace

void writeLines(const FlowText& text, const PieceTextOptions& options, std::ostream& out) {
  const std::vector<Line> lines = linesOf(text.bytes);
  size_t first = 0;
  if (!text.matches.empty()) {
    const auto with = std::find_if(lines.begin(), lines.end(), [&](const Line& line) {
      return line.end > text.matches.front().begin || line.begin >= text.matches.front().begin;
    });
    first = static_cast<size_t>(with - lines.begin());
  }
  size_t begin = 0;
  size_t end = lines.size();
  if (!options.whole && lines.size() > kMostLines) {
    if (first >= kMostLines) begin = std::min(first - 2, lines.size() - kMostLines);
    end = begin + kMostLines;
  }
  if (begin > 0) out << kIndent << "… " << counted(begin, "line") << " before\n";
  for (size_t i = begin; i < end; i++) {
    const Line shown = shownOf(text, lines[i], options.whole);
    if (lines[i].begin < lines[i].end)
      out << kIndent << (shown.begin > lines[i].begin ? "…" : "") << inkedLine(text, shown, options.style)
          << (shown.end < lines[i].end ? "…" : "");
    out << '\n';
  }
  if (end < lines.size()) out << kIndent << "… " << counted(lines.size() - end, "line") << " more\n";
}

void writeHex(const FlowText& text, const PieceTextOptions& options, std::ostream& out) {
  const std::string_view bytes = text.bytes;
  // Lines stand where they would without what is from the pieces before.
  const size_t lead = text.earlier % kDumpWidth;
  size_t at = 0;
  size_t end = bytes.size();
  if (!options.whole && bytes.size() > kMostDumped) {
    if (!text.matches.empty() && text.matches.front().begin > kMostDumped / 2) {
      at = text.matches.front().begin - kMostDumped / 4;
      at -= (at + kDumpWidth - lead) % kDumpWidth;
    }
    end = std::min(bytes.size(), at + kMostDumped);
  }
  if (at > 0) out << kIndent << "… " << formatSize(at) << " before\n";
  while (at < end) {
    const size_t stop = std::min(end, at == 0 && lead != 0 ? lead : at + kDumpWidth);
    const auto offset = static_cast<int64_t>(at) - static_cast<int64_t>(text.earlier);
    std::string hex;
    std::string characters;
    for (size_t i = at; i < stop; i++) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      const bool matched = std::any_of(text.matches.begin(), text.matches.end(),
                                       [&](const FlowMatch& match) { return overlaps(match, i, i + 1); });
      const Ink ink = matched ? Ink::red : Ink::plain;
      hex += inked(options.style, ink, fmt::format("{:02x}", byte));
      if ((i - at) % 2 == 1) hex += ' ';
      characters += inked(options.style, ink, std::string(1, byte >= 0x20 && byte < 0x7f ? bytes[i] : '.'));
    }
    constexpr int kHexColumns = 40;
    hex.append(static_cast<size_t>(std::max(0, kHexColumns - displayWidth(hex))), ' ');
    out << kIndent << (offset < 0 ? fmt::format("-{:07x}", -offset) : fmt::format("{:08x}", offset)) << ": "
        << hex << ' ' << characters << '\n';
    at = stop;
  }
  if (end < bytes.size()) out << kIndent << "… " << formatSize(bytes.size() - end) << " more\n";
}

std::string escapedLine(std::string_view bytes) {
  if (bytes.size() <= kMostInLine) return printable(bytes);
  return printable(bytes.substr(0, kMostInLine)) + "…";
}

}  // namespace tarry
