// record(): one recording from the first event to the trailer. Blocks until the target has ended,
// the time is over or SIGINT/SIGTERM came. The launched command behaves as without tarry: it gets
// the terminal, stdin and signals; it is released into its execve only when recording is armed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/events.h"

namespace tarry {

enum class BackendChoice : uint8_t { automatic, bpf, ptrace };

// Of a packet: enough for its headers; what the kernel side has room for.
inline constexpr uint32_t kLeastPacketBytes = 64, kMostPacketBytes = 16 * 1024;

struct RecordOptions {
  TargetKind target = TargetKind::command;
  std::vector<std::string> command;  // argv
  std::vector<int> pids;
  std::string cgroup;  // path or name under the cgroup mount
  std::string unit;
  std::string user;  // run the command as; empty: the caller, or who called sudo
  BackendChoice backend = BackendChoice::automatic;
  std::optional<Level> level;   // default: syscalls with a command, else waits
  int64_t snaplen = 0;          // -1 all
  uint32_t packet_bytes = 0;    // of a packet; 0: packets are not recorded
  std::string calls;            // only these system calls, as strace's -e trace= names them; empty: all
  std::string output;           // empty: NAME.tarry after the target in the current directory; "-": stdout
  int64_t duration_ns = 0;      // 0: no limit
  uint64_t max_size_bytes = 0;  // 0: no limit; recording ends when it is reached
  uint64_t ring_bytes = 0;      // 0: default
  // Go on until all descendants have ended too; otherwise the end of the command ends the recording.
  bool wait_all = false;
  // Told once, when everything is armed and the command (if any) runs; the path of the trace.
  std::function<void(const std::string& path)> on_start;
  // Told at most once: which backend was taken instead of eBPF, why, and what it does not see.
  std::function<void(const std::string& note)> on_note;
};

class LaunchedCommand;

struct RecordResult {
  std::string path;  // of the trace
  EndReason reason = EndReason::unknown;
  int command_status = -1;  // wait status, -1 without a command
  uint64_t lost = 0;
  uint64_t bytes = 0;
  int64_t duration_ns = 0;
  std::string error;  // with EndReason::error; what was written until then is kept
  // The command, where recording ended before it did (--for, --max-size, full disk): it goes on.
  std::shared_ptr<LaunchedCommand> still_running;
};

// Throws RecordError (status 125, 126 or 127) or UsageError; nothing is left behind then. What goes
// wrong later (full disk, closed pipe) only ends the recording, with EndReason::error.
//
// Signals, while a command runs: SIGINT and SIGQUIT are the command's business, as with time(1); two
// SIGINT within a second end the recording. SIGTERM and SIGHUP sent by a process are passed on to
// the command, a second one ends the recording. Ctrl-Z stops the recorder once the command has
// stopped. Without a command SIGINT, SIGTERM and SIGHUP end the recording. While the end is being
// written, any of them ends the process: what is in the file stays readable.
RecordResult record(const RecordOptions& options);

// Runs options.command as record() would, as the same user and with the same behaviour towards signals,
// without recording it; returns its wait status. Throws RecordError (125, 126 or 127) where it cannot be
// started.
int runUnrecorded(const RecordOptions& options);

// Waits for a command that outlived its recording, with the same behaviour towards signals; returns
// its wait status.
int waitForCommand(LaunchedCommand& command);

// Exit status a shell would report for a wait status: code, or 128 + signal.
int shellStatus(int wait_status);

}  // namespace tarry
