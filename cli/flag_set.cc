#include "cli/flag_set.h"

#include <CLI/CLI.hpp>

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

Flag& Flag::optionalValue() {
  option_->expected(0, 1)->allow_extra_args(false);
  return *this;
}

Flag& Flag::required() {
  option_->required();
  return *this;
}

Flag& Flag::oneOf(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
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
