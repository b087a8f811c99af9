#include "query/process_label.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "query/render/units.h"

namespace tarry {
namespace {

std::string_view baseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash + 1 == path.size() ? path : path.substr(slash + 1);
}

// The words of a command line as a shell takes them, still quoted.
std::vector<std::string_view> wordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  bool quoted = false;
  for (size_t i = 0; i <= line.size(); ++i) {
    if (i + 1 < line.size() && line[i] == '\\' && !quoted) {
      ++i;
      continue;
    }
    if (i < line.size() && line[i] == '\'') quoted = !quoted;
    if (i < line.size() && (line[i] != ' ' || quoted)) continue;
    if (i > begin) words.push_back(line.substr(begin, i - begin));
    begin = i + 1;
  }
  return words;
}

// A quoted first word is a title that the process gave itself ('nginx: worker process'), or a
// program whose path has a blank in it: either way its quotes say nothing.
std::string_view unquoted(std::string_view word) {
  if (word.size() < 2 || word.front() != '\'' || word.back() != '\'') return word;
  const std::string_view inner = word.substr(1, word.size() - 2);
  return inner.find('\'') == std::string_view::npos ? inner : word;
}

bool isInterpreter(std::string_view program) {
  static constexpr std::array<std::string_view, 13> kNames = {"python", "perl",    "ruby", "node", "java",
                                                              "bash",   "sh",      "dash", "zsh",  "php",
                                                              "lua",    "Rscript", "guile"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
    // "python3.11", "lua5.4"
    return program.starts_with(name) &&
           program.find_first_not_of("0123456789.", name.size()) == std::string_view::npos;
  });
}

// "slow_server.py" of "python3 -u slow_server.py 5000", "-m http.server" of "python3 -m http.server".
std::string scriptOf(const std::vector<std::string_view>& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-m" || words[i] == "-jar")
      return i + 1 < words.size() ? fmt::format("{} {}", words[i], baseName(words[i + 1])) : std::string();
    if (words[i] == "-c") return "-c";
    if (!words[i].starts_with('-')) return std::string(baseName(words[i]));
  }
  return {};
}

// Cut to `width` columns, see processLabel.
std::string commandLabel(std::string_view command_line, int width) {
  const auto words = wordsOf(command_line);
  if (words.empty()) return {};
  const std::string program = printable(baseName(unquoted(words[0])));
  std::string label = program;
  for (size_t i = 1; i < words.size(); ++i) label += ' ' + printable(words[i]);
  if (width <= 0 || displayWidth(label) <= width) return label;
  // Too long: of absolute paths the last part tells most.
  label = program;
  for (size_t i = 1; i < words.size(); ++i)
    label += ' ' + printable(words[i].starts_with('/') ? baseName(words[i]) : words[i]);
  if (displayWidth(label) <= width) return label;
  // Still: options tell less than what they are about ("cc1 … main.c …").
  label = program;
  bool left_out = false;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i].size() > 2 && words[i].starts_with('-')) {
      if (!left_out) label += " …";
      left_out = true;
      continue;
    }
    left_out = false;
    label += ' ' + printable(words[i].starts_with('/') ? baseName(words[i]) : words[i]);
  }
  return cutTo(label, width);
}

}  // namespace

std::string processName(const ProcessInfoRow& process) {
  if (const auto words = wordsOf(process.launched); !words.empty())
    return printable(baseName(unquoted(words[0])));
  // A program that runs from memory has no name of its own there.
  const bool telling = !process.comm.empty() && !process.comm.starts_with("memfd:");
  if (telling) return printable(process.comm);
  if (const auto words = wordsOf(process.cmdline); !words.empty())
    return printable(baseName(unquoted(words[0])));
  if (!process.comm.empty()) return printable(process.comm);
  if (!process.exe.empty()) return printable(baseName(process.exe));
  return fmt::format("pid {}", process.pid);
}

// Of an interpreter the script says more than the program.
std::string processShort(const ProcessInfoRow& process) {
  constexpr int kScriptWidth = 24;
  const auto words = wordsOf(process.launched.empty() ? process.cmdline : process.launched);
  if (!words.empty() && isInterpreter(baseName(words[0])))
    if (const std::string script = scriptOf(words); !script.empty())
      return fmt::format("{} {}", printable(baseName(words[0])), cutTo(printable(script), kScriptWidth));
  return processName(process);
}

std::string processTag(const ProcessInfoRow& process) {
  const std::string name = processShort(process);
  const std::string pid = fmt::format("pid {}", process.pid);
  return name == pid ? name : fmt::format("{} {}", name, process.pid);
}

std::string processLabel(const ProcessInfoRow& process, int width) {
  const std::string label =
      commandLabel(process.launched.empty() ? process.cmdline : process.launched, width);
  return label.empty() ? processName(process) : label;
}

std::string processWithPid(const ProcessInfoRow& process, int width) {
  std::string label = processLabel(process, 0);
  if (width > 0 && displayWidth(label) > width) label = processShort(process);
  return fmt::format("{}, pid {}", label, process.pid);
}

}  // namespace tarry
