// Shell completions, written from the command table: verbs, then the flags of the verb at hand,
// else file names (commands where a verb takes one).
#include <algorithm>
#include <string>

#include "cli/help.h"
#include "format/errors.h"

namespace tarry::cli {
namespace {

std::string flagNames(const VerbHelp& verb) {
  std::string names;
  for (const ArgumentGroup& group : verb.groups) {
    for (const ArgumentHelp& argument : group.arguments) {
      for (const std::string& name : argument.names) names += (names.empty() ? "" : " ") + name;
    }
  }
  return names;
}

std::string verbNames(std::span<const Command> commands) {
  std::string names;
  for (const Command& command : commands) names += std::string(command.name) + " ";
  return names + "help";
}

// Inside single quotes, in sh, zsh and fish alike, but for the quote itself.
std::string quoted(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "’";
    } else if (c == '\n') {
      result += ' ';
    } else {
      result += c;
    }
  }
  return result;
}

void printBash(std::span<const Command> commands, std::ostream& out) {
  out << "# bash completion for tarry\n"
         "_tarry() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} flags=\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W '"
      << verbNames(commands) << " --help --version' -- \"$word\"))\n    return\n  fi\n  case $verb in\n";
  for (const Command& command : commands) {
    out << "    " << command.name << ") flags='" << flagNames(describe(command)) << "' ;;\n";
  }
  out << "    help) flags='" << verbNames(commands) << "' ;;\n  esac\n";
  out << "  case $verb in\n    help) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")); return ;;\n";
  for (const Command& command : commands) {
    if (command.takes != Takes::command) continue;
    // Behind the first word that is no flag, the words belong to the recorded command.
    out << "    " << command.name
        << ")\n      case $word in -*) ;; *) COMPREPLY=($(compgen -c -f -- \"$word\")); return ;; esac ;;\n";
  }
  out << "  esac\n"
         "  case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -X '!*.tarry' -- \"$word\") $(compgen -d -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _tarry tarry\n";
}

void printZsh(std::span<const Command> commands, std::ostream& out) {
  out << "#compdef tarry\n"
         "# zsh completion for tarry\n"
         "_tarry() {\n"
         "  local -a verbs flags\n"
         "  verbs=(\n";
  for (const Command& command : commands) {
    out << "    '" << command.name << ':' << quoted(command.summary) << "'\n";
  }
  out << "    'help:say what a verb does'\n  )\n"
         "  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n"
         "  case $words[2] in\n";
  for (const Command& command : commands) {
    out << "    " << command.name << ") flags=(" << flagNames(describe(command)) << ") ;;\n";
  }
  out << "    help) _describe verb verbs; return ;;\n  esac\n"
         "  if [[ $words[CURRENT] == -* ]]; then\n    compadd -a flags\n";
  for (const Command& command : commands) {
    if (command.takes != Takes::command) continue;
    out << "  elif [[ $words[2] == " << command.name << " ]]; then\n    _command_names -e; _files\n";
  }
  out << "  else\n    _files -g '*.tarry'\n  fi\n}\n_tarry \"$@\"\n";
}

void printFish(std::span<const Command> commands, std::ostream& out) {
  out << "# fish completion for tarry\n";
  for (const Command& command : commands) {
    out << "complete -c tarry -n __fish_use_subcommand -f -a " << command.name << " -d '"
        << quoted(command.summary) << "'\n";
  }
  for (const Command& command : commands) {
    for (const ArgumentGroup& group : describe(command).groups) {
      for (const ArgumentHelp& argument : group.arguments) {
        out << "complete -c tarry -n '__fish_seen_subcommand_from " << command.name << "'";
        for (const std::string& name : argument.names) {
          const bool is_long = name.starts_with("--");
          out << (is_long ? " -l " : " -s ") << name.substr(is_long ? 2 : 1);
        }
        if (!argument.value.empty()) out << " -r";
        out << " -d '" << quoted(argument.description) << "'\n";
      }
    }
  }
}

}  // namespace

void printCompletion(std::span<const Command> commands, std::string_view shell, std::ostream& out) {
  if (shell == "bash") {
    printBash(commands, out);
  } else if (shell == "zsh") {
    printZsh(commands, out);
  } else if (shell == "fish") {
    printFish(commands, out);
  } else {
    throw UsageError("no completion for shell '" + std::string(shell) + "' (there is bash, zsh and fish)");
  }
}

}  // namespace tarry::cli
