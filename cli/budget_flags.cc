#include "cli/budget_flags.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/flag_set.h"

namespace tarry::cli {

void declareBudget(FlagSet& verb, std::vector<std::string>& budgets) {
  verb.addOption(
          "--budget", budgets,
          "times it may take, as real=30s,network=2s: real, cpu (of all its processes) and the wait kinds of "
          "docs/waits.md; exit status 124 where one is missed; repeatable")
      .valueName("KEY=TIME,…")
      .repeatable();
}

void printBudgets(const std::vector<BudgetVerdict>& verdicts) {
  for (const BudgetVerdict& verdict : verdicts)
    if (verdict.missed()) fmt::print(stderr, "tarry: over budget: {}\n", verdict.text());
}

}  // namespace tarry::cli
