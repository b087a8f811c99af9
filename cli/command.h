// One subcommand: a name, a line of help, and a function that declares its flags and returns what
// to do once they are parsed. Listed once, in cli/commands.cc.
#pragma once

#include <functional>
#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace tarry::cli {

// Runs the subcommand with the parsed flags; returns the exit status. May throw tarry::Error.
using Action = std::function<int()>;

struct Command {
  std::string_view name;
  std::string_view summary;  // one line
  Action (*declare)(CLI::App& app);
};

std::span<const Command> allCommands();

}  // namespace tarry::cli
