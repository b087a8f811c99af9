// StateCollector: thread states into a StateStore, without a table.
#pragma once

#include <unordered_map>

#include "analyzer/state_store.h"
#include "analyzer/thread_state.h"

namespace tarry::analysis {

class StateCollector : public ThreadStateSink {
 public:
  // `store` must outlive it.
  explicit StateCollector(StateStore& store) : store_(store) {}

  void add(const ThreadState& state) override;
  void finish() override {}
  void settle(std::span<const ParkedVerdict> verdicts, Database& db) override;

 private:
  int32_t nameOf(const CallTraits* call);
  int32_t nameOf(WakerContext context);

  StateStore& store_;
  std::unordered_map<const CallTraits*, int32_t> call_names_;
  std::unordered_map<WakerContext, int32_t> context_names_;
};

}  // namespace tarry::analysis
