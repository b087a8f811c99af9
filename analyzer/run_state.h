// What a thread is doing, whose turn it is while it waits, how far a conversation has come, and what ends a
// wait, as the columns state, role, phase and waker_context of thread_state have it. Decided by the trackers,
// read back by the explanations of query/.
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

// How far a wait for the network has come.
enum class WaitPhase : uint8_t {
  none,
  dns,            // for an answer of a name server
  connect,        // for the connection
  tls_handshake,  // for the peer's part of it
  sending,        // for room: the peer does not take what was sent
  first_byte,     // this side spoke last, and nothing has come yet
  receiving,      // the rest of what has begun to come
};
inline constexpr int kWaitPhases = static_cast<int>(WaitPhase::receiving) + 1;

// As in the table; "" for none.
std::string_view runStateName(RunState state);
std::string_view waitRoleName(WaitRole role);
std::string_view waitPhaseName(WaitPhase phase);
std::string_view wakerContextName(WakerContext context);
// unknown, none for a word that is not in the table's list.
RunState runStateOf(std::string_view name);
WaitRole waitRoleOf(std::string_view name);
WaitPhase waitPhaseOf(std::string_view name);

}  // namespace tarry
