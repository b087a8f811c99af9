// What the program says about itself. A VerbHelp is taken from the command table and the declared
// flags, and every form of documentation is rendered from it: help pages, tarry(1), completions.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace CLI {
class App;
}

namespace tarry::cli {

// One flag or positional argument.
struct ArgumentHelp {
  std::vector<std::string> names;  // "-o", "--output"; for a positional just its name
  std::string value;               // placeholder of the value, empty for a flag without one
  std::string description;
  bool required = false;
  bool repeats = false;
};

struct ArgumentGroup {
  std::string title;
  std::vector<ArgumentHelp> arguments;
};

struct VerbHelp {
  std::string name;
  std::string description;  // the verb's own text where it gave one, else the table's summary
  std::string footer;
  std::string_view summary;
  std::string_view example;
  std::vector<ArgumentHelp> positionals;
  std::vector<ArgumentGroup> groups;
};

// Declares the verb's flags into a throw-away parser and lists them.
VerbHelp describe(const Command& command);
VerbHelp describe(const Command& command, const CLI::App& app);

std::string_view groupTitle(Group group);

// `tarry --help`: an example, then the verbs by what they are for.
void printOverview(std::span<const Command> commands, std::ostream& out);
// `tarry VERB --help`.
void printVerbHelp(const VerbHelp& verb, std::ostream& out);
// `tarry --version`.
void printVersion(std::ostream& out);
// tarry(1) in man(7) macros.
void printManualPage(std::span<const Command> commands, std::ostream& out);
// Completion for "bash", "zsh" or "fish"; throws UsageError for another shell.
void printCompletion(std::span<const Command> commands, std::string_view shell, std::ostream& out);

}  // namespace tarry::cli
