// Plays the network side of a trace back: stands in for the recorded servers.
#pragma once

#include <string>
#include <vector>

#include "format/trace_reader.h"

namespace tarry::replay {

struct ServeOptions {
  double speed = 1;                  // infinity: at once
  std::vector<std::string> command;  // led to the stand-ins; empty: serve on loopback until interrupted
  bool quiet = false;
};

// Exit status: that of the command. Notes go to standard error. Throws Error, UsageError.
int serveTrace(TraceReader& reader, const ServeOptions& options);

}  // namespace tarry::replay
