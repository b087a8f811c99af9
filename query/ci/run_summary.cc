#include "query/ci/run_summary.h"

#include <algorithm>
#include <charconv>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/why/notes.h"
#include "query/why/ongoing.h"
#include "query/why/stack_names.h"

namespace tarry {

RunSummary::RunSummary(Database& db, StateStore* states, const CallSources& calls)
    : timeline_(Timeline::load(db, states)),
      stacks_(stackNames(db, timeline_)),
      requests_(db),
      wording_{timeline_, stacks_, requests_},
      notes_(notesOn(db)) {
  if (timeline_.states().empty()) throw TraceError(nothingIn(db, "thread states"));
  const int32_t root = timeline_.commandRoot();
  if (root != kNone && lifetimeOf(timeline_, root)) {
    ProcessStates process_states(timeline_);
    explained_ = explainCommand(timeline_, process_states, root, false);
    moved_ = calls.moved(timeline_, kNone, explained_->begin, explained_->end);
    if (explained_->ended) explained_->failed_call = calls.failed(timeline_, root);
    breakdown_ = explained_->breakdown;
    processes_ = explained_->processes;
    threads_ = explained_->threads;
    begin_ns_ = explained_->begin;
    end_ns_ = explained_->end;
    return;
  }
  Ongoing ongoing = explainOngoing(timeline_, false);
  breakdown_ = std::move(ongoing.breakdown);
  processes_ = ongoing.processes;
  threads_ = ongoing.threads;
  begin_ns_ = ongoing.begin;
  end_ns_ = ongoing.end;
}

int64_t RunSummary::realNs() const {
  return end_ns_ - begin_ns_;
}

Measures RunSummary::measures() const {
  Measures measures;
  measures.real_ns = realNs();
  measures.cpu_ns = explained_ ? explained_->cpu_ns : breakdown_.on_cpu_ns;
  measures.addWaits(breakdown_);
  return measures;
}

std::optional<int> RunSummary::exitStatus() const {
  if (!explained_) return std::nullopt;
  const ProcessInfoRow& p = timeline_.process(explained_->process);
  constexpr int kSignalled = 128;
  if (p.exit_signal) return kSignalled + static_cast<int>(*p.exit_signal);
  if (p.exit_code) return static_cast<int>(*p.exit_code);
  return std::nullopt;
}

std::vector<RunCommand> RunSummary::slowestCommands(size_t most) const {
  std::vector<RunCommand> commands;
  for (const Share& share : breakdown_.share) {
    if (commands.size() == most) break;
    if (share.index == kNone || share.total_ns <= 0) continue;
    commands.push_back({share.index, share.total_ns, processFacts(timeline_, share.index)});
  }
  return commands;
}

}  // namespace tarry
