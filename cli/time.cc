// tarry time: real, user, system, and where the rest went.
#include "query/time.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"

namespace tarry::cli {

Action declareTime(FlagSet& verb) {
  verb.description(
      "What time(1) says of the recorded command, and where the rest of its real time went: the lines from "
      "\"on CPU\" on add up to real. With several processes, those that were waited for count.");
  auto flags = std::make_shared<QueryFlags>();
  declareFile(verb, flags->file);
  declareFormat(verb, flags->format);
  return [flags] {
    const TimeOptions options{flags->rowFormat(), outputStyle()};
    const auto opened = openStates(traceFile(flags->file));
    TraceDatabase& trace = opened->trace;
    const DataMovedSource moved =
        trace.reader() != nullptr ? movedFromTrace(*trace.reader(), trace.db()) : movedFromTables(trace.db());
    timeReport(trace.db(), opened->states(), moved, options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
