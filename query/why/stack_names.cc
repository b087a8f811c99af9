#include "query/why/stack_names.h"

#include <set>
#include <string_view>

#include "analyzer/sqlite.h"

namespace tarry {
namespace {

// Functions at the top of kernel stacks that only say "it sleeps".
bool saysNothing(std::string_view symbol) {
  for (const std::string_view name :
       {"schedule", "__schedule", "schedule_timeout", "schedule_hrtimeout_range",
        "schedule_hrtimeout_range_clock", "io_schedule", "do_nanosleep", "__switch_to",
        "schedule_preempt_disabled", "io_schedule_timeout", "wait_woken", "poll_schedule_timeout",
        "do_select", "do_sys_poll", "do_poll", "do_epoll_wait", "ep_poll"})
    if (symbol == name) return true;
  return false;
}

}  // namespace

StackNames stackNames(Database& db, const Timeline& timeline) {
  std::set<int32_t> stacks;
  for (const StateInfo& info : timeline.states().infos())
    if (info.state == RunState::blocked && info.kernel_stack != kNone) stacks.insert(info.kernel_stack);
  StackNames names;
  if (stacks.empty()) return names;
  auto q = db.prepare(
      "SELECT s.stack_id, f.symbol FROM stack s JOIN frame f ON f.id = s.frame_id WHERE f.symbol IS NOT NULL"
      " ORDER BY 1, s.depth");
  while (q.step()) {
    const auto stack = static_cast<int32_t>(q.integer(0));
    if (!stacks.contains(stack)) continue;
    // The compiler's ".constprop.0" and ".isra.0" are nobody's name.
    const std::string_view symbol = q.text(1).substr(0, q.text(1).find('.'));
    if (!saysNothing(symbol)) names.try_emplace(stack, symbol);
  }
  return names;
}

}  // namespace tarry
