#include "analyzer/run_state.h"

#include <algorithm>
#include <array>
#include <span>

namespace tarry {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"", "unknown", "running", "runnable", "blocked"};
constexpr std::array<std::string_view, 3> kRoles = {"", "answer", "idle"};
constexpr std::array<std::string_view, kWaitPhases> kPhases = {
    "", "dns", "connect", "tls_handshake", "sending", "first_byte", "receiving"};

size_t placeIn(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0 : static_cast<size_t>(found - names.begin());
}

}  // namespace

std::string_view runStateName(RunState state) {
  return kStates[static_cast<size_t>(state)];
}

std::string_view waitRoleName(WaitRole role) {
  return kRoles[static_cast<size_t>(role)];
}

std::string_view waitPhaseName(WaitPhase phase) {
  return kPhases[static_cast<size_t>(phase)];
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
  return static_cast<WaitRole>(placeIn(kRoles, name));
}

WaitPhase waitPhaseOf(std::string_view name) {
  return static_cast<WaitPhase>(placeIn(kPhases, name));
}

}  // namespace tarry
