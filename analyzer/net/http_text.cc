#include "analyzer/net/http_text.h"

#include <algorithm>
#include <array>

namespace tarry::analysis {
namespace {

// Methods that are believed before the whole line has been seen (RFC 9110, WebDAV and its relatives).
constexpr std::array<std::string_view, 25> kMethods = {
    "GET",   "HEAD",     "POST",  "PUT",       "DELETE",      "CONNECT", "OPTIONS", "TRACE",    "PATCH",
    "COPY",  "LOCK",     "MKCOL", "MOVE",      "UNLOCK",      "REPORT",  "SEARCH",  "PROPFIND", "PROPPATCH",
    "PURGE", "CHECKOUT", "MERGE", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY",  "M-SEARCH"};
constexpr size_t kLongestMethod = 24;
// The router shows so much of a beginning.
constexpr size_t kEnough = 64;

bool isTokenLetter(char c) {
  return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}
bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// "HTTP/1.d ddd", as far as it goes.
Verdict responseBeginning(std::string_view start, bool more) {
  constexpr std::string_view kPattern = "HTTP/1.# ###";
  const size_t count = std::min(start.size(), kPattern.size());
  for (size_t i = 0; i < count; i++) {
    if (kPattern[i] == '#' ? !isDigit(start[i]) : start[i] != kPattern[i]) return Verdict::no;
  }
  if (count < kPattern.size()) return more ? Verdict::maybe : Verdict::no;
  if (start.size() == count) return more ? Verdict::maybe : Verdict::yes;
  const char after = start[count];
  return after == ' ' || after == '\r' || after == '\n' ? Verdict::yes : Verdict::no;
}

bool endsWithVersion(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  constexpr std::string_view kVersion = " HTTP/1.";
  return line.size() > kVersion.size() && isDigit(line.back()) &&
         line.substr(0, line.size() - 1).ends_with(kVersion);
}

bool beginsTarget(std::string_view target, std::string_view method) {
  if (method == "CONNECT") return true;
  const char first = target.front();
  if (first == '/' || first == '*') return true;
  constexpr std::string_view kScheme = "http";
  const size_t count = std::min(target.size(), kScheme.size());
  return sameText(target.substr(0, count), kScheme.substr(0, count));
}

Verdict requestBeginning(std::string_view start, bool more) {
  const size_t space = start.find(' ');
  const std::string_view method = start.substr(0, space);
  if (method.empty() || method.size() > kLongestMethod ||
      !std::all_of(method.begin(), method.end(), isTokenLetter))
    return Verdict::no;
  const Verdict short_of = more ? Verdict::maybe : Verdict::no;
  if (space == std::string_view::npos || space + 1 == start.size()) return short_of;
  const std::string_view rest = start.substr(space + 1);
  if (!beginsTarget(rest, method)) return Verdict::no;
  const size_t end = start.find('\n');
  if (end != std::string_view::npos)
    return endsWithVersion(start.substr(0, end)) ? Verdict::yes : Verdict::no;
  const bool clean = std::all_of(rest.begin(), rest.end(), [](char c) { return c >= ' ' || c == '\r'; });
  if (!clean) return Verdict::no;
  if (more && start.size() < kEnough) return Verdict::maybe;
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end() ? Verdict::yes : Verdict::no;
}

}  // namespace

bool sameText(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<HeaderField> headerFields(std::string_view block) {
  std::vector<HeaderField> fields;
  while (!block.empty()) {
    const size_t end = std::min(block.find('\n'), block.size() - 1) + 1;
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end);
    if (trimmed(line).empty()) continue;
    const bool folded = line.front() == ' ' || line.front() == '\t';
    if (folded && !fields.empty()) {
      std::string_view& value = fields.back().value;
      if (value.data() != nullptr && !value.empty()) {
        const std::string_view more = trimmed(line);
        value = {value.data(), static_cast<size_t>(more.data() + more.size() - value.data())};
      } else {
        value = trimmed(line);
      }
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) fields.push_back({trimmed(line), {}});
    else fields.push_back({trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))});
  }
  return fields;
}

std::optional<std::string_view> findHeader(const std::vector<HeaderField>& fields, std::string_view name) {
  for (const HeaderField& field : fields)
    if (sameText(field.name, name)) return field.value;
  return std::nullopt;
}

bool headerHas(const std::vector<HeaderField>& fields, std::string_view name, std::string_view element) {
  for (const HeaderField& field : fields) {
    if (!sameText(field.name, name)) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const size_t comma = std::min(list.find(','), list.size());
      if (sameText(trimmed(list.substr(0, comma)), element)) return true;
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  return false;
}

Beginning messageBeginning(std::string_view start, bool more) {
  if (start.empty()) return {};
  start = start.substr(0, kEnough);
  const Verdict response = responseBeginning(start, more);
  if (response == Verdict::yes) return {response, MessageKind::response};
  // "H" can become either.
  const Verdict request = requestBeginning(start, more);
  if (request != Verdict::no) return {request, MessageKind::request};
  return {response, MessageKind::response};
}

}  // namespace tarry::analysis
