// record(): one recording from the first event to the trailer. Blocks until the target has ended,
// the time is over or SIGINT/SIGTERM came. The launched command behaves as without tarry: it gets
// the terminal, stdin and signals; it is released into its execve only when recording is armed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "format/events.h"

namespace tarry {

struct RecordOptions {
  TargetKind target = TargetKind::command;
  std::vector<std::string> command;  // argv
  std::vector<int> pids;
  std::string cgroup;  // path or name under the cgroup mount
  std::string unit;
  std::string user;    // run the command as; empty: the caller, or who called sudo
  std::optional<Level> level;  // default: syscalls with a command, else waits
  int64_t snaplen = 0;         // -1 all
  std::string output;          // empty: NAME.tarry after the target in the current directory; "-": stdout
  int64_t duration_ns = 0;     // 0: no limit
  uint64_t max_size_bytes = 0; // 0: no limit; recording ends when it is reached
  uint64_t ring_bytes = 0;     // 0: default
};

struct RecordResult {
  std::string path;  // of the trace
  EndReason reason = EndReason::unknown;
  int command_status = -1;  // wait status, -1 without a command
  uint64_t lost = 0;
  uint64_t bytes = 0;
};

// Throws RecordError (status 125, 126 or 127) or UsageError.
RecordResult record(const RecordOptions& options);

// Exit status a shell would report for a wait status: code, or 128 + signal.
int shellStatus(int wait_status);

}  // namespace tarry
