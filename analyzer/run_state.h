// What a thread is doing, whose turn it is while it waits, and what ends a wait, as the columns state, role
// and waker_context of thread_state have it. Decided by the trackers, read back by the explanations of
// query/.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/events.h"

namespace tarry {

// `none` is no state of a thread that lives.
enum class RunState : uint8_t { none, unknown, running, runnable, blocked };

enum class WaitRole : uint8_t {
  none,
  answer,  // this side spoke last
  idle,    // until someone wants something
};

// As in the table; "" for none.
std::string_view runStateName(RunState state);
std::string_view waitRoleName(WaitRole role);
std::string_view wakerContextName(WakerContext context);
// unknown, none for a word that is not in the table's list.
RunState runStateOf(std::string_view name);
WaitRole waitRoleOf(std::string_view name);

}  // namespace tarry
