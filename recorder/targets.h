// From what the user named (pids, a cgroup, a systemd unit) to what a backend can be told.
// Everything that does not exist is a UsageError or RecordError with one clear line.
#pragma once

#include <string>
#include <vector>

#include "recorder/backend.h"
#include "recorder/record.h"

namespace tarry {

// A mounted cgroup hierarchy (cgroups(7)). There are several on machines with version 1 or both.
struct CgroupMount {
  std::string path;
  int version = 2;
  std::string options;  // of the superblock: controllers, or name=systemd

  friend bool operator==(const CgroupMount&, const CgroupMount&) = default;
};

// From the text of /proc/self/mountinfo (proc(5)); version 2 first, then name=systemd.
std::vector<CgroupMount> parseCgroupMounts(const std::string& mountinfo);
std::vector<CgroupMount> cgroupMounts();

// The directory of a cgroup: a path under one of the mounts, or a path as /proc/PID/cgroup shows
// it, that is relative to the root of a hierarchy.
std::string resolveCgroup(const std::string& name, const std::vector<CgroupMount>& mounts);

// The cgroup directory of a running unit. ".service" may be left out; scopes and slices are found
// too, and units of user managers.
std::string resolveUnit(const std::string& name, const std::vector<CgroupMount>& mounts);

// Throws where a process does not exist.
void requireProcesses(const std::vector<int>& pids);

// All of it. The command itself is not in the TargetSpec: it is given to the backend when it waits.
TargetSpec resolveTarget(const RecordOptions& options, const std::vector<CgroupMount>& mounts);

// What the trace is called after, without directory and ".tarry": the command's name, the process's
// comm, the cgroup's last component, the unit, "system".
std::string targetName(const RecordOptions& options);

}  // namespace tarry
