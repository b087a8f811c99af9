// A backend is one way to see what programs do (bpf_backend.h, ptrace_backend.h). The session drives it:
//
//   drain thread:   drain() every few milliseconds, copying raw records out of the rings
//   encode thread:  encode() of each batch, in order: raw records become events of a TraceWriter
//   session thread: start(), add(), stop()
//
// so that a slow disk or compressor never keeps the rings from being emptied.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/events.h"
#include "format/syscall_set.h"
#include "format/trace_writer.h"

namespace tarry {

// What is recorded. Exactly one of the kinds (a command is given to the backend by add()).
struct TargetSpec {
  TargetKind kind = TargetKind::command;
  std::vector<pid_t> pids;  // with their threads and present and future descendants
  std::string cgroup_path;  // directory under a cgroup mount (also for a unit)
};

// What a ring has by default. 4 MiB are enough for system calls in a loop from all CPUs of a busy machine,
// twice that leaves a margin. Where calls are kept with all they move, a megabyte by TLS is several in the
// ring within some milliseconds, at both ends, encrypted and not. On many CPUs all rings together have the
// bound, as one thread empties them.
constexpr uint64_t defaultRingBytes(int64_t cpus, int64_t snaplen = 0) {
  constexpr int64_t kLongCalls = 4096;
  constexpr uint64_t kLeast = 1U << 20, kTogether = 256U << 20;
  const uint64_t most = snaplen < 0 || snaplen >= kLongCalls ? 32U << 20 : 8U << 20;
  const uint64_t share = kTogether / static_cast<uint64_t>(std::max<int64_t>(cpus, 1));
  return std::bit_floor(std::clamp(share, kLeast, most));
}

struct BackendOptions {
  Level level = Level::syscalls;
  int64_t snaplen = 0;                        // bytes of a call; -1: all (docs/trace-format.md, "Payloads")
  uint32_t packet_bytes = 0;                  // of a packet; 0: packets are not recorded
  uint64_t ring_bytes = defaultRingBytes(1);  // per CPU; rounded up to a power of two
  std::shared_ptr<const SyscallSet> calls;    // only these are recorded; none: all
  int64_t stack_min_sleep_ns =
      1'000'000;  // kernel stack at wake-ups that end a sleep at least so long; -1 never
};

// Raw records as they were in the rings: `definitions` (and lifecycle) must be applied before
// `events`; every id that an event uses is defined in this batch or in one before.
struct RawBatch {
  std::vector<uint8_t> definitions;
  std::vector<std::vector<uint8_t>> events;  // one per ring
  bool empty() const;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // As the header of a trace names it.
  virtual const char* name() const = 0;

  // What a launched command has to install before its execve (seccomp(2)); empty: nothing. Asked for
  // before start().
  virtual std::vector<sock_filter> commandFilter() const { return {}; }
  // Loads, attaches, marks what already runs as target, takes the snapshot. Throws RecordError.
  virtual void start(const TargetSpec& target) = 0;
  // Makes a process (a launched command still waiting before its exec) and its descendants a target.
  virtual void add(pid_t pid) = 0;
  // True while at least one recorded process lives.
  virtual bool targetAlive() = 0;
  // Copies what is in the rings; never blocks. Called from one thread at a time.
  virtual void drain(RawBatch& batch) = 0;
  // Translates a batch. Called from one thread, batches in the order they were drained.
  virtual void encode(const RawBatch& batch, TraceWriter& writer) = 0;
  // Ends recording: reports calls still pending as unfinished into the rings, then detaches.
  // drain() and encode() once more after it bring the rest.
  virtual void stop() = 0;
  // Fills what the backend knows of its cost (bpf_run_ns, ring_bytes).
  virtual void fillCost(RecorderCost& cost) = 0;
  // Events lost so far, for the closing line.
  virtual uint64_t lost() = 0;
};

}  // namespace tarry
