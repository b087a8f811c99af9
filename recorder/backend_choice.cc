#include "recorder/backend_choice.h"

#include <optional>

#include "format/errors.h"
#include "recorder/bpf_backend.h"
#include "recorder/doctor.h"
#include "recorder/ptrace_backend.h"

namespace tarry {

namespace {

BackendCandidate bpf() {
  return {makeBpfBackend, false, ""};
}

BackendCandidate ptrace(const std::string& note) {
  return {makePtraceBackend, true, note};
}

// What the user is told once: that it is not eBPF, why, and what that means.
constexpr const char* kMeaning =
    "every call costs some microseconds more; interrupts, disk requests and mostly who woke whom are not "
    "seen";

}  // namespace

std::vector<BackendCandidate> backendCandidates(BackendChoice choice, TargetKind target, bool packets) {
  const bool traceable = (target == TargetKind::command || target == TargetKind::pids) && !packets;
  if (packets && choice == BackendChoice::ptrace)
    throw UsageError(
        "--packets needs eBPF: ptrace sees no packets (sudo and --backend bpf, or without --packets)");
  switch (choice) {
    case BackendChoice::bpf: return {bpf()};
    case BackendChoice::ptrace: return {ptrace("")};
    case BackendChoice::automatic: break;
  }
  if (!traceable) return {bpf()};
  if (const std::optional<std::string> obstacle = bpfObstacle()) {
    return {ptrace("recording by ptrace, not eBPF (" + *obstacle + "): " + kMeaning)};
  }
  return {bpf(), ptrace(std::string("recording by ptrace: ") + kMeaning)};
}

}  // namespace tarry
