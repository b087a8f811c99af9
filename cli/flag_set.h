// The flags of one verb, as the verbs declare them. Keeps CLI11, whose headers take seconds to compile,
// in the few files that parse and describe: a verb includes this alone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tarry::cli {

// A declared flag or positional argument, to say more of it. Borrows from its FlagSet.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  Flag& valueName(const char* name);  // as the help page shows it: "FILE"
  Flag& description(const char* text);
  Flag& repeatable();  // one value each time it is given, all are kept
  Flag& pair();        // two values
  Flag& optionalValue();
  Flag& required();

 private:
  CLI::Option* option_;
};

// Values are written when the command line is parsed: they must live as long as the FlagSet.
class FlagSet {
 public:
  FlagSet();
  ~FlagSet();
  FlagSet(const FlagSet&) = delete;
  FlagSet& operator=(const FlagSet&) = delete;

  void description(const char* text);
  void footer(const char* text);

  // `names` as in "-o,--output"; without dashes it is a positional argument.
  Flag addOption(const char* names, std::string& value, const char* description);
  Flag addOption(const char* names, int& value, const char* description);
  Flag addOption(const char* names, std::vector<std::string>& values, const char* description);
  Flag addOption(const char* names, std::vector<int>& values, const char* description);
  Flag addFlag(const char* names, bool& given, const char* description);
  Flag addFlag(const char* names, int& times, const char* description);
  // A flag that may have a value, only as in --name=VALUE: the word behind it is not it. `names` has the
  // value that is meant without one: "--name{VALUE}".
  Flag addFlagWithValue(const char* names, std::string& value, const char* description);
  // One of some words, each of which stands for a value.
  template <typename Value>
  Flag addChoice(const char* names, Value& value, std::vector<std::pair<std::string, Value>> words,
                 const char* description) {
    std::vector<std::string> known;
    known.reserve(words.size());
    for (const auto& word : words) known.push_back(word.first);
    return addWord(
        names, std::move(known),
        [&value, words = std::move(words)](size_t chosen) { value = words[chosen].second; }, description);
  }
  // Not in the help pages.
  void addHiddenFlag(const char* name, std::function<void()> when_given);

  // Everything from the first word that is no flag on is left to remaining().
  void endAtFirstWord();
  std::vector<std::string> remaining() const;

  // Throws CLI::ParseError.
  void parse(const std::vector<std::string>& arguments);

  CLI::App& parser() { return *parser_; }
  const CLI::App& parser() const { return *parser_; }

 private:
  Flag addWord(const char* names, std::vector<std::string> words, std::function<void(size_t)> choose,
               const char* description);

  std::unique_ptr<CLI::App> parser_;
};

}  // namespace tarry::cli
