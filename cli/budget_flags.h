// --budget, which `run` and `summary` share: its declaration, exit status and words.
#pragma once

#include <string>
#include <vector>

#include "query/ci/budget.h"

namespace tarry::cli {

class FlagSet;

// As timeout(1) says that something took too long.
inline constexpr int kBudgetMissed = 124;

void declareBudget(FlagSet& verb, std::vector<std::string>& budgets);

// "tarry: over budget: real took 12.3 s, allowed are 10.0 s" for each that was missed; to stderr.
void printBudgets(const std::vector<BudgetVerdict>& verdicts);

}  // namespace tarry::cli
