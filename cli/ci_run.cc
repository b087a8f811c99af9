#include "cli/ci_run.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/budget_flags.h"
#include "cli/query_flags.h"
#include "cli/record_flags.h"
#include "format/errors.h"
#include "format/readable.h"
#include "query/ci/run_summary.h"

namespace tarry::cli {
namespace {

constexpr int kFailed = 125;

int commandStatus(RecordResult& result) {
  if (result.still_running) {
    result.command_status = waitForCommand(*result.still_running);
  }
  return shellStatus(result.command_status);
}

// The recording ended first: its times are less than the command took.
bool endedEarly(const RecordResult& result) {
  return result.still_running || result.reason == EndReason::error;
}

void printPartlyJudged(const RecordResult& result, const std::vector<Budget>& budgets) {
  if (!budgets.empty() && endedEarly(result))
    fmt::print(stderr,
               "tarry: the budgets were judged by what was recorded, which ended before the command\n");
}

int withoutReport(const Error& error, int status, bool best_effort, bool budgets) {
  fmt::print(stderr, "tarry: {}: {}\n", budgets ? "no budget was judged" : "no report", error.what());
  return status != 0 || best_effort || !budgets ? status : kFailed;
}

void appendTo(const std::string& path, const std::string& text, std::ios::openmode mode) {
  std::ofstream file(path, std::ios::binary | mode);
  file << text;
  file.close();
  if (!file) fmt::print(stderr, "tarry: cannot write the summary to {}\n", printable(path));
}

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
void publish(const std::string& summary, const CiOptions& options) {
  if (!options.report.empty()) appendTo(options.report, summary, std::ios::trunc);
  else if (!options.quiet) fmt::print(stderr, "{}", summary);
  const char* job_summary = std::getenv("GITHUB_STEP_SUMMARY");
  if (job_summary != nullptr && *job_summary != '\0') appendTo(job_summary, summary + "\n", std::ios::app);
}

void removeTrace(const RecordResult& result) {
  std::error_code error;
  std::filesystem::remove(result.path, error);
}

}  // namespace

int endCiRun(RecordResult& result, const CiOptions& options, const std::vector<Budget>& budgets) {
  const int status = commandStatus(result);
  bool missed = false;
  if (status != 0 || !budgets.empty()) {
    try {
      const auto opened = openStates(result.path);
      const RunSummary summary(opened->trace.db(), opened->states(), callSources(*opened));
      const std::vector<BudgetVerdict> verdicts = judge(budgets, summary.measures());
      missed = anyMissed(verdicts);
      if (status != 0 || missed) {
        std::ostringstream text;
        summary.writeMarkdown(verdicts, status, printable(result.path), text);
        printRecordingNotes(result);
        publish(text.str(), options);
      }
    } catch (const Error& error) {
      return withoutReport(error, status, options.best_effort, !budgets.empty());
    }
    if (!missed) printPartlyJudged(result, budgets);
  }
  if (status == 0 && !missed && !options.keep) removeTrace(result);
  return status == 0 && missed ? kBudgetMissed : status;
}

int endWithBudgets(RecordResult& result, bool best_effort, const std::vector<Budget>& budgets) {
  const int status = commandStatus(result);
  if (budgets.empty()) return status;
  try {
    const auto opened = openStates(result.path);
    const RunSummary summary(opened->trace.db(), opened->states(), callSources(*opened));
    const std::vector<BudgetVerdict> verdicts = judge(budgets, summary.measures());
    printBudgets(verdicts);
    if (!anyMissed(verdicts)) printPartlyJudged(result, budgets);
    return status == 0 && anyMissed(verdicts) ? kBudgetMissed : status;
  } catch (const Error& error) {
    return withoutReport(error, status, best_effort, true);
  }
}

}  // namespace tarry::cli
