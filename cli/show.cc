// tarry show: the system calls and signals of a trace as strace prints them.
#include "query/show/show.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <system_error>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "cli/strace_flags.h"
#include "format/errors.h"
#include "query/render/units.h"

namespace tarry::cli {

namespace {

struct ShowFlags {
  std::string file;
  std::vector<std::string> expressions, paths;
  bool successful = false, failed = false, no_annotate = false, verbose = false, relative = false,
       no_exits = false;
  int timestamps = 0;
  std::string string_limit = "32", from, to, pace, format = "text", names = "abbrev";
  std::string prefix = "auto", output;
  ShowOptions options;
};

template <class Number>
Number parseNumber(std::string_view text, std::string_view what) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw UsageError(fmt::format("{}: '{}' is not a number", what, printable(text)));
  return value;
}

// "1x", "10x", "0.5", "max"
double parsePace(std::string_view text) {
  if (text == "max") return 0;
  if (text.ends_with('x')) text.remove_suffix(1);
  const auto pace = parseNumber<double>(text, "--pace");
  if (!(pace > 0)) throw UsageError("--pace must be above 0: 1x is as recorded, max does not wait");
  return pace;
}

// strace's -o FILE names what is written: the trace that is read must not be overwritten.
void requireAnotherFile(const std::string& output, const std::string& trace) {
  std::error_code error;
  if (std::filesystem::equivalent(output, trace, error) && !error)
    throw UsageError(fmt::format("-o {}: that is the trace itself", printable(output)));
}

void apply(ShowFlags& flags) {
  ShowOptions& options = flags.options;
  for (const std::string& expression : flags.expressions) options.filter.add(expression);
  for (const std::string& path : flags.paths) options.filter.addPath(path);
  if (flags.successful && flags.failed) throw UsageError("-z and -Z exclude each other: no call is left");
  if (flags.successful) options.filter.onlySuccessful();
  if (flags.failed) options.filter.onlyFailed();

  options.render.annotate_fds = !flags.no_annotate;
  options.render.abbreviate = !flags.verbose;
  options.render.string_limit =
      flags.string_limit == "all" ? SIZE_MAX : parseNumber<size_t>(flags.string_limit, "-s");
  static const std::map<std::string_view, NameStyle> styles = {
      {"abbrev", NameStyle::names}, {"raw", NameStyle::raw}, {"verbose", NameStyle::both}};
  const auto names = styles.find(flags.names);
  if (names == styles.end())
    throw UsageError(fmt::format("-X: '{}' is none of abbrev, raw, verbose", printable(flags.names)));
  options.render.names = names->second;

  constexpr ShowTime kTimes[] = {ShowTime::none, ShowTime::seconds, ShowTime::microseconds, ShowTime::epoch};
  if (flags.timestamps > 3) throw UsageError("-t can be given up to three times");
  options.time = flags.relative ? ShowTime::relative : kTimes[flags.timestamps];
  static const std::map<std::string_view, ShowPrefix> prefixes = {
      {"auto", ShowPrefix::automatic}, {"never", ShowPrefix::never}, {"always", ShowPrefix::always}};
  const auto prefix = prefixes.find(flags.prefix);
  if (prefix == prefixes.end())
    throw UsageError(fmt::format("--pids: '{}' is none of auto, always, never", printable(flags.prefix)));
  options.prefix = prefix->second;
  options.exits = !flags.no_exits;
  if (!flags.from.empty()) options.from_ns = parseDuration(flags.from, "--from");
  if (!flags.to.empty()) options.to_ns = parseDuration(flags.to, "--to");
  if (options.from_ns >= options.to_ns) throw UsageError("--from must be before --to");
  if (!flags.pace.empty()) options.pace = parsePace(flags.pace);
  if (flags.format != "text" && flags.format != "json")
    throw UsageError(fmt::format("show has no format '{}': use text or json", printable(flags.format)));
  options.json = flags.format == "json";
}

}  // namespace

