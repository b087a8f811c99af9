#include "cli/dispatch.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "cli/flag_set.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "format/errors.h"

namespace tarry::cli {
namespace {

constexpr int kUsageStatus = 2;
constexpr int kFailureStatus = 1;
constexpr int kWrapperStatus = 125;

const Command* find(std::span<const Command> commands, std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

// "tarry: no verb 'recrod' (did you mean tarry record?)"
[[noreturn]] void throwUnknownVerb(std::span<const Command> commands,
                                   const std::vector<std::string>& arguments) {
  const std::string& word = arguments.front();
  const bool is_trace = word.ends_with(".tarry");
  std::string hint = "tarry --help lists the verbs";
  if (const Command* nearest = nearestCommand(commands, word); nearest != nullptr && !is_trace) {
    hint = "did you mean tarry " + std::string(nearest->name) + "?";
  } else if (is_trace && find(commands, "why") != nullptr) {
    hint = "to explain a trace: tarry why " + shellLine({word});
  } else if (looksLikeProgram(word) && find(commands, "run") != nullptr) {
    hint = "to record a command: tarry run -- " + shellLine(arguments);
  }
  if (word.starts_with("-")) throw UsageError("no option '" + word + "' (" + hint + ")");
  throw UsageError("no verb '" + word + "' (" + hint + ")");
}

// The word that was given where a trace belongs, with what followed it, if it is a command.
std::vector<std::string> commandInsteadOfTrace(const Command& command, const CLI::App& app,
                                               const std::vector<std::string>& arguments) {
  if (command.takes != Takes::trace) return {};
  const CLI::Option* place = nullptr;  // of the trace: FILE, or the first
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && (place == nullptr || option->get_name() == "FILE")) place = option;
  }
  if (place == nullptr || place->results().empty() || !looksLikeProgram(place->results().front())) return {};
  const auto first = std::find(arguments.begin(), arguments.end(), place->results().front());
  return {first, arguments.end()};
}

std::string nearestFlag(const CLI::App& app, const std::string& flag) {
  std::string nearest;
  size_t best = 3;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) {
      const size_t distance = editDistance("--" + name, flag);
      if (distance < best) {
        best = distance;
        nearest = "--" + name;
      }
    }
  }
  return nearest;
}

// CLI11's messages in our form: no capital, no full stop, one line, with what to do.
std::string parseErrorText(const Command& command, const CLI::App& app, const CLI::ParseError& error) {
  const std::string see = "tarry " + std::string(command.name) + " --help";
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::vector<std::string> left = app.remaining();
    const auto flag = std::find_if(left.begin(), left.end(),
                                   [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
    if (flag != left.end()) {
      const std::string nearest = nearestFlag(app, *flag);
      return "no option '" + *flag + "' (" +
             (nearest.empty() ? see + " lists them" : "did you mean " + nearest + "?") + ")";
    }
    return "unexpected argument '" + (left.empty() ? std::string() : left.front()) + "' (see " + see + ")";
  }
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text + " (see " + see + ")";
}

void printHelpFor(std::span<const Command> commands, const std::vector<std::string>& arguments,
                  std::ostream& out) {
  if (arguments.empty()) {
    printOverview(commands, out);
  } else if (arguments[0] == "--man") {  // hidden: what the build installs
    printManualPage(commands, out);
  } else if (arguments[0] == "--completion" && arguments.size() > 1) {
    printCompletion(commands, arguments[1], out);
  } else if (const Command* command = find(commands, arguments[0])) {
    printVerbHelp(describe(*command), out);
  } else {
    throwUnknownVerb(commands, arguments);
  }
}

int runVerb(const Command& command, const std::vector<std::string>& arguments, std::ostream& out,
            std::ostream& err) {
  FlagSet verb;
  const CLI::App& app = verb.parser();
  const auto fail = [&](const std::string& text, int status) {
    const std::vector<std::string> wrong = commandInsteadOfTrace(command, app, arguments);
    err << "tarry: ";
    if (!wrong.empty()) {
      err << "'" << wrong.front() << "' is a command, not a trace (to record and explain it: tarry run -- "
          << shellLine(wrong) << ")\n";
      return kUsageStatus;
    }
    err << text << '\n';
    // A verb that passes on a command's status needs one that the command is unlikely to have.
    const bool own = status == kUsageStatus || status == kFailureStatus;
    return own && command.takes == Takes::command ? kWrapperStatus : status;
  };
  try {
    const Action action = command.declare(verb);
    verb.parse(arguments);
    return action();
  } catch (const CLI::CallForHelp&) {
    printVerbHelp(describe(command, app), out);
    return 0;
  } catch (const CLI::ParseError& error) {
    return fail(parseErrorText(command, app, error), kUsageStatus);
  } catch (const UsageError& error) {
    return fail(error.what(), kUsageStatus);
  } catch (const RecordError& error) {
    return fail(error.what(), error.status());
  } catch (const std::exception& error) {
    return fail(error.what(), kFailureStatus);
  }
}

}  // namespace

int dispatch(std::span<const Command> commands, const std::vector<std::string>& arguments, std::ostream& out,
             std::ostream& err, std::span<const MissingVerb> missing) {
  try {
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
      printOverview(commands, out);
      return 0;
    }
    if (arguments[0] == "--version" || arguments[0] == "-V") {
      printVersion(out);
      return 0;
    }
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    const bool asks_for_help = arguments[0] == "help" && !rest.empty();
    for (const MissingVerb& verb : missing) {
      if (verb.name != (asks_for_help ? rest[0] : arguments[0])) continue;
      err << "tarry: no " << verb.name << ": " << verb.why << '\n';
      return verb.exit_status;
    }
    if (arguments[0] == "help") {
      printHelpFor(commands, rest, out);
      return 0;
    }
    if (const Command* command = find(commands, arguments[0])) return runVerb(*command, rest, out, err);
    throwUnknownVerb(commands, arguments);
  } catch (const UsageError& error) {
    err << "tarry: " << error.what() << '\n';
    return kUsageStatus;
  }
}

}  // namespace tarry::cli
