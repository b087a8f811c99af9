// tarry summary: calls, errors and time by system call and by kernel area.
#include "query/summary.h"

#include <iostream>
#include <memory>

#include "cli/budget_flags.h"
#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/readable.h"
#include "query/ci/run_summary.h"
#include "query/render/json.h"

namespace tarry::cli {

namespace {

enum class SummaryFormat : uint8_t { text, csv, tsv, json, markdown };

struct SummaryFlags {
  std::string file;
  SummaryFormat format = SummaryFormat::text;
  std::vector<std::string> budgets;
  SummaryOptions options;
  std::vector<std::string> expressions;
  std::string sort = "time";
};

void completeOptions(SummaryFlags& flags) {
  SummaryOptions& options = flags.options;
  options.style = outputStyle();
  options.sort = parseSummarySort(flags.sort);
  for (const std::string& expression : flags.expressions) options.filter.add(expression);
  if (flags.format == SummaryFormat::csv) options.format = RowFormat::csv;
  if (flags.format == SummaryFormat::tsv) options.format = RowFormat::tsv;
}

int summarize(SummaryFlags& flags) {
  completeOptions(flags);
  const SummaryOptions& options = flags.options;
  const std::vector<Budget> budgets = parseBudgets(flags.budgets);
  const std::string file = traceFile(flags.file);
  const bool calls = flags.format != SummaryFormat::markdown;
  const auto opened = openStates(file, calls);
  Database& db = opened->trace.db();
  const bool rows = calls && flags.format != SummaryFormat::json;
  if (rows) summaryReport(db, options, std::cout);
  if (rows && budgets.empty()) return 0;

  const RunSummary run(db, opened->states(), callSources(*opened));
  const std::vector<BudgetVerdict> verdicts = judge(budgets, run.measures());
  if (flags.format == SummaryFormat::markdown) {
    run.writeMarkdown(verdicts, std::nullopt, printable(file), std::cout);
  } else if (flags.format == SummaryFormat::json) {
    JsonOut json(std::cout);
    json.beginObject();
    run.writeJson(json, printable(file));
    writeCallsJson(db, options, json);
    if (!budgets.empty()) writeBudgetsJson(json, verdicts);
    json.endObject();
  } else {
    std::cout.flush();
    printBudgets(verdicts);
  }
  return anyMissed(verdicts) ? kBudgetMissed : 0;
}

}  // namespace

Action declareSummary(FlagSet& verb) {
  verb.description(
      "Counts of the system calls: by name, in the columns of strace -c, and by kernel area, so that they "
      "read as "
      "what the kernel did for the program. A call's time is from its enter to its return; how much of it "
      "the "
      "thread was waiting stands beside it.");
  auto flags = std::make_shared<SummaryFlags>();
  SummaryOptions& options = flags->options;
  declareFile(verb, flags->file);
  verb.addOption("-S,--sort", flags->sort, "time, waiting, calls, errors, name, min, max, avg or none")
      .valueName("KEY");
  verb.addChoice("--by", options.by,
                 {{"call", SummaryBy::call}, {"area", SummaryBy::area}, {"both", SummaryBy::both}},
                 "call, area or both (default)")
      .valueName("WHAT");
  verb.addOption(
          "-e,--calls", flags->expressions,
          "which calls, as for show: names, %file, %network …, /regex, !not these; status=failed, fd=3, "
          "path=/x; repeatable")
      .valueName("EXPR")
      .repeatable();
  verb.addOption("--process", options.process, "only what this process did").valueName("PID|NAME");
  verb.addChoice(
          "--format", flags->format,
          {{"text", SummaryFormat::text},
           {"table", SummaryFormat::text},
           {"csv", SummaryFormat::csv},
           {"tsv", SummaryFormat::tsv},
           {"json", SummaryFormat::json},
           {"markdown", SummaryFormat::markdown}},
          "text; csv or tsv of the calls; json: one document with times, waits, slowest commands and calls "
          "(docs/summary-json.md); markdown: the short form for people that run --ci prints")
      .valueName("FORMAT");
  declareBudget(verb, flags->budgets);
  return [flags] { return summarize(*flags); };
}

}  // namespace tarry::cli
