#include "query/sql/shell.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/render/units.h"
#include "query/sql/functions.h"
#include "query/sql/reports.h"
#include "query/sql/run_sql.h"

#ifdef TARRY_HAVE_LIBEDIT
#include <editline/readline.h>
#endif

namespace tarry {
namespace {

constexpr std::string_view kHelp =
    "SQL statements end with ';' and may span lines.\n"
    "  .tables          tables and views\n"
    "  .schema [TABLE]  their columns\n"
    "  .mode FORMAT     table, csv, tsv, json or markdown\n"
    "  .reports         the canned reports; @NAME [PARAMETER=VALUE …] runs one\n"
    "  .help            this\n"
    "  .quit            or Ctrl-D\n"
    "Functions (docs/schema.md says more):\n";

std::string functionNames() {
  std::string text, line;
  for (const SqlFunction& function : sqlFunctions()) {
    constexpr size_t kWidth = 96;
    const std::string one = fmt::format("{}({})", function.name, function.parameters);
    if (!line.empty() && line.size() + one.size() + 2 > kWidth) {
      text += line + ",\n";
      line.clear();
    }
    line += (line.empty() ? "  " : ", ") + one;
  }
  return text + line + "\n";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> list;
  while (!(text = trimmed(text)).empty()) {
    const size_t end = text.find_first_of(" \t");
    list.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end);
  }
  return list;
}

#ifdef TARRY_HAVE_LIBEDIT
// ~/.local/state/tarry/query_history, or below XDG_STATE_HOME; empty where there is no home.
std::string historyFile() {
  namespace fs = std::filesystem;
  fs::path directory;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    directory = state;
  else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    directory = fs::path(home) / ".local" / "state";
  else return {};
  directory /= "tarry";
  std::error_code error;
  fs::create_directories(directory, error);
  return error ? std::string() : (directory / "query_history").string();
}

std::optional<std::string> promptLine(const char* prompt) {
  const std::unique_ptr<char, decltype(&std::free)> line(::readline(prompt), &std::free);
  if (line == nullptr) return std::nullopt;
  if (line.get()[0] != '\0') ::add_history(line.get());
  return std::string(line.get());
}
#else
std::optional<std::string> promptLine(const char* prompt) {
  std::cout << prompt << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}
#endif

}  // namespace

void SqlShell::runInteractive() {
  out_ << "SQL over the recording; .help for help, .tables for what there is.\n";
#ifdef TARRY_HAVE_LIBEDIT
  ::using_history();
  const std::string history = historyFile();
  if (!history.empty()) ::read_history(history.c_str());
#endif
  while (const auto text = promptLine(pending_.empty() ? "tarry> " : "   ...> ")) {
    if (line(*text) == After::done) break;
    out_.flush();
  }
#ifdef TARRY_HAVE_LIBEDIT
  if (!history.empty()) ::write_history(history.c_str());
#endif
}

int SqlShell::runScript(std::istream& in) {
  std::string text;
  while (std::getline(in, text))
    if (line(text) == After::done) return status_;
  // The last statement of a script may go without ';'.
  if (!trimmed(pending_).empty()) execute(pending_);
  return status_;
}

SqlShell::After SqlShell::line(std::string_view text) {
  const std::string_view plain = trimmed(text);
  if (trimmed(pending_).empty()) {
    pending_.clear();
    if (plain.empty()) return After::more;
    if (plain == "exit" || plain == "quit") return After::done;
    if (plain.front() == '.') return dotCommand(plain);
    if (plain.front() == '@') {
      auto parts = words(plain);
      try {
        const Report report = findReport(parts.front());
        parts.erase(parts.begin());
        runReport(db_, report, parts, format_, style_, out_);
      } catch (const Error& error) {
        err_ << "tarry: " << error.what() << '\n';
        status_ = 1;
      }
      return After::more;
    }
  }
  pending_ += text;
  pending_ += '\n';
  if (sqlite3_complete(pending_.c_str()) == 0) return After::more;
  const std::string sql = std::move(pending_);
  pending_.clear();
  execute(sql);
  return After::more;
}

void SqlShell::execute(std::string_view sql) {
  try {
    runSql(db_, sql, format_, style_, out_);
  } catch (const Error& error) {
    out_.flush();
    err_ << "tarry: " << error.what() << '\n';
    status_ = 1;
  }
}

SqlShell::After SqlShell::dotCommand(std::string_view text) {
  const auto parts = words(text);
  const std::string& command = parts.front();
  if (command == ".quit" || command == ".exit" || command == ".q") return After::done;
  if (command == ".help") {
    out_ << kHelp << functionNames();
  } else if (command == ".tables") {
    execute(
        "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' "
        "ORDER BY name");
  } else if (command == ".schema") {
    schema(parts.size() > 1 ? parts[1] : "");
  } else if (command == ".reports") {
    listReports(format_, style_, out_);
  } else if (command == ".mode" || command == ".format") {
    try {
      if (parts.size() < 2) throw UsageError(".mode needs a format: table, csv, tsv, json or markdown");
      format_ = parseRowFormat(parts[1]);
    } catch (const UsageError& error) {
      err_ << "tarry: " << error.what() << '\n';
      status_ = 1;
    }
  } else {
    err_ << fmt::format("tarry: unknown command '{}' (.help lists them)\n", printable(command));
    status_ = 1;
  }
  return After::more;
}

void SqlShell::schema(std::string_view table) {
  std::string sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'view')";
  try {
    if (!table.empty()) sql += " AND name = ?1";
    auto q = db_.prepare(sql);
    if (!table.empty()) q.bind(1, table);
    bool any = false;
    while (q.step()) {
      out_ << q.text(0) << ";\n";
      any = true;
    }
    if (!any) throw UsageError(fmt::format("no table '{}' (.tables lists them)", printable(table)));
  } catch (const Error& error) {
    err_ << "tarry: " << error.what() << '\n';
    status_ = 1;
  }
}

}  // namespace tarry
