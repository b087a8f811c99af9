// tarry grep: a regular expression over what programs said to each other, as ngrep over packets.
#include "query/net/grep.h"

#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"

namespace tarry::cli {

namespace {

struct GrepFlags : QueryFlags {
  GrepOptions options;
};

constexpr int kFound = 0;
constexpr int kNothing = 1;

int grep(GrepFlags& flags) {
  if (flags.options.pattern.empty() || (flags.file.empty() && flags.options.pattern.ends_with(".tarry")))
    throw UsageError("what to look for is missing (tarry grep PATTERN FILE)");
  flags.options.format = flags.rowFormat();
  flags.options.style = outputStyle();
  const std::string file = traceFile(flags.file);
  try {
    TraceDatabase trace = openTrace(file, Needs::everything);
    return grepReport(trace.db(), flags.options, std::cout) ? kFound : kNothing;
  } catch (const TraceError& error) {
    // As of grep: 1 says that nothing was found, so failures are 2, which usage errors are already.
    throw UsageError(error.what());
  }
}

}  // namespace

Action declareGrep(FlagSet& verb) {
  verb.description(
      "ngrep over what was recorded: the pieces that programs said to each other on sockets and pipes and in "
      "which PATTERN matches, with process, direction and both ends. A match may reach over several pieces. "
      "What "
      "both ends were recorded of is shown once, as it was sent.");
  verb.footer(
      "PATTERN is a regular expression as Perl's, without back references and looking around (RE2). It needs "
      "a "
      "trace with payload: tarry record --snaplen 4096. Exit status: 0 found, 1 nothing found, 2 failure.");
  auto flags = std::make_shared<GrepFlags>();
  GrepOptions& options = flags->options;
  verb.addOption("PATTERN", options.pattern, "regular expression; . matches any byte but a line feed");
  declareFile(verb, flags->file);
  verb.addFlag("-i,--ignore-case", options.ignore_case, "small and capital letters are alike");
  verb.addFlag("-v,--invert-match", options.invert, "the pieces in which nothing matches");
  verb.addFlag("-x,--hex", options.hex, "as a hex dump");
  verb.addFlag("-c,--count", options.count, "only how many pieces match");
  verb.addFlag("-o,--only-matching", options.only_match, "only what matches, a line each");
  verb.addFlag("--whole", options.whole, "all of each piece, however long");
  verb.addOption("--process", options.process, "only what this process said and heard").valueName("PID|NAME");
  verb.addOption("--port", options.port, "only where one of the ends has this port").valueName("N");
  verb.addOption("--host", options.host, "only where one of the ends has this address").valueName("ADDR");
  verb.addFlag("--sent", options.sent, "only what was sent");
  verb.addFlag("--received", options.received, "only what was received");
  verb.addFlag("--both-ends", options.both_ends, "what was sent and received in one trace at both its ends");
  verb.addFlag("--files", options.files,
               "also what was read from and written to files, devices and terminals");
  declareFormat(verb, flags->format);
  return [flags] { return grep(*flags); };
}

}  // namespace tarry::cli
