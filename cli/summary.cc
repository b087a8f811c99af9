// tarry summary: calls, errors and time by system call and by kernel area.
#include "query/summary.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct SummaryFlags : QueryFlags {
  SummaryOptions options;
  std::vector<std::string> expressions;
  std::string sort = "time";
};

}  // namespace

Action declareSummary(FlagSet& verb) {
  verb.description(
      "Counts of the system calls: by name, in the columns of strace -c, and by kernel area, so that they "
      "read as "
      "what the kernel did for the program. A call's time is from its enter to its return; how much of it "
      "the "
      "thread was waiting stands beside it.");
  auto flags = std::make_shared<SummaryFlags>();
  SummaryOptions& options = flags->options;
  declareFile(verb, flags->file);
  verb.addOption("-S,--sort", flags->sort, "time, waiting, calls, errors, name, min, max, avg or none")
      .valueName("KEY");
  verb.addChoice("--by", options.by,
                 {{"call", SummaryBy::call}, {"area", SummaryBy::area}, {"both", SummaryBy::both}},
                 "call, area or both (default)")
      .valueName("WHAT");
  verb.addOption(
          "-e,--calls", flags->expressions,
          "which calls, as for show: names, %file, %network …, /regex, !not these; status=failed, fd=3, "
          "path=/x; repeatable")
      .valueName("EXPR")
      .repeatable();
  verb.addOption("--process", options.process, "only what this process did").valueName("PID|NAME");
  declareFormat(verb, flags->format);
  return [flags] {
    flags->options.format = flags->rowFormat();
    flags->options.style = outputStyle();
    flags->options.sort = parseSummarySort(flags->sort);
    for (const std::string& expression : flags->expressions) flags->options.filter.add(expression);
    TraceDatabase trace = openTrace(traceFile(flags->file), Needs::calls);
    summaryReport(trace.db(), flags->options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
