// Export of a trace's connections as a capture file that Wireshark opens.
#pragma once

#include <cstdint>
#include <ostream>

#include "format/trace_reader.h"

namespace tarry {

struct PcapngCounts {
  int64_t packets = 0;
  int64_t connections = 0;     // of TCP
  uint64_t missing_bytes = 0;  // were said, but are not in the trace
};

// Frames what was said on internet sockets as TCP/IP and UDP/IP, with the process that said it as each
// packet's comment. What both ends of a connection are in the trace of is there once, as its sender said it.
// Bytes that are not in the trace are cut off packets that say how long they were, as by a capture with a
// snap length.
PcapngCounts exportPcapng(TraceReader& reader, std::ostream& out);

}  // namespace tarry
