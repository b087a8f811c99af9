// What a thread was waiting for, as thread_state.wait_kind has it. Decided by analyzer/wait_attribution.h,
// read back by the explanations of query/.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tarry {

enum class WaitKind : uint8_t {
  none,  // on a CPU
  cpu_queue,
  cpu_limit,
  network,
  ipc,
  disk,
  lock,
  sleep,
  child,
  terminal,
  memory,
  device,
  signal,
  stopped,
  recorder,
  unknown,
};
inline constexpr int kWaitKinds = static_cast<int>(WaitKind::unknown) + 1;

// As in the table; "on CPU" for none.
std::string_view waitKindName(WaitKind kind);
// Nothing for a name that is not in the table's list.
std::optional<WaitKind> waitKindOf(std::string_view name);

}  // namespace tarry
