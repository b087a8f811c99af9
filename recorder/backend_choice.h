// Which backends a recording may use, in the order in which they are tried.
#pragma once

#include <string>
#include <vector>

#include "recorder/record.h"
#include "recorder/recording.h"

namespace tarry {

// Of `choice`, for these targets. With BackendChoice::automatic eBPF comes first where the process has the
// rights for it, and ptrace last, where it can follow the target. Throws RecordError where nothing can.
// `packets`: of the network are wanted, which ptrace does not see.
std::vector<BackendCandidate> backendCandidates(BackendChoice choice, TargetKind target,
                                                bool packets = false);

}  // namespace tarry
