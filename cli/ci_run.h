// How `tarry run` ends in continuous integration: silence for a success, a short summary and the trace for
// the rest. docs/ci.md says it to users.
#pragma once

#include <string>
#include <vector>

#include "query/ci/budget.h"
#include "recorder/record.h"

namespace tarry::cli {

struct CiOptions {
  bool keep = false;         // the trace of a success
  bool quiet = false;        // no summary on stderr
  bool best_effort = false;  // a trace that cannot be read does not turn a success into a failure
  std::string report;        // file for the summary instead of stderr; empty: none
};

// Both wait for a command that outlived its recording. They return the exit status: the command's own, 124
// where it passed and a budget is missed, 125 where it passed and the budgets cannot be judged.
int endCiRun(RecordResult& result, const CiOptions& options, const std::vector<Budget>& budgets);
// Without --ci: a line on stderr for each budget that is missed.
int endWithBudgets(RecordResult& result, bool best_effort, const std::vector<Budget>& budgets);

}  // namespace tarry::cli
