#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/flag_set.h"

namespace tarry::cli {
namespace {

constexpr Group kGroups[] = {Group::record, Group::explain, Group::look, Group::query, Group::check};
constexpr size_t kWidth = 100;
constexpr size_t kDescriptionColumn = 28;

ArgumentHelp describeOption(const CLI::Option& option) {
  ArgumentHelp help;
  for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  if (help.names.empty()) help.names.push_back(option.get_name(true));
  help.description = option.get_description();
  help.required = option.get_required();
  help.repeats = option.get_expected_max() > 1;
  if (option.get_items_expected_max() > 0 && !option.get_positional()) {
    help.value = option.get_type_name();
    help.value.resize(std::min(help.value.find(':'), help.value.size()));  // CLI11 lists validators behind it
    if (help.value.empty()) help.value = "VALUE";
    // CLI11's names of C++ types say less to a user than these.
    if (help.value == "TEXT") help.value = "WORD";
    if (help.value == "UINT" || help.value == "INT" || help.value == "FLOAT") help.value = "N";
  }
  return help;
}

// Breaks `text` at blanks so that lines end before kWidth; continuation lines start at `column`.
void printWrapped(std::string_view text, size_t column, std::ostream& out) {
  size_t at = column;
  bool first = true;
  while (!text.empty()) {
    if (text.front() == '\n') {
      out << '\n' << std::string(column, ' ');
      at = column;
      first = true;
      text.remove_prefix(1);
      continue;
    }
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (!first && at + 1 + word.size() > kWidth) {
      out << '\n' << std::string(column, ' ');
      at = column;
      first = true;
    }
    if (!first) {
      out << ' ';
      ++at;
    }
    out << word;
    at += word.size();
    first = false;
    text.remove_prefix(end);
    if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  out << '\n';
}

void printArgument(const ArgumentHelp& argument, std::ostream& out) {
  // Long names of flags without a short one stand under each other.
  std::string left = argument.names.front().starts_with("--") ? "      " : "  ";
  for (size_t i = 0; i < argument.names.size(); ++i) {
    if (i > 0) left += ", ";
    left += argument.names[i];
  }
  if (!argument.value.empty()) left += " " + argument.value;
  out << left;
  if (left.size() + 2 > kDescriptionColumn) {
    out << '\n' << std::string(kDescriptionColumn, ' ');
  } else {
    out << std::string(kDescriptionColumn - left.size(), ' ');
  }
  printWrapped(argument.description, kDescriptionColumn, out);
}

}  // namespace

std::string_view groupTitle(Group group) {
  switch (group) {
    case Group::record: return "record";
    case Group::explain: return "explain";
    case Group::look: return "look";
    case Group::query: return "query";
    case Group::check: return "check";
  }
  return "";
}

VerbHelp describe(const Command& command) {
  FlagSet verb;
  const Action action = command.declare(verb);
  return describe(command, verb.parser());
}

VerbHelp describe(const Command& command, const CLI::App& app) {
  VerbHelp help;
  help.name = command.name;
  help.summary = command.summary;
  help.example = command.example;
  help.description = app.get_description();
  if (help.description.empty()) help.description = command.summary;
  help.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    ArgumentHelp argument = describeOption(*option);
    if (option->get_positional()) {
      help.positionals.push_back(std::move(argument));
      continue;
    }
    const std::string& title = option->get_group();
    auto group = std::find_if(help.groups.begin(), help.groups.end(),
                              [&](const ArgumentGroup& g) { return g.title == title; });
    if (group == help.groups.end()) {
      help.groups.push_back({title, {}});
      group = std::prev(help.groups.end());
    }
    group->arguments.push_back(std::move(argument));
  }
  // --help is declared first; a reader wants the verb's own options before it.
  for (ArgumentGroup& group : help.groups) {
    std::stable_partition(group.arguments.begin(), group.arguments.end(),
                          [](const ArgumentHelp& argument) { return argument.names.back() != "--help"; });
  }
  return help;
}

void printVerbHelp(const VerbHelp& verb, std::ostream& out) {
  printWrapped(verb.description, 0, out);
  out << "\nusage: tarry " << verb.name;
  if (!verb.groups.empty()) out << " [options]";
  for (const ArgumentHelp& argument : verb.positionals) {
    const std::string name = argument.names.front() + (argument.repeats ? "…" : "");
    out << ' ' << (argument.required ? name : "[" + name + "]");
  }
  out << '\n';
  if (!verb.example.empty()) out << "example: " << verb.example << '\n';
  if (!verb.positionals.empty()) {
    out << '\n';
    for (const ArgumentHelp& argument : verb.positionals) printArgument(argument, out);
  }
  for (const ArgumentGroup& group : verb.groups) {
    out << '\n' << group.title << ":\n";
    for (const ArgumentHelp& argument : group.arguments) printArgument(argument, out);
  }
  if (!verb.footer.empty()) {
    out << '\n';
    printWrapped(verb.footer, 0, out);
  }
}

void printOverview(std::span<const Command> commands, std::ostream& out) {
  out << "tarry records what a program asks of its operating system and says what it is waiting for.\n\n";
  if (!commands.empty() && !commands.front().example.empty()) {
    out << "example: " << commands.front().example << "\n\n";
  }
  for (const Group group : kGroups) {
    std::string_view title = groupTitle(group);
    for (const Command& command : commands) {
      if (command.group != group) continue;
      out << "  " << title << std::string(9 - title.size(), ' ');
      out << command.name << std::string(9 - std::min<size_t>(8, command.name.size()), ' ');
      out << command.summary << '\n';
      title = "";
    }
  }
  out << "\nWhere a trace is left out, the newest *.tarry of the current directory is taken.\n"
         "tarry VERB --help says more of one verb; man tarry has it all on one page.\n";
}

void printVersion(std::ostream& out) {
  out << "tarry " << TARRY_VERSION;
  if (!TARRY_HAS_RECORDER) out << " (without the recorder)";
  if (!TARRY_HAS_ANALYZER) out << " (recorder only)";
  out << '\n';
}

}  // namespace tarry::cli
