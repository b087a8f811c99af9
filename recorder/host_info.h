// What a trace says of the machine it was recorded on, and the clocks.
#pragma once

#include <string>

#include "format/events.h"

namespace tarry {

// CLOCK_BOOTTIME, the clock of all events, ns.
int64_t bootTimeNs();
ClockPoint readClocks();
// CPU time of the calling thread, ns.
int64_t threadCpuNs();

// The fields of a header that describe host, kernel, user and working directory, and the clocks of now.
TraceHeader describeHost();

// PRETTY_NAME from the text of an os-release(5) file; "" where it has none.
std::string prettyName(const std::string& os_release);

}  // namespace tarry
