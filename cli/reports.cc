// tarry reports: list, show or run the canned reports.
#include <iostream>
#include <memory>
#include <vector>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "query/sql/reports.h"
#include "query/sql/run_sql.h"

namespace tarry::cli {

namespace {

struct ReportFlags {
  std::string name;
  std::vector<std::string> arguments;  // FILE and PARAMETER=VALUE, in any order
  std::string format = "table";
  bool sql = false;
};

int reports(const ReportFlags& flags) {
  const RowFormat format = parseRowFormat(flags.format);
  if (flags.name.empty()) {
    listReports(format, outputStyle(), std::cout);
    return 0;
  }
  const Report report = findReport(flags.name);
  if (flags.sql) {
    describeReport(report, std::cout);
    return 0;
  }
  std::string file;
  std::vector<std::string> parameters;
  for (const std::string& argument : flags.arguments) {
    if (file.empty() && argument.find('=') == std::string::npos) file = argument;
    else parameters.push_back(argument);
  }
  TraceDatabase trace = openTrace(traceFile(file), Needs::everything);
  guardForQueries(trace.db());
  runReport(trace.db(), report, parameters, format, outputStyle(), std::cout);
  return 0;
}

}  // namespace

Action declareReports(FlagSet& verb) {
  verb.description(
      "Without NAME: lists the canned reports, each a documented SQL file. Your own go to "
      "~/.config/tarry/reports/.");
  auto flags = std::make_shared<ReportFlags>();
  verb.addOption("NAME", flags->name, "report to run");
  verb.addOption("FILE", flags->arguments,
                 "trace or database, and PARAMETER=VALUE; default: the newest *.tarry here");
  verb.addFlag("--sql", flags->sql, "show the report's SQL instead of running it");
  declareFormat(verb, flags->format);
  return [flags] { return reports(*flags); };
}

}  // namespace tarry::cli
