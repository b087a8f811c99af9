#include "analyzer/wait_kind.h"

#include <array>

namespace tarry {
namespace {

constexpr std::array<std::string_view, kWaitKinds> kNames = {
    "on CPU", "cpu-queue", "cpu-limit", "network", "ipc",    "disk",    "lock",     "sleep",
    "child",  "terminal",  "memory",    "device",  "signal", "stopped", "recorder", "unknown"};

}  // namespace

std::string_view waitKindName(WaitKind kind) {
  return kNames[static_cast<size_t>(kind)];
}

std::optional<WaitKind> waitKindOf(std::string_view name) {
  for (size_t i = 1; i < kNames.size(); i++) {
    if (kNames[i] == name) return static_cast<WaitKind>(i);
  }
  return std::nullopt;
}

}  // namespace tarry
