// The beginning of tracing: of a command that waits to be released, or of what already runs, with a
// snapshot of what it has open and what it waits for.
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "recorder/ptrace/calls.h"
#include "recorder/ptrace/lives.h"
#include "recorder/ptrace/run_states.h"

namespace tarry::ptracing {

class Attacher {
 public:
  // `filtered`: the command has a seccomp filter (call_filter.h). Without one its own filters shall find no
  // tracer: what they answer with SECCOMP_RET_TRACE fails then, as it does untraced.
  Attacher(RecordSink& sink, Lives& lives, ResourceFinder& resources, Calls& calls, RunStates& states,
           bool filtered);

  // Both throw RecordError where a process may not be traced.
  void launched(pid_t pid);
  void attach(const std::vector<pid_t>& pids);

  // A thread that was left alone because an interruption would have ended its call: once it does something
  // else it can be stopped.
  void interruptWhenMoved(Tracee& tracee);

 private:
  bool seize(pid_t tid, bool required);
  void attachThread(pid_t tid);
  // Of its process.
  void putOpenFds(const Tracee& tracee);
  void putEpollMembers(const Tracee& tracee, int fd);

  RecordSink& sink_;
  Lives& lives_;
  ResourceFinder& resources_;
  Calls& calls_;
  RunStates& states_;
  const long options_;
};

}  // namespace tarry::ptracing
