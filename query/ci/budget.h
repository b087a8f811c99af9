// Budgets: how much real time, CPU time or waiting of a kind a command may take. Judged by the numbers
// that `time` and `why` show of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/wait_kind.h"
#include "query/why/breakdown.h"

namespace tarry {

// What a budget can be about. Times in ns.
struct Measures {
  int64_t real_ns = 0;
  int64_t cpu_ns = 0;                             // of the command and all its descendants
  std::array<int64_t, kWaitKinds> waits_ns = {};  // by WaitKind, of the real time; idle waits apart
  void addWaits(const Breakdown& breakdown);
};

struct Budget {
  std::string key;  // "real", "cpu" or the name of a wait kind
  int64_t allowed_ns = 0;

  int64_t measuredIn(const Measures& measures) const;
};

// Each word is a list like "real=30s,network=2s"; all of them together are the budgets. Throws UsageError
// for what is none and for a key given twice.
std::vector<Budget> parseBudgets(const std::vector<std::string>& words);

struct BudgetVerdict {
  Budget budget;
  int64_t measured_ns = 0;

  bool missed() const { return measured_ns > budget.allowed_ns; }
  std::string text() const;  // "network took 3.10 s, allowed are 2.00 s"
};

// In the order of the budgets.
std::vector<BudgetVerdict> judge(const std::vector<Budget>& budgets, const Measures& measures);
bool anyMissed(const std::vector<BudgetVerdict>& verdicts);

}  // namespace tarry
