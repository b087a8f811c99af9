// tarry record: record only.
#include "recorder/record.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/record_flags.h"
#include "cli/strace_flags.h"
#include "format/errors.h"
#include "format/event_names.h"
#include "format/readable.h"

namespace tarry::cli {

namespace {

constexpr int kFailed = 125;

// "PID 4711, 4712", "the whole machine"
std::string targetText(const RecordOptions& options) {
  switch (options.target) {
    case TargetKind::command: break;
    case TargetKind::pids: return fmt::format("PID {}", fmt::join(options.pids, ", "));
    case TargetKind::cgroup: return "cgroup " + options.cgroup;
    case TargetKind::unit: return "unit " + options.unit;
    case TargetKind::all: return "the whole machine";
  }
  return "a command";
}

int recordOnly(const FlagSet& verb, const RecordFlags& flags) {
  RecordOptions options = toRecordOptions(verb, flags);
  if (options.target == TargetKind::command && options.command.empty()) {
    throw UsageError("nothing to record (give a command, -p PID, --unit NAME, --cgroup PATH or -a)");
  }
  const bool attached = options.target != TargetKind::command;
  options.on_start = [&](const std::string& path) {
    if (!attached || flags.quiet) return;
    fmt::print(stderr, "recording {} at level {} to {}{}\n", targetText(options),
               levelName(options.level.value_or(Level::waits)), path == "-" ? "standard output" : path,
               options.duration_ns > 0 ? " for " + formatDuration(options.duration_ns) : "; Ctrl-C ends it");
  };
  RecordResult result = recordOrRun(options, flags);
  if (result.path.empty()) return shellStatus(result.command_status);
  printRecordingNotes(result);
  if (!flags.quiet) printSavedSize(result);
  if (result.still_running) result.command_status = waitForCommand(*result.still_running);
  const int status = result.command_status >= 0 ? shellStatus(result.command_status) : 0;
  return status == 0 && result.reason == EndReason::error ? kFailed : status;
}

}  // namespace

Action declareRecord(FlagSet& verb) {
  verb.description(
      "Records a command, or what already runs, into a trace file; `tarry why` explains it then, here or on "
      "another "
      "machine. The command's exit status is passed on.");
  auto flags = std::make_shared<RecordFlags>();
  declareCommand(verb, *flags);
  declareTargets(verb, *flags);
  declareRecording(verb, *flags);
  declareAlwaysOn(verb, {"-f", "-y", "--follow-forks", "--decode-fds"});
  declareElsewhere(verb, "-c", "tarry summary counts the calls of a trace as strace -c does");
  verb.addFlag("-q,--quiet", flags->quiet, "say nothing but errors");
  return [&verb, flags] { return recordOnly(verb, *flags); };
}

}  // namespace tarry::cli
