// The beginnings and ends of threads and processes, and what they are: definitions and lifecycle records.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>

#include "recorder/ptrace/channel.h"
#include "recorder/ptrace/resource_finder.h"
#include "recorder/ptrace/tracee.h"

namespace tarry::ptracing {

class Lives {
 public:
  using Tracees = std::unordered_map<pid_t, Tracee>;

  Lives(RecordSink& sink, ResourceFinder& resources) : sink_(sink), resources_(resources) {}

  Tracees& all() { return tracees_; }
  Tracee* find(pid_t tid);

  // A thread that existed before, stopped or not. nullptr: it has gone.
  Tracee* existing(pid_t tid, int64_t now_ns);
  // A main thread that ended before the others, and which nobody can trace: it ends with the last of them.
  Tracee* endedBefore(pid_t pid, int64_t now_ns);
  // A thread or process that `creator` has made. It is stopped.
  Tracee* created(pid_t tid, const Tracee& creator, int64_t now_ns);
  // In the stop of its execve, which made `caller` the first thread. The tracee as it is from now on.
  Tracee& executed(Tracee& caller, int64_t now_ns);
  void renamed(Tracee& tracee, int64_t now_ns);
  // In PTRACE_EVENT_EXIT.
  void exiting(Tracee& tracee, int status, int64_t now_ns);
  // It can be waited for, and has not been yet: the last look at its sums.
  void beforeEnd(Tracee& tracee);
  // It was. `status`: of wait(2). The tracee is gone then.
  void ended(pid_t tid, int status, int64_t now_ns);

 private:
  Tracee& add(pid_t tid, std::shared_ptr<TracedProcess> process);
  std::shared_ptr<TracedProcess> makeProcess(pid_t pid);
  void define(Tracee& tracee, uint32_t creator, uint8_t flags, uint64_t start_ns, int64_t now_ns);
  uint64_t cgroup(pid_t pid);
  void flushExits(const Tracee& leader, int64_t now_ns);
  void putExit(const TracedProcess& process, rec_exit record);

  RecordSink& sink_;
  ResourceFinder& resources_;
  Tracees tracees_;
  uint32_t last_id_ = 0;
  std::unordered_map<std::string, std::pair<uint64_t, uint32_t>> cgroups_;  // number, epoch
};

}  // namespace tarry::ptracing
