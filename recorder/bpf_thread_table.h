// Threads as the kernel side numbers them, translated to the trace's, and what happens to them:
// fork, exec, rename, exit, what their processes are. Definitions and LifeEvents come from here.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "format/trace_writer.h"
#include "recorder/bpf/records.h"
#include "recorder/bpf_resource_table.h"

namespace tarry {

class BpfThreadTable {
 public:
  explicit BpfThreadTable(BpfResourceTable& resources) : resources_(resources) {}

  void define(const rec_thread& record, TraceWriter& writer);
  void defineCgroup(std::span<const uint8_t> record, TraceWriter& writer);
  void fork(const rec_fork& record, TraceWriter& writer);
  void exec(std::span<const uint8_t> record, TraceWriter& writer);
  void rename(const rec_comm& record, TraceWriter& writer);
  void exit(const rec_exit& record, TraceWriter& writer);

  // none: not defined (its definition was lost).
  ThreadId find(uint32_t kernel_id) const {
    return kernel_id < rows_.size() ? rows_[kernel_id].def.id : ThreadId{};
  }
  // The thread has left its last CPU: later epochs do without it. Its events in the other rings of the
  // same batch may still come.
  void ended(uint32_t kernel_id);
  // After a batch: forgets the threads that ended before it; returns their kernel ids.
  std::vector<uint32_t> forgetEnded(TraceWriter& writer);

 private:
  struct Row {
    ThreadDef def;
    ProcessInfo info;     // of a leader
    uint32_t leader = 0;  // kernel id
    bool gone = false;
  };
  Row* row(uint32_t kernel_id);
  void addInfo(const rec_thread& record, Row& row, TraceWriter& writer);
  StringId cgroup(uint64_t id) const;

  BpfResourceTable& resources_;
  std::vector<Row> rows_;                                        // by kernel id
  std::map<std::pair<int32_t, int64_t>, ThreadId> by_identity_;  // tid and start time
  std::unordered_map<uint64_t, StringId> cgroups_;
  std::vector<uint32_t> ended_, ended_before_;  // kernel ids
  uint32_t last_id_ = 0;
};

}  // namespace tarry
