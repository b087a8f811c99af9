// The flags that `run` and `record` share, and what both say when a recording has ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/record.h"

namespace tarry::cli {

class FlagSet;

struct RecordFlags {
  std::string command_shown;  // only for the help page; the command is what CLI11 leaves over
  std::vector<std::string> pids;
  std::string cgroup, unit;
  bool all = false;
  std::string user;
  BackendChoice backend = BackendChoice::automatic;
  std::string calls, level, snaplen, packets, output, duration, max_size, buffer;
  bool wait_all = false;
  bool best_effort = false;
  bool quiet = false;
};

// Flags end at the first word that is none: `tarry run -o x ls -l` hands -l to ls.
void declareCommand(FlagSet& verb, RecordFlags& flags);
void declareTargets(FlagSet& verb, RecordFlags& flags);
void declareRecording(FlagSet& verb, RecordFlags& flags);

// Throws UsageError for values that make no sense and for no target or several.
RecordOptions toRecordOptions(const FlagSet& verb, const RecordFlags& flags);

// "500ms", "30s", "5m", "1h", "2.5" (seconds), as ns.
int64_t parseTimeSpan(std::string_view text, std::string_view flag);
// "4096", "512K", "64M", "2G" (powers of 1024), as bytes.
uint64_t parseByteCount(std::string_view text, std::string_view flag);

// record(), or with --best-effort, where recording is impossible, the command alone: then the result has no
// path. `consequence` ends the line on stderr that says so.
RecordResult recordOrRun(const RecordOptions& options, const RecordFlags& flags,
                         std::string_view consequence = {});

// On stderr: why it ended early, what was lost.
void printRecordingNotes(const RecordResult& result);
// "saved NAME.tarry"; to stderr.
void printSaved(const RecordResult& result);
// "saved NAME.tarry: 30.0 s, 1.2 MiB, nothing lost"; to stderr, also where the trace went to standard output.
void printSavedSize(const RecordResult& result);

}  // namespace tarry::cli
