#include "analyzer/run_state.h"

#include <array>

namespace tarry {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"", "unknown", "running", "runnable", "blocked"};
constexpr std::array<std::string_view, 3> kRoles = {"", "answer", "idle"};

}  // namespace

std::string_view runStateName(RunState state) {
  return kStates[static_cast<size_t>(state)];
}

std::string_view waitRoleName(WaitRole role) {
  return kRoles[static_cast<size_t>(role)];
}

std::string_view wakerContextName(WakerContext context) {
  switch (context) {
    case WakerContext::unknown: return "unknown";
    case WakerContext::thread: return "thread";
    case WakerContext::hardirq: return "hardirq";
    case WakerContext::softirq: return "softirq";
    case WakerContext::timer: return "timer";
    case WakerContext::network: return "network";
    case WakerContext::disk: return "disk";
  }
  return "unknown";
}

RunState runStateOf(std::string_view name) {
  for (size_t i = 1; i < kStates.size(); i++) {
    if (kStates[i] == name) return static_cast<RunState>(i);
  }
  return RunState::unknown;
}

WaitRole waitRoleOf(std::string_view name) {
  for (size_t i = 1; i < kRoles.size(); i++) {
    if (kRoles[i] == name) return static_cast<WaitRole>(i);
  }
  return WaitRole::none;
}

}  // namespace tarry
