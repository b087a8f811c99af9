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
#include "query/render/style.h"
#include "query/why/why.h"
#endif

namespace tarry::cli {

namespace {

struct RunFlags {
  RecordFlags recording;
  std::string report;
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
#endif

int recordAndExplain(const FlagSet& verb, const RunFlags& flags) {
  const RecordOptions options = toRecordOptions(verb, flags.recording);
  if (options.command.empty()) throw UsageError("no command (write tarry run -- make test)");
  if (options.output == "-")
    throw UsageError("-o -: run explains the file afterwards (use tarry record -o -)");
#if TARRY_HAS_ANALYZER
  if (!flags.report.empty()) requireWritable(flags.report);
#endif
  RecordResult result = record(options);
  if (!flags.recording.quiet || result.reason == EndReason::error) printRecordingNotes(result);
#if TARRY_HAS_ANALYZER
  if (!flags.recording.quiet || !flags.report.empty()) explain(result, flags);
#endif
  if (!flags.recording.quiet) printSaved(result);
  if (result.still_running) result.command_status = waitForCommand(*result.still_running);
  return shellStatus(result.command_status);
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
  verb.addFlag("-q,--quiet", flags->recording.quiet, "no report and no closing line");
  return [&verb, flags] { return recordAndExplain(verb, *flags); };
}

}  // namespace tarry::cli
