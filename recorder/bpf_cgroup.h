// A cgroup's directory as the BPF programs know it.
#pragma once

#include <string>

#include "recorder/bpf_programs.h"

namespace tarry {

// Throws RecordError where the path is no cgroup, or of a hierarchy without controllers.
CgroupTarget cgroupTarget(const std::string& path);

}  // namespace tarry
