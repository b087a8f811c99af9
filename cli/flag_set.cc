#include "cli/flag_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "format/readable.h"

namespace tarry::cli {

Flag& Flag::valueName(const char* name) {
  option_->type_name(name);
  return *this;
}

Flag& Flag::description(const char* text) {
  option_->description(text);
  return *this;
}

Flag& Flag::repeatable() {
  option_->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
  return *this;
}

Flag& Flag::pair() {
  option_->expected(2)->allow_extra_args(false);
  return *this;
}

Flag& Flag::optionalValue() {
  option_->expected(0, 1)->allow_extra_args(false);
  return *this;
}

Flag& Flag::required() {
  option_->required();
  return *this;
}

FlagSet::FlagSet() : parser_(std::make_unique<CLI::App>()) {}
FlagSet::~FlagSet() = default;

void FlagSet::description(const char* text) {
  parser_->description(text);
}
void FlagSet::footer(const char* text) {
  parser_->footer(text);
}

Flag FlagSet::addOption(const char* names, std::string& value, const char* description) {
  return Flag(parser_->add_option(names, value, description));
}

Flag FlagSet::addOption(const char* names, int& value, const char* description) {
  return Flag(parser_->add_option(names, value, description));
}

Flag FlagSet::addOption(const char* names, std::vector<std::string>& values, const char* description) {
  return Flag(parser_->add_option(names, values, description));
}

Flag FlagSet::addOption(const char* names, std::vector<int>& values, const char* description) {
  return Flag(parser_->add_option(names, values, description));
}

Flag FlagSet::addFlag(const char* names, bool& given, const char* description) {
  return Flag(parser_->add_flag(names, given, description));
}

Flag FlagSet::addFlag(const char* names, int& times, const char* description) {
  return Flag(parser_->add_flag(names, times, description));
}

Flag FlagSet::addFlagWithValue(const char* names, std::string& value, const char* description) {
  return Flag(parser_->add_flag(names, value, description));
}

Flag FlagSet::addWord(const char* names, std::vector<std::string> words, std::function<void(size_t)> choose,
                      const char* description) {
  const auto parse = [words = std::move(words), choose = std::move(choose),
                      name = std::string(names)](const std::string& word) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) {
      throw CLI::ValidationError(name,
                                 fmt::format("'{}' is none ({})", printable(word), fmt::join(words, ", ")));
    }
    choose(static_cast<size_t>(found - words.begin()));
  };
  return Flag(parser_->add_option_function<std::string>(names, parse, description));
}

void FlagSet::addHiddenFlag(const char* name, std::function<void()> when_given) {
  parser_->add_flag_function(name, [when_given = std::move(when_given)](int64_t /*times*/) { when_given(); })
      ->group("");
}

void FlagSet::endAtFirstWord() {
  parser_->prefix_command();
}
std::vector<std::string> FlagSet::remaining() const {
  return parser_->remaining();
}

void FlagSet::parse(const std::vector<std::string>& arguments) {
  parser_->parse(
      std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them reversed
}

}  // namespace tarry::cli
