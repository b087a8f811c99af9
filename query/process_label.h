// What reports call a process. All texts are safe for a terminal.
//
//   processName     "python3", "redis-server": the program
//   processShort    "python3 slow_server.py": program and script
//   processTag      "python3 slow_server.py 4702": that and the pid, for tables
//   processLabel    "python3 slow_server.py 5000": the command line without its directory
//   processWithPid  "python3 slow_server.py 5000, pid 4702"
#pragma once

#include <string>
#include <string_view>

#include "query/timeline.h"

namespace tarry {

std::string processName(const ProcessInfoRow& process);
std::string processShort(const ProcessInfoRow& process);
std::string processTag(const ProcessInfoRow& process);
// Cut to `width` columns (0: not at all), where that is needed by leaving out directories, then
// options. Without a command line the kernel's name for the process.
std::string processLabel(const ProcessInfoRow& process, int width = 40);
// The command line if it fits into `width` columns, else program and script.
std::string processWithPid(const ProcessInfoRow& process, int width = 40);

}  // namespace tarry
