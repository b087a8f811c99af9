// A seccomp filter (seccomp(2), seccomp_filter.rst) that stops a program for its tracer at some calls only;
// the others run at full speed. It is installed by the command itself before its execve and stays for good,
// with all descendants: as long as one of them lives a tracer has to be there, for the calls that are to
// stop fail with ENOSYS without one.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "format/syscall_set.h"

namespace tarry::ptracing {

// Stops at the calls of the set; of futex and fcntl (where `waits_only`) at the operations that can wait.
// Calls of an ABI that is not known to this machine stop.
std::vector<sock_filter> stopAt(const SyscallSet& calls, bool waits_only);

// The calls that can wait: all but those that only look up or change what is in memory.
const SyscallSet& callsThatCanWait();

}  // namespace tarry::ptracing
