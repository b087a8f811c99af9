// StateTable: thread states into table thread_state.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "analyzer/bulk/bulk_table.h"
#include "analyzer/tables.h"
#include "analyzer/thread_state.h"

namespace tarry::analysis {

class StateTable : public ThreadStateSink {
 public:
  // `image` must outlive it.
  explicit StateTable(bulk::DatabaseImage& image) : table_(image) {}

  void add(const ThreadState& state) override;
  void finish() override { table_.finish(); }
  void settle(std::span<const ParkedVerdict> verdicts, Database& db) override;

 private:
  bulk::BulkTable<tables::kThreadState> table_;
  std::vector<std::pair<int64_t, uint32_t>> parked_;  // rows, and ThreadState::parked
  int64_t next_id_ = 1;
};

}  // namespace tarry::analysis
