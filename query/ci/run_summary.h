// RunSummary: what a gate or a job summary asks of a recording, in one place: facts of the trace, real, CPU
// and waiting time, and the slowest commands of the process tree. The numbers are those of `why`, `time` and
// `tree`, by the same functions.
//
// Of a recorded command times are real time; of what was recorded otherwise, thread time (as in `time`).
// docs/summary-json.md describes the JSON form.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "query/ci/budget.h"
#include "query/process_facts.h"
#include "query/render/json.h"
#include "query/timeline.h"
#include "query/why/conclusion.h"
#include "query/why/explain.h"
#include "query/why/process_states.h"
#include "query/why/why.h"

namespace tarry {

class Database;
class StateStore;

// A process with its part of the real time: of what it did itself while the command waited for it.
struct RunCommand {
  int32_t process = kNone;
  int64_t part_ns = 0;
  ProcessFacts facts;
};

class RunSummary {
 public:
  // `states`: as in Timeline::load(). Neither is needed afterwards. Throws TraceError where the trace has no
  // thread states.
  RunSummary(Database& db, StateStore* states, const CallSources& calls);
  RunSummary(const RunSummary&) = delete;
  RunSummary& operator=(const RunSummary&) = delete;

  // A command was recorded, and what is said is in its real time.
  bool ofCommand() const { return explained_.has_value(); }
  Measures measures() const;
  // As a shell reports it; nullopt where the command had not ended when the recording did.
  std::optional<int> exitStatus() const;
  // Largest part first.
  std::vector<RunCommand> slowestCommands(size_t most) const;

  // Members of the object that `json` has open. `file`: for follow-up commands; empty: none.
  void writeJson(JsonOut& json, const std::string& file) const;
  // `exit_status`: the command's, where it is known better than from the trace.
  void writeMarkdown(const std::vector<BudgetVerdict>& verdicts, std::optional<int> exit_status,
                     const std::string& file, std::ostream& out) const;

 private:
  const Breakdown& breakdown() const { return breakdown_; }
  int64_t realNs() const;
  std::string title() const;
  std::string outcome(std::optional<int> exit_status, bool missed) const;
  void writeBudgetTable(const std::vector<BudgetVerdict>& verdicts, std::ostream& out) const;
  void writeTimeTable(std::ostream& out) const;
  void writeCommandTable(std::ostream& out) const;

  Timeline timeline_;
  StackNames stacks_;
  Requests requests_;
  Wording wording_;
  std::vector<std::string> notes_;
  std::optional<Explained> explained_;  // of the command
  int32_t processes_ = 0, threads_ = 0;
  int64_t begin_ns_ = 0, end_ns_ = 0;
  Breakdown breakdown_;
  DataMoved moved_;
};

void writeBudgetsJson(JsonOut& json, const std::vector<BudgetVerdict>& verdicts);

}  // namespace tarry
