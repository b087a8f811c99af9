#include "query/ci/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "format/errors.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr std::string_view kExample = "--budget real=30s,network=2s";

std::string knownKeys() {
  std::string keys = "real, cpu";
  for (int kind = 1; kind < kWaitKinds; ++kind)
    keys += fmt::format("{}{}", kind + 1 == kWaitKinds ? " or " : ", ",
                        waitKindName(static_cast<WaitKind>(kind)));
  return keys;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Budget parseBudget(std::string_view word) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos)
    throw UsageError(fmt::format("--budget: '{}' has no limit (write {})", printable(word), kExample));
  Budget budget;
  budget.key = trimmed(word.substr(0, equals));
  if (budget.key != "real" && budget.key != "cpu" && !waitKindOf(budget.key))
    throw UsageError(
        fmt::format("--budget: there is no time '{}' (use {})", printable(budget.key), knownKeys()));
  budget.allowed_ns = parseDuration(trimmed(word.substr(equals + 1)), "--budget " + budget.key);
  if (budget.allowed_ns < 0)
    throw UsageError(fmt::format("--budget: {} cannot be less than nothing", budget.key));
  return budget;
}

}  // namespace

void Measures::addWaits(const Breakdown& breakdown) {
  for (const KindTotal& kind : breakdown.kinds) waits_ns[static_cast<size_t>(kind.kind)] += kind.total_ns;
}

int64_t Budget::measuredIn(const Measures& measures) const {
  if (key == "real") return measures.real_ns;
  if (key == "cpu") return measures.cpu_ns;
  return measures.waits_ns[static_cast<size_t>(waitKindOf(key).value_or(WaitKind::unknown))];
}

std::vector<Budget> parseBudgets(const std::vector<std::string>& words) {
  std::vector<Budget> budgets;
  for (const std::string_view list : words) {
    for (size_t begin = 0; begin <= list.size();) {
      const size_t end = std::min(list.find(',', begin), list.size());
      Budget budget = parseBudget(trimmed(list.substr(begin, end - begin)));
      for (const Budget& other : budgets)
        if (other.key == budget.key) throw UsageError(fmt::format("--budget: {} is given twice", budget.key));
      budgets.push_back(std::move(budget));
      begin = end + 1;
    }
  }
  return budgets;
}

std::string BudgetVerdict::text() const {
  return fmt::format("{} took {}, allowed are {}", budget.key, formatDuration(measured_ns),
                     formatDuration(budget.allowed_ns));
}

std::vector<BudgetVerdict> judge(const std::vector<Budget>& budgets, const Measures& measures) {
  std::vector<BudgetVerdict> verdicts;
  for (const Budget& budget : budgets) verdicts.push_back({budget, budget.measuredIn(measures)});
  return verdicts;
}

bool anyMissed(const std::vector<BudgetVerdict>& verdicts) {
  return std::any_of(verdicts.begin(), verdicts.end(), [](const BudgetVerdict& v) { return v.missed(); });
}

}  // namespace tarry
