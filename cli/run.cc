// tarry run: record a command, then explain where its time went.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/record_flags.h"
#include "format/errors.h"
#include "recorder/record.h"
#if TARRY_HAS_ANALYZER
#include "cli/budget_flags.h"
#include "cli/ci_run.h"
#include "query/render/style.h"
#include "query/why/why.h"
#endif

namespace tarry::cli {

namespace {

struct RunFlags {
  RecordFlags recording;
  std::string report;
  bool ci = false;
  bool keep = false;
  std::vector<std::string> budgets;
};

#if TARRY_HAS_ANALYZER
// The command's exit status must not suffer from a report that cannot be made.
void explain(const RecordResult& result, const RunFlags& flags) {
  try {
    WhyOptions options;
    options.shown_path = result.path;
    if (flags.report.empty()) {
      options.style = styleOf(STDERR_FILENO);
      std::cout.flush();
      whyReport(result.path, options, std::cerr);
      return;
    }
    std::ofstream file(flags.report);
    whyReport(result.path, options, file);
    file.close();
    if (!file) throw TraceError("cannot write " + flags.report);
  } catch (const Error& error) {
    fmt::print(stderr, "tarry: no report: {}\n", error.what());
  }
}

// Found out before the command is started.
void requireWritable(const std::string& path) {
  std::ofstream file(path, std::ios::app);
  if (!file) throw RecordError("cannot write the report " + path + " (choose another file with --report)");
}

CiOptions toCiOptions(const RunFlags& flags) {
  CiOptions options;
  options.keep = flags.keep || !flags.recording.output.empty();
  options.quiet = flags.recording.quiet;
  options.best_effort = flags.recording.best_effort;
  options.report = flags.report;
  return options;
}
#endif

int recordAndExplain(const FlagSet& verb, const RunFlags& flags) {
  RecordOptions options = toRecordOptions(verb, flags.recording);
  if (options.command.empty()) throw UsageError("no command (write tarry run -- make test)");
  if (options.output == "-")
    throw UsageError("-o -: run explains the file afterwards (use tarry record -o -)");
#if TARRY_HAS_ANALYZER
  const std::vector<Budget> budgets = parseBudgets(flags.budgets);
  if (flags.keep && !flags.ci) throw UsageError("--keep is for --ci, which removes the trace of a success");
  if (!flags.report.empty()) requireWritable(flags.report);
  if (flags.ci) options.on_note = nullptr;  // the summary says it
  RecordResult result = recordOrRun(options, flags.recording, budgets.empty() ? "" : "; no budget is judged");
#else
  RecordResult result = recordOrRun(options, flags.recording);
#endif
  if (result.path.empty()) return shellStatus(result.command_status);
#if TARRY_HAS_ANALYZER
  if (flags.ci) return endCiRun(result, toCiOptions(flags), budgets);
#endif
  if (!flags.recording.quiet || result.reason == EndReason::error) printRecordingNotes(result);
#if TARRY_HAS_ANALYZER
  if (!flags.recording.quiet || !flags.report.empty()) explain(result, flags);
#endif
  if (!flags.recording.quiet) printSaved(result);
#if TARRY_HAS_ANALYZER
  return endWithBudgets(result, flags.recording.best_effort, budgets);
#else
  if (result.still_running) result.command_status = waitForCommand(*result.still_running);
  return shellStatus(result.command_status);
#endif
}

}  // namespace

Action declareRun(FlagSet& verb) {
  verb.description(
      "Records a command and explains on stderr what it waited for. The command runs as it always does; its "
      "exit "
      "status is passed on. tarry's own failures are 125, a command that cannot be executed 126, one that is "
      "not "
      "found 127.");
  auto flags = std::make_shared<RunFlags>();
  declareCommand(verb, flags->recording);
  declareRecording(verb, flags->recording);
#if TARRY_HAS_ANALYZER
  verb.addOption("--report", flags->report, "write the report to this file instead of stderr")
      .valueName("FILE");
#endif
#if TARRY_HAS_ANALYZER
  verb.addFlag(
      "--ci", flags->ci,
      "say nothing and keep nothing of a success; of a failure or a missed budget print a short summary "
      "in Markdown (to GITHUB_STEP_SUMMARY too, where that is set) and keep the trace: docs/ci.md");
  verb.addFlag("--keep", flags->keep, "with --ci: keep the trace of a success as well, as -o FILE does");
  declareBudget(verb, flags->budgets);
#endif
  verb.addFlag("-q,--quiet", flags->recording.quiet, "no report and no closing line");
  return [&verb, flags] { return recordAndExplain(verb, *flags); };
}

}  // namespace tarry::cli
