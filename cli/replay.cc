// tarry replay: play a trace back.
#include "replay/replay.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"

namespace tarry::cli {

namespace {

struct ReplayFlags {
  std::string file;
  bool serve = false;
  std::string speed = "1";
  std::vector<std::string> command;
  bool quiet = false;
};

double parseSpeed(const std::string& text) {
  if (text == "max") return std::numeric_limits<double>::infinity();
  double speed = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || !(speed > 0))
    throw UsageError("--speed " + text + " is no speed (give 2 for twice as fast, 0.5, or max)");
  return speed;
}

int replayTrace(const ReplayFlags& flags) {
  TraceReader reader = openReader(traceFile(flags.file));
  if (!flags.serve) throw UsageError("say what to play (--serve stands in for the recorded servers)");
  replay::ServeOptions options;
  options.speed = parseSpeed(flags.speed);
  options.command = flags.command;
  options.quiet = flags.quiet;
  return replay::serveTrace(reader, options);
}

}  // namespace

Action declareReplay(FlagSet& verb) {
  verb.description(
      "Stands in for the servers of a recording (made with --snaplen all), so that a client can be run again "
      "without them: was it the network? With a command behind -- it runs that in a network of its own, in "
      "which "
      "every address leads to the stand-ins, at the recorded addresses and ports; without rights this takes "
      "user "
      "namespaces. Without a command it listens on loopback and says where.");
  verb.footer(
      "HTTP requests get the answer of the recorded request that is most like them, other connections what "
      "was "
      "said next in the recording. What was never asked in it is refused, and named at the end. TLS cannot "
      "be "
      "played back: its keys are gone.");
  auto flags = std::make_shared<ReplayFlags>();
  declareTrace(verb, flags->file);
  verb.addOption("CMD", flags->command, "a command to run with its connections led to the stand-ins");
  verb.addFlag("--serve", flags->serve, "stand in for the recorded servers");
  verb.addOption("--speed", flags->speed,
                 "times as fast as recorded: 2, 0.5, or max for answers without delay")
      .valueName("N");
  verb.addFlag("-q,--quiet", flags->quiet, "say nothing but errors");
  return [flags] { return replayTrace(*flags); };
}

}  // namespace tarry::cli
