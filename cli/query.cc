// tarry query: SQL on a trace, or an interactive shell.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <vector>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"
#include "query/sql/reports.h"
#include "query/sql/run_sql.h"
#include "query/sql/shell.h"
#include "query/why/notes.h"

namespace tarry::cli {

namespace {

struct SqlFlags : QueryFlags {
  std::vector<std::string> sql;
};

int query(const SqlFlags& flags) {
  const RowFormat format = flags.rowFormat();
  std::vector<std::string> sql = flags.sql;
  std::string file = flags.file;
  // `tarry query "SELECT …"` and `tarry query @report`: the file was left out.
  const bool is_sql =
      file.starts_with('@') || (file.find(' ') != std::string::npos && ::access(file.c_str(), F_OK) != 0);
  if (is_sql) {
    sql.insert(sql.begin(), file);
    file.clear();
  }
  const bool report = !sql.empty() && sql.front().starts_with('@');
  if (!report && sql.size() > 1) throw UsageError("several SQL arguments: quote the SQL as one");
  // An unknown report must not cost the loading.
  Report found;
  if (report) found = findReport(sql.front());

  TraceDatabase trace = openTrace(traceFile(file), Needs::everything);
  // Not among the rows, which may go to another program.
  for (const std::string& note : notesOn(trace.db())) std::cerr << "tarry: " << note << '\n';
  guardForQueries(trace.db());
  const TextStyle style = outputStyle();
  if (report) {
    runReport(trace.db(), found, std::span(sql).subspan(1), format, style, std::cout);
    return 0;
  }
  if (!sql.empty()) {
    runSql(trace.db(), sql.front(), format, style, std::cout);
    return 0;
  }
  SqlShell shell(trace.db(), format, style, std::cout, std::cerr);
  if (::isatty(STDIN_FILENO) == 0) return shell.runScript(std::cin);
  shell.runInteractive();
  return 0;
}

}  // namespace

Action declareQuery(FlagSet& verb) {
  verb.description(
      "SQL over everything that was recorded; docs/schema.md lists the tables. Without SQL: an interactive "
      "shell, "
      "or SQL from standard input. @NAME runs a canned report (tarry reports lists them). "
      "In JSON one statement is an array of rows, several are an array of such arrays; a BLOB is {\"hex\": "
      "\"…\"}.");
  auto flags = std::make_shared<SqlFlags>();
  declareFile(verb, flags->file);
  verb.addOption("SQL", flags->sql, "statements separated by ';', or @REPORT and its PARAMETER=VALUE");
  declareFormat(verb, flags->format);
  return [flags] { return query(*flags); };
}

}  // namespace tarry::cli
