// What TraceDatabase needs of the loader beyond analyzer/loader.h.
#pragma once

#include "analyzer/call_args.h"
#include "analyzer/loader.h"

namespace tarry {

// Like loadTrace; `remains`, where given, gets what provideArgsOnDemand() needs.
Database loadTraceKeeping(TraceReader& reader, const LoadOptions& options, LoadRemains* remains);

}  // namespace tarry
