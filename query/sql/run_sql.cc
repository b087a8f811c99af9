#include "query/sql/run_sql.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cctype>
#include <charconv>
#include <csignal>
#include <ctime>
#include <vector>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/render/units.h"
#include "query/sql/functions.h"

namespace tarry {
namespace {

// While this lives, SIGINT ends the statement that runs on `db` instead of the program.
class InterruptGuard {
 public:
  explicit InterruptGuard(Database& db) : db_(db) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before_);
    constexpr int kInstructions = 100'000;  // a few milliseconds
    sqlite3_progress_handler(db.handle(), kInstructions, &InterruptGuard::poll, nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard() {
    sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr);
    poll(nullptr);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  // Takes a pending SIGINT, if there is one.
  static int poll(void* /*unused*/) {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    const timespec at_once{};
    return static_cast<int>(::sigtimedwait(&interrupt, nullptr, &at_once) == SIGINT);
  }
  Database& db_;
  sigset_t before_{};
};

Cell cellOf(const Statement& row, int column) {
  switch (row.type(column)) {
    case SQLITE_NULL: return {};
    case SQLITE_INTEGER: return {row.integer(column)};
    case SQLITE_FLOAT: return {row.real(column)};
    case SQLITE_BLOB: {
      const auto bytes = row.blob(column);
      Cell cell(std::string(bytes.begin(), bytes.end()));
      cell.blob = true;
      return cell;
    }
    default: return {row.text(column)};
  }
}

bool onlySpace(std::string_view sql) {
  for (size_t i = 0; i < sql.size(); ++i) {
    if (std::isspace(static_cast<unsigned char>(sql[i])) != 0 || sql[i] == ';') continue;
    if (sql.substr(i).starts_with("--")) {
      i = sql.find('\n', i);
      if (i == std::string_view::npos) return true;
      continue;
    }
    if (sql.substr(i).starts_with("/*")) {
      i = sql.find("*/", i);
      if (i == std::string_view::npos) return true;
      ++i;
      continue;
    }
    return false;
  }
  return true;
}

// Statements that give rows. Queries cannot create what later ones need, so all compile beforehand.
int resultsOf(Database& db, std::string_view sql) {
  int results = 0;
  while (!onlySpace(sql)) {
    std::string_view tail;
    if (db.prepare(sql, &tail).columnCount() > 0) ++results;
    sql = tail;
  }
  return results;
}

std::string literal(const std::string& value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc() && end == value.data() + value.size() && !value.empty() &&
      value.find_first_not_of("0123456789.-+eE") == std::string::npos)
    return value;
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'') quoted += '\'';
    if (c != '\0') quoted += c;
  }
  return quoted + "'";
}

}  // namespace

void guardForQueries(Database& db) {
  registerFunctions(db);
  db.execute("PRAGMA query_only = 1");
  sqlite3_limit(db.handle(), SQLITE_LIMIT_ATTACHED, 0);
}

void runSql(Database& db, std::string_view sql, RowFormat format, const TextStyle& style, std::ostream& out) {
  const InterruptGuard guard(db);
  const bool list = format == RowFormat::json && resultsOf(db, sql) > 1;
  bool printed = false;
  if (list) out << "[\n";
  while (!onlySpace(sql)) {
    std::string_view tail;
    Statement statement = db.prepare(sql, &tail);
    sql = tail;
    const int count = statement.columnCount();
    if (count == 0) {
      statement.run();
      continue;
    }
    std::vector<RowColumn> columns;
    columns.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i)
      columns.push_back({std::string(statement.columnName(i)), "", Align::automatic});
    // The first row comes before any output, so that SQL which fails at once prints only its error.
    bool more = statement.step();
    if (printed) out << (list ? ",\n" : "\n");
    printed = true;
    const auto writer = makeRowWriter(format, style, out);
    writer->begin(columns);
    std::vector<Cell> cells(columns.size());
    for (; more; more = statement.step()) {
      for (int i = 0; i < count; ++i) cells[static_cast<size_t>(i)] = cellOf(statement, i);
      writer->row(cells);
    }
    writer->end();
  }
  if (list) out << "]\n";
}

std::string withParameters(std::string_view sql, const std::map<std::string, std::string>& values) {
  std::string out;
  for (size_t i = 0; i < sql.size();) {
    const auto copy_to = [&](size_t end) {
      end = std::min(end, sql.size());
      out.append(sql, i, end - i);
      i = end;
    };
    const auto after = [&](std::string_view what, size_t from) {
      const size_t found = sql.find(what, from);
      return found == std::string_view::npos ? sql.size() : found + what.size();
    };
    const char c = sql[i];
    if (c == '\'' || c == '"') copy_to(after(std::string_view(&c, 1), i + 1));
    else if (sql.substr(i).starts_with("--")) copy_to(after("\n", i));
    else if (sql.substr(i).starts_with("/*")) copy_to(after("*/", i + 2));
    else if (c == ':' && i + 1 < sql.size() && std::isalpha(static_cast<unsigned char>(sql[i + 1])) != 0) {
      size_t end = i + 1;
      while (end < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_'))
        ++end;
      const std::string name(sql.substr(i + 1, end - i - 1));
      const auto value = values.find(name);
      if (value == values.end())
        throw UsageError(fmt::format("parameter '{}' has no value (give {}=VALUE)", name, name));
      out += literal(value->second);
      i = end;
    } else {
      copy_to(i + 1);
    }
  }
  return out;
}

}  // namespace tarry
