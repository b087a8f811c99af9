// tarry net: who talked to whom, and how long that made them wait.
#include "query/net.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct NetFlags : QueryFlags {
  NetOptions options;
};

}  // namespace

Action declareNet(FlagSet& verb) {
  verb.description(
      "Who talked to whom: a line a connection with both ends (→ this side connected, ← it was connected "
      "to), "
      "bytes, how "
      "long it lasted, its handshake, round trip and what was sent again, and how long recorded threads "
      "waited "
      "for it, which is the order. Connections that failed say why.");
  auto flags = std::make_shared<NetFlags>();
  NetOptions& options = flags->options;
  declareFile(verb, flags->file);
  verb.addChoice("--by", options.by,
                 {{"connection", NetBy::connection}, {"host", NetBy::host}, {"process", NetBy::process}},
                 "connection, or summed up by host and port, or by process")
      .valueName("WHAT");
  verb.addFlag("--all", options.all, "also listeners, Unix sockets and what never connected");
  verb.addOption("--process", options.process, "only those of this process").valueName("PID|NAME");
  declareFormat(verb, flags->format);
  return [flags] {
    flags->options.format = flags->rowFormat();
    flags->options.style = outputStyle();
    TraceDatabase trace = openTrace(traceFile(flags->file), Needs::calls);
    netReport(trace.db(), flags->options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
