// One subcommand: a name, a line of help, and a function that declares its flags and returns what
// to do once they are parsed. Listed once, in cli/commands.cc; the help pages, the manual page and
// the shell completions all derive from that table and the declared flags.
#pragma once

#include <functional>
#include <span>
#include <string_view>

namespace tarry::cli {

class FlagSet;

// Runs the subcommand with the parsed flags; returns the exit status. May throw tarry::Error.
using Action = std::function<int()>;

// What a user wants to do; the overview lists the verbs under these headings, in this order.
enum class Group { record, explain, look, query, check };

// What the first positional argument of a verb is: decides the hint behind an error.
enum class Takes { command, trace, other };

struct Command {
  std::string_view name;
  std::string_view summary;  // one line
  Action (*declare)(FlagSet& verb);
  Group group = Group::look;
  Takes takes = Takes::trace;
  std::string_view example = {};  // a command line worth copying
};

std::span<const Command> allCommands();

// A verb that this build was made without (-DTARRY_RECORDER=OFF, -DTARRY_ANALYZER=OFF).
struct MissingVerb {
  std::string_view name;
  std::string_view why;  // in one line, with what to do
  int exit_status;
};
std::span<const MissingVerb> missingVerbs();

}  // namespace tarry::cli
