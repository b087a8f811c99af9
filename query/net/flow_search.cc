#include "query/net/flow_search.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "format/errors.h"
#include "format/readable.h"

namespace tarry {
namespace {

RE2::Options options(bool ignore_case) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);  // one byte, one character
  options.set_case_sensitive(!ignore_case);
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct FlowSearch::Expression {
  // Lines, as grep and ngrep have them.
  Expression(const std::string& pattern, bool ignore_case) : re("(?m)" + pattern, options(ignore_case)) {}

  // The first match at or behind `from` that is not empty.
  std::optional<FlowMatch> find(std::string_view text, size_t from) const {
    const re2::StringPiece bytes(text.data(), text.size());
    while (from < text.size()) {
      re2::StringPiece found;
      if (!re.Match(bytes, from, text.size(), RE2::UNANCHORED, &found, 1)) return std::nullopt;
      const auto begin = static_cast<size_t>(found.data() - text.data());
      if (!found.empty()) return FlowMatch{begin, begin + found.size()};
      from = begin + 1;
    }
    return std::nullopt;
  }

  RE2 re;
};

FlowSearch::FlowSearch(const std::string& pattern, bool ignore_case)
    : expression_(std::make_unique<Expression>(pattern, ignore_case)) {
  if (expression_->re.ok()) return;
  // What is wrong with the pattern as the user wrote it.
  const RE2 own(pattern, options(ignore_case));
  throw UsageError(
      fmt::format("'{}' is no regular expression: {} (the syntax is RE2's: that of Perl without back "
                  "references and looking around)",
                  printable(pattern), printable((own.ok() ? expression_->re : own).error())));
}

FlowSearch::~FlowSearch() = default;

FlowText FlowSearch::search(const Place& place, std::span<const uint8_t> piece) {
  const std::string_view bytes(reinterpret_cast<const char*>(piece.data()), piece.size());
  FlowText text;
  size_t from = 0;  // in the piece
  End* before = place.flow != 0 ? &ends_[place.flow] : nullptr;
  if (before != nullptr && place.after_gap) *before = {};
  if (before != nullptr && !before->bytes.empty()) {
    const size_t earlier = before->bytes.size();
    const std::string joined = before->bytes + std::string(bytes.substr(0, kWindow));
    for (size_t at = before->cut ? 1 : 0; at < earlier;) {
      const auto match = expression_->find(joined, at);
      if (!match || match->begin >= earlier) break;
      at = match->end;
      // What lies before the piece altogether has been found there.
      if (match->end <= earlier) continue;
      text.earlier = earlier - match->begin;
      text.bytes = before->bytes.substr(match->begin);
      text.matches.push_back({0, match->end - match->begin});
      from = match->end - earlier;
      break;
    }
  }
  text.bytes += bytes;
  while (text.matches.size() < kMostMatches) {
    const auto match = expression_->find(bytes, from);
    if (!match) break;
    text.matches.push_back({text.earlier + match->begin, text.earlier + match->end});
    from = match->end;
  }
  if (before != nullptr) keep(place, *before, bytes);
  return text;
}

void FlowSearch::keep(const Place& place, End& end, std::string_view piece) {
  if (place.last) {
    ends_.erase(place.flow);
    return;
  }
  end.bytes.append(piece.substr(piece.size() - std::min(piece.size(), kWindow + 1)));
  end.cut = end.cut || piece.size() > kWindow + 1;
  if (end.bytes.size() > kWindow + 1) {
    end.bytes.erase(0, end.bytes.size() - (kWindow + 1));
    end.cut = true;
  }
}

}  // namespace tarry
