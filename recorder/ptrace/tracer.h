// The tracer: a process of its own, child of the recorder, that traces all processes of a recording by
// ptrace(2) and writes raw records (recorder/records.h) into a Channel.
//
// Its own process, because: the recorder stays the ordinary parent of the command, whose job control it
// sees as always; and when it ends, the kernel lets go of all tracees at once, without stopping them, which
// no call of ptrace(2) does. A tracer that is killed, or whose recorder is, so never takes the programs with
// it.
#pragma once

#include <sys/types.h>

#include "recorder/backend.h"
#include "recorder/capture_plan.h"
#include "recorder/ptrace/channel.h"

namespace tarry::ptracing {

struct TracerOptions {
  Level level = Level::syscalls;
  int64_t snaplen = 0;
  pid_t recorder = 0;
  const SyscallSet* calls = nullptr;  // only these are recorded; nullptr: all
  bool filtered = false;              // the command has a seccomp filter (call_filter.h)
  std::vector<pid_t> pids;            // to attach to, with their descendants
};

// Runs until Request::stop. For a process that has just been forked and has one thread.
[[noreturn]] void runTracer(Channel& channel, const CapturePlan& plan, const TracerOptions& options);

}  // namespace tarry::ptracing
