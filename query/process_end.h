// How a process was ended by a signal, in words.
#pragma once

#include <string>

#include "query/timeline.h"

namespace tarry {

// "SIGTERM from sh, pid 4711"; without the sender where it was the process itself, the kernel, or is not
// known. "" for a process that no signal ended. Safe for a terminal.
std::string endingSignal(const Timeline& timeline, const ProcessInfoRow& process);

}  // namespace tarry
