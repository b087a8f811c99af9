// tarry dns: the lookups of names, with answers, servers, times and failures.
#include "query/net/dns.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"

namespace tarry::cli {

namespace {

struct DnsFlags : QueryFlags {
  DnsOptions options;
};

}  // namespace

Action declareDns(FlagSet& verb) {
  verb.description(
      "Lookups of names: who asked what of which server, the answer or how it failed, how long it took and "
      "how "
      "often it was asked. Read from the messages of DNS over UDP and TCP, so it needs a trace with payload: "
      "tarry record --snaplen 4096.");
  auto flags = std::make_shared<DnsFlags>();
  DnsOptions& options = flags->options;
  declareFile(verb, flags->file);
  verb.addFlag("--failed", options.failed, "only lookups without an answer, or with an error as answer");
  verb.addFlag("--server", options.server, "what servers were asked, instead of what clients asked");
  verb.addOption("--process", options.process, "only of this process").valueName("PID|NAME");
  declareFormat(verb, flags->format);
  return [flags] {
    flags->options.format = flags->rowFormat();
    flags->options.style = outputStyle();
    TraceDatabase trace = openTrace(traceFile(flags->file), Needs::everything);
    dnsReport(trace.db(), flags->options, std::cout);
    return 0;
  };
}

}  // namespace tarry::cli
