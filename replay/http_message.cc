#include "replay/http_message.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <vector>

namespace tarry::replay {
namespace {

constexpr size_t kMostHead = 64 * 1024;

std::string_view textOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

bool sameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// The lines of the head, without their ends; the first is the request line.
std::vector<std::string_view> linesOf(std::string_view head) {
  std::vector<std::string_view> lines;
  while (!head.empty()) {
    const size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = trimmed(head.substr(0, end));
    if (!line.empty()) lines.push_back(line);
    head.remove_prefix(std::min(end + 1, head.size()));
  }
  return lines;
}

// Value of a header, empty where there is none.
std::string_view header(const std::vector<std::string_view>& lines, std::string_view name) {
  for (size_t i = 1; i < lines.size(); i++) {
    const size_t colon = lines[i].find(':');
    if (colon != std::string_view::npos && sameWord(trimmed(lines[i].substr(0, colon)), name))
      return trimmed(lines[i].substr(colon + 1));
  }
  return {};
}

size_t headEnd(std::string_view text) {
  const size_t limit = std::min(text.size(), kMostHead);
  for (size_t at = text.find('\n'); at < limit; at = text.find('\n', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.starts_with('\n')) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return 0;
}

// Bytes of a chunked body, 0: it goes on.
size_t chunkedEnd(std::string_view body) {
  size_t at = 0;
  while (at < body.size()) {
    const size_t line = body.find('\n', at);
    if (line == std::string_view::npos) return 0;
    size_t size = 0;
    const auto parsed = std::from_chars(body.data() + at, body.data() + line, size, 16);
    if (parsed.ec != std::errc{} || size > SIZE_MAX / 2) return line + 1;
    if (size == 0) {  // trailers, to an empty line
      for (size_t from = line + 1; from < body.size();) {
        const size_t end = body.find('\n', from);
        if (end == std::string_view::npos) return 0;
        if (trimmed(body.substr(from, end - from)).empty()) return end + 1;
        from = end + 1;
      }
      return 0;
    }
    at = line + 1 + size;
    if (at >= body.size()) return 0;
    const size_t end = body.find('\n', at);
    if (end == std::string_view::npos) return 0;
    at = end + 1;
  }
  return 0;
}

std::string_view target(std::string_view line) {
  return line.substr(0, line.rfind(' '));
}

}  // namespace

bool looksLikeRequest(std::span<const uint8_t> bytes) {
  const std::string_view text = textOf(bytes);
  const std::string_view line = trimmed(text.substr(0, std::min(text.find('\n'), text.size())));
  const size_t space = line.find(' ');
  if (!text.starts_with(line) || space == std::string_view::npos || space > 20) return false;
  const bool method = std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(space),
                                  [](char c) { return c >= 'A' && c <= 'Z'; });
  return method && line.substr(line.rfind(' ') + 1).starts_with("HTTP/1.");
}

std::optional<RequestExtent> requestExtent(std::span<const uint8_t> bytes) {
  const std::string_view text = textOf(bytes);
  RequestExtent extent;
  extent.head = headEnd(text);
  if (extent.head == 0) return std::nullopt;
  const std::vector<std::string_view> lines = linesOf(text.substr(0, extent.head));
  extent.expects_continue = sameWord(header(lines, "Expect"), "100-continue");
  const std::string_view coding = header(lines, "Transfer-Encoding");
  if (!coding.empty() && !sameWord(coding, "identity")) {
    const size_t body = chunkedEnd(text.substr(extent.head));
    extent.whole = body != 0 ? extent.head + body : 0;
    return extent;
  }
  const std::string_view length = header(lines, "Content-Length");
  uint64_t body = 0;
  std::from_chars(length.data(), length.data() + length.size(), body);
  if (body <= bytes.size() - extent.head) extent.whole = extent.head + static_cast<size_t>(body);
  return extent;
}

int likeness(std::span<const uint8_t> recorded, std::span<const uint8_t> asked) {
  const std::string_view one = textOf(recorded), other = textOf(asked);
  const size_t one_head = headEnd(one), other_head = headEnd(other);
  const std::vector<std::string_view> one_lines =
      linesOf(one.substr(0, one_head != 0 ? one_head : one.size()));
  const std::vector<std::string_view> other_lines =
      linesOf(other.substr(0, other_head != 0 ? other_head : other.size()));
  if (one_lines.empty() || other_lines.empty() || target(one_lines[0]) != target(other_lines[0])) return 0;
  int alike = 1;
  for (size_t i = 1; i < other_lines.size(); i++)
    alike += static_cast<int>(std::count(one_lines.begin() + 1, one_lines.end(), other_lines[i]));
  // One address may serve several hosts; where it is led to another one, that has another name.
  if (sameWord(header(one_lines, "Host"), header(other_lines, "Host")))
    alike += 2 * static_cast<int>(other_lines.size());
  // A body says more than any header.
  if (one_head != 0 && other_head != 0 && one.substr(one_head) == other.substr(other_head))
    alike += static_cast<int>(other_lines.size());
  return alike;
}

std::string_view requestLine(std::span<const uint8_t> bytes) {
  const std::string_view text = textOf(bytes);
  const std::string_view line = trimmed(text.substr(0, std::min(text.find('\n'), text.size())));
  return target(line);
}

}  // namespace tarry::replay
