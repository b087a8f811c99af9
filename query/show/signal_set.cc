#include "query/show/signal_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "analyzer/decode/text.h"
#include "format/errors.h"
#include "query/render/units.h"

namespace tarry {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return result;
}

// A name with or without SIG, or a number.
size_t signalNumber(std::string_view word, size_t limit) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc{} && end == word.data() + word.size() && number > 0 && number < limit) return number;
  std::string wanted = upper(word);
  if (!wanted.starts_with("SIG")) wanted.insert(0, "SIG");
  if (wanted == "SIGIOT") wanted = "SIGABRT";
  if (wanted == "SIGPOLL") wanted = "SIGIO";
  if (wanted == "SIGCLD") wanted = "SIGCHLD";
  for (size_t i = 1; i < limit; ++i) {
    std::string name;
    decode::appendSignal(name, static_cast<uint32_t>(i));
    if (name == wanted) return i;
  }
  throw UsageError(fmt::format(
      "-e signal={}: no such signal (known are SIGTERM or TERM, 15, SIGRT_2, all, none)", printable(word)));
}

}  // namespace

SignalSet SignalSet::parse(std::string_view expression) {
  SignalSet set;
  bool inverted = false;
  while (expression.starts_with('!')) {
    inverted = !inverted;
    expression.remove_prefix(1);
  }
  set.chosen_.reset();
  while (!expression.empty()) {
    const size_t comma = expression.find(',');
    const std::string_view word = expression.substr(0, comma);
    expression.remove_prefix(comma == std::string_view::npos ? expression.size() : comma + 1);
    if (word == "all") set.chosen_.set();
    else if (word != "none" && !word.empty()) set.chosen_.set(signalNumber(word, kNumbers));
  }
  if (inverted) set.chosen_.flip();
  return set;
}

bool SignalSet::contains(int32_t signo) const {
  return chosen_.test(signo > 0 && signo < static_cast<int32_t>(kNumbers) ? static_cast<size_t>(signo) : 0);
}

}  // namespace tarry