Action declareShow(FlagSet& verb) {
  verb.description(
      "The system calls and signals of a trace as strace prints them, in the order in which they were "
      "entered. "
      "A signal that is ignored is dropped by the kernel when it is sent and is not shown; strace, as a "
      "tracer, "
      "gets to see it.");
  auto flags = std::make_shared<ShowFlags>();
  ShowOptions& options = flags->options;
  declareTrace(verb, flags->file);
  verb.addOption("-e,--trace", flags->expressions,
                 "which calls: names, %file, %network and strace's other classes, /regex, !not these; "
                 "status=failed, fd=3, path=/x, raw=SET; signal=SIGTERM, signal=none; repeatable")
      .valueName("EXPR")
      .repeatable();
  verb.addOption("-P,--trace-path", flags->paths, "only calls on this path; repeatable")
      .valueName("PATH")
      .repeatable();
  verb.addFlag("-z,--successful-only", flags->successful, "only calls that succeeded");
  verb.addFlag("-Z,--failed-only", flags->failed, "only calls that failed");
  verb.addOption("--process", options.pids, "only these processes; repeatable").valueName("PID").repeatable();
  verb.addOption("--thread", options.tids, "only these threads; repeatable").valueName("TID").repeatable();
  verb.addOption("--from", flags->from, "only calls entered this long after the start or later")
      .valueName("TIME");
  verb.addOption("--to", flags->to, "only calls entered before this time").valueName("TIME");
  verb.addFlag("-t", flags->timestamps, "time of day; -tt with microseconds, -ttt since 1970");
  verb.addFlag("-r,--relative-timestamps", flags->relative, "time since the line before");
  verb.addFlag("-T,--syscall-times", options.durations, "time spent in each call");
  verb.addOption("-s,--string-limit", flags->string_limit, "bytes of a string that is no path (32), or all")
      .valueName("N");
  verb.addOption("-X,--const-print-style", flags->names, "flags and constants: abbrev, raw or verbose")
      .valueName("STYLE");
  verb.addFlag("-v,--no-abbrev", flags->verbose, "structures and arrays in full");
  verb.addFlag("--no-annotate", flags->no_annotate, "3 instead of 3</etc/hosts>");
  verb.addFlag("--hide-pointers", options.render.hide_pointers,
               "addresses as 0x..., so that two runs compare");
  verb.addFlag("--interleave", options.interleave,
               "calls that overlap in two lines, <unfinished ...> and <... resumed>, as strace prints them");
  verb.addOption("--pids", flags->prefix, "pid before each line: auto, always, never").valueName("WHEN");
  verb.addFlag("--no-exits", flags->no_exits, "without +++ exited with 0 +++");
  verb.addOption("-a,--columns", options.align, "column of the results (40)").valueName("COLUMN");
  verb.addOption("--pace", flags->pace, "replay in recorded time: 1x, 10x, max (default)").valueName("SPEED");
  verb.addOption("--format", flags->format, "text, or json: one object a call or signal and line")
      .valueName("FORMAT");
  verb.addOption("-o,--output", flags->output, "write to this file instead of standard output")
      .valueName("FILE");
  declareAlwaysOn(verb, {"-f", "-y", "-q", "--follow-forks", "--decode-fds", "--quiet"});
  declareElsewhere(verb, "-c", "tarry summary counts calls, errors and time as strace -c does");
  declareElsewhere(verb, "-C", "tarry summary counts calls, errors and time as strace -c does");
  declareElsewhere(verb, "-p",
                   "show reads a trace (record one: tarry record -p PID; of one process: --process PID)");
  return [flags] {
    apply(*flags);
    flags->options.hints = ::isatty(STDERR_FILENO) != 0;
    TraceReader reader = openReader(flags->file);
    if (flags->output.empty()) {
      show(reader, flags->options, std::cout, std::cerr);
      return 0;
    }
    requireAnotherFile(flags->output, flags->file);
    std::ofstream out(flags->output, std::ios::binary);
    show(reader, flags->options, out, std::cerr);
    out.close();
    if (!out)
      throw TraceError(fmt::format("cannot write {}: {}", printable(flags->output), ::strerror(errno)));
    return 0;
  };
}

}  // namespace tarry::cli
