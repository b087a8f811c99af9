// Threads as the kernel side numbers them, translated to the trace's, and what happens to them:
// fork, exec, rename, exit, what their processes are. Definitions and LifeEvents come from here.
//
// Memory follows the threads that live, not all that were ever seen: what the kernel has released is
// forgotten some seconds later.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "format/trace_writer.h"
#include "recorder/raw_resource_table.h"
#include "recorder/records.h"

namespace tarry {

class RawThreadTable {
 public:
  explicit RawThreadTable(RawResourceTable& resources) : resources_(resources) {}

  void define(const rec_thread& record, TraceWriter& writer);
  void defineCgroup(std::span<const uint8_t> record);
  void fork(const rec_fork& record, TraceWriter& writer);
  void exec(std::span<const uint8_t> record, TraceWriter& writer);
  void rename(const rec_comm& record, TraceWriter& writer);
  void exit(const rec_exit& record, TraceWriter& writer);

  // none: not defined (its definition was lost).
  ThreadId find(uint32_t kernel_id) const {
    const auto it = rows_.find(kernel_id);
    return it == rows_.end() ? ThreadId{} : it->second.def.id;
  }
  // The thread has left its last CPU: later epochs do without it. Its events in the other rings of the
  // same batch may still come.
  void ended(uint32_t kernel_id);
  // The kernel has given up its task.
  void released(uint32_t kernel_id);
  // After a batch: the trace forgets the threads that ended before it, this table those that were
  // released some seconds ago; returns the kernel ids of both.
  std::vector<uint32_t> forgetEnded(int64_t now_ns, TraceWriter& writer);
  size_t size() const { return rows_.size(); }  // for tests

 private:
  struct Row {
    ThreadDef def;
    ProcessInfo info;     // of a leader
    uint32_t leader = 0;  // kernel id
    uint32_t twin = 0;    // kernel id of an earlier definition of the same thread
    bool gone = false;
    bool released = false;
    bool old_task = false;  // the next release is that of the task whose place an execve took
  };
  struct Identity {
    ThreadId id;
    uint32_t kernel_id = 0;  // of the last definition
  };
  struct Cgroup {
    std::string path;
    uint32_t epoch = 0;  // RawResourceTable's, in which the kernel last described it
  };
  Row* row(uint32_t kernel_id);
  // none: not known.
  ThreadId leaderOf(const rec_thread& record, ThreadId self) const;
  void addInfo(const rec_thread& record, Row& row, TraceWriter& writer);
  StringId cgroup(uint64_t id, TraceWriter& writer) const;
  void erase(uint32_t kernel_id, TraceWriter& writer);

  RawResourceTable& resources_;
  std::unordered_map<uint32_t, Row> rows_;                       // by kernel id
  std::map<std::pair<int32_t, int64_t>, Identity> by_identity_;  // tid and start time
  std::unordered_map<uint64_t, Cgroup> cgroups_;
  uint32_t cgroups_epoch_ = 0;
  // kernel ids
  std::vector<uint32_t> ended_, ended_before_;
  std::vector<uint32_t> released_, released_before_;
  int64_t erased_ns_ = 0;
  uint32_t last_id_ = 0;
};

}  // namespace tarry
