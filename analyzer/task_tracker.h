// Who lived when: processes and threads with their names, programs, parents and ends.
//
// Threads get a `utid` and processes a `upid`, both counted from 1 and never reused, which is what
// tells a process from a later one with the same pid. Times are trace time (ns since its start).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyzer/id_map.h"
#include "format/events.h"

namespace tarry::analysis {

using Utid = uint32_t;  // 0: none
using Upid = uint32_t;  // 0: none

struct TrackedThread {
  int32_t tid = 0;
  int32_t ns_tid = 0;
  Upid upid = 0;
  Utid creator = 0;
  StringId name;
  std::optional<int64_t> start_ts;
  std::optional<int64_t> end_ts;  // set by whoever knows the last switch out
  bool is_main = false;
  bool recorded = false;
  bool existed = false;
  bool exited = false;
};

struct TrackedProcess {
  int32_t pid = 0;
  int32_t ns_pid = 0;
  int32_t ppid = 0;
  Upid parent = 0;
  Utid main_thread = 0;
  StringId comm;
  ProcessInfo info;
  bool has_info = false;
  bool recorded = false;
  bool existed = false;
  bool kernel_thread = false;
  bool leaderless = false;         // known only by threads of which the recorder could not say who leads them
  std::optional<int64_t> exit_ts;  // of its last thread's exit event
  int32_t exit_status = 0;         // wait(2) encoding, meaningful with exit_ts
  int64_t user_ns = 0, system_ns = 0, max_rss = 0;
  std::vector<Utid> threads;
};

struct NameChange {
  int64_t ts = 0;
  Utid utid = 0;
  StringId name;
};

struct ExecRecord {
  int64_t ts = 0;
  Upid upid = 0;
  Utid utid = 0;
  StringId comm;
  ProcessInfo info;
};

class TaskTracker {
 public:
  // `start_ns`: the trace's clock at ts = 0.
  explicit TaskTracker(int64_t start_ns) : start_ns_(start_ns) {}

  void define(const ThreadDef& def);
  void life(const LifeEvent& event, int64_t ts);

  Utid utid(ThreadId id) const { return utids_.get(id); }
  size_t threadCount() const { return threads_.size() - 1; }
  size_t processCount() const { return processes_.size() - 1; }
  // Valid for 1 … count; references until the next define().
  TrackedThread& thread(Utid utid) { return threads_[utid]; }
  const TrackedThread& thread(Utid utid) const { return threads_[utid]; }
  const TrackedProcess& process(Upid upid) const { return processes_[upid]; }
  const TrackedProcess& processOf(Utid utid) const { return processes_[threads_[utid].upid]; }
  // The latest process seen with that pid, 0 for none.
  Upid findPid(int32_t pid) const;

  const std::vector<NameChange>& names() const { return names_; }
  const std::vector<ExecRecord>& execs() const { return execs_; }

 private:
  Upid processFor(ThreadId leader, int32_t pid);
  Upid processOf(const ThreadDef& def);
  void rename(Utid utid, StringId name, int64_t ts);

  int64_t start_ns_;
  IdMap<ThreadId, Utid> utids_;
  IdMap<ThreadId, Upid> upids_;  // by leader
  std::vector<TrackedThread> threads_ = std::vector<TrackedThread>(1);
  std::vector<TrackedProcess> processes_ = std::vector<TrackedProcess>(1);
  std::unordered_map<int32_t, Upid> by_pid_;
  std::vector<NameChange> names_;
  std::vector<ExecRecord> execs_;
};

}  // namespace tarry::analysis
