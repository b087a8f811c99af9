// tarry record: record only.
#include "recorder/record.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/record_flags.h"
#include "format/errors.h"

namespace tarry::cli {

namespace {

constexpr int kFailed = 125;

int recordOnly(const CLI::App& app, const RecordFlags& flags) {
  RecordOptions options = toRecordOptions(app, flags);
  if (options.target == TargetKind::command && options.command.empty()) {
    throw UsageError("nothing to record (give a command, -p PID, --unit NAME, --cgroup PATH or -a)");
  }
  const bool attached = options.target != TargetKind::command;
  options.on_start = [&](const std::string& path) {
    if (attached && !flags.quiet && ::isatty(STDERR_FILENO) != 0) {
      fmt::print(stderr, "recording to {}{}\n", path == "-" ? "standard output" : path,
                 options.duration_ns > 0 ? "" : "; Ctrl-C ends it");
    }
  };
  RecordResult result = record(options);
  printRecordingNotes(result);
  if (!flags.quiet) printSaved(result);
  if (result.still_running) result.command_status = waitForCommand(*result.still_running);
  const int status = result.command_status >= 0 ? shellStatus(result.command_status) : 0;
  return status == 0 && result.reason == EndReason::error ? kFailed : status;
}

}  // namespace

Action declareRecord(CLI::App& app) {
  app.description(
      "Records a command, or what already runs, into a trace file; `tarry why` explains it then, here or on "
      "another "
      "machine. The command's exit status is passed on.");
  auto flags = std::make_shared<RecordFlags>();
  declareCommand(app, *flags);
  declareTargets(app, *flags);
  declareRecording(app, *flags);
  app.add_flag("-q,--quiet", flags->quiet, "say nothing but errors");
  return [&app, flags] { return recordOnly(app, *flags); };
}

}  // namespace tarry::cli
