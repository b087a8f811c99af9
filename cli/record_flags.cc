#include "cli/record_flags.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "cli/flag_set.h"
#include "format/errors.h"
#include "format/readable.h"
#include "format/syscall_set.h"

namespace tarry::cli {

namespace {

constexpr uint64_t kSmallestBuffer = 64U << 10;
constexpr uint64_t kLargestBuffer = 1U << 30;
constexpr uint64_t kSmallestFile = 64U << 10;

using Unit = std::pair<std::string_view, double>;

[[noreturn]] void throwBadValue(std::string_view flag, std::string_view text, std::string_view examples) {
  throw UsageError(fmt::format("{}: '{}' makes no sense (write {})", flag, text, examples));
}

// A positive number with one of the units; the first unit is meant where there is none.
double parseWithUnit(std::string_view text, std::string_view flag, std::initializer_list<Unit> units,
                     std::string_view examples) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view suffix = text.substr(static_cast<size_t>(end - text.data()));
  if (error != std::errc() || !std::isfinite(value) || value <= 0) throwBadValue(flag, text, examples);
  if (suffix.empty()) return value * units.begin()->second;
  for (const Unit& unit : units) {
    if (suffix == unit.first) return value * unit.second;
  }
  throwBadValue(flag, text, examples);
}

int parsePid(std::string_view text) {
  int pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) {
    throw UsageError(fmt::format("-p: '{}' is no process id (pgrep -f NAME finds it)", text));
  }
  return pid;
}

std::vector<int> parsePids(const std::vector<std::string>& words) {
  std::vector<int> pids;
  for (const std::string& word : words) {
    for (size_t begin = 0; begin <= word.size();) {
      const size_t end = std::min(word.find_first_of(", \t\n", begin), word.size());
      if (end > begin) pids.push_back(parsePid(std::string_view(word).substr(begin, end - begin)));
      begin = end + 1;
    }
  }
  if (pids.empty()) throw UsageError("-p needs a process id");
  return pids;
}

Level parseLevel(const std::string& text) {
  if (text == "waits") return Level::waits;
  if (text == "syscalls") return Level::syscalls;
  if (text == "full") return Level::full;
  throw UsageError("--level: '" + text + "' is none (waits, syscalls or full)");
}

// As strace writes it, with or without "trace=". Found out before anything runs.
std::string parseCalls(std::string text) {
  constexpr std::string_view kTrace = "trace=";
  if (text.starts_with(kTrace)) text.erase(0, kTrace.size());
  if (!text.empty()) SyscallSet::parse(text);
  return text;
}

int64_t parseSnaplen(const std::string& text) {
  if (text == "all") return -1;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    throwBadValue("--snaplen", text, "a number of bytes, or all");
  }
  return value;
}

// Headers are never cut; RecordOptions says what the most is.
uint32_t parsePacketBytes(const std::string& text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < kLeastPacketBytes ||
      value > kMostPacketBytes) {
    throwBadValue("--packets", text,
                  fmt::format("--packets=BYTES, {} to {}", kLeastPacketBytes, kMostPacketBytes));
  }
  return value;
}

// What CLI11 did not take: the command. A word like an option at its front is a mistyped flag,
// unless "--" says otherwise.
std::vector<std::string> commandWords(const FlagSet& verb) {
  std::vector<std::string> words = verb.remaining();
  if (words.empty()) return words;
  if (words[0] == "--") {
    words.erase(words.begin());
  } else if (words[0].size() > 1 && words[0][0] == '-') {
    throw UsageError("no option '" + words[0] +
                     "' (see --help; for a command of that name write -- before it)");
  }
  return words;
}

}  // namespace

int64_t parseTimeSpan(std::string_view text, std::string_view flag) {
  const double ns = parseWithUnit(
      text, flag,
      {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}},
      "500ms, 30s, 5m or 1h");
  if (ns < 1 || ns > 9e18) throwBadValue(flag, text, "500ms, 30s, 5m or 1h");
  return static_cast<int64_t>(ns);
}

uint64_t parseByteCount(std::string_view text, std::string_view flag) {
  constexpr double kKi = 1024;
  const double bytes = parseWithUnit(text, flag,
                                     {{"", 1},
                                      {"B", 1},
                                      {"K", kKi},
                                      {"k", kKi},
                                      {"KiB", kKi},
                                      {"M", kKi * kKi},
                                      {"MiB", kKi * kKi},
                                      {"G", kKi * kKi * kKi},
                                      {"GiB", kKi * kKi * kKi},
                                      {"T", kKi * kKi * kKi * kKi}},
                                     "bytes, or 512K, 64M, 2G");
  if (bytes < 1 || bytes > 9e18) throwBadValue(flag, text, "bytes, or 512K, 64M, 2G");
  return static_cast<uint64_t>(bytes);
}

void declareCommand(FlagSet& verb, RecordFlags& flags) {
  // Takes no words itself (CLI11 would split "[a,b]"); it is there for the help page.
  verb.addOption("CMD", flags.command_shown,
                 "the command and its arguments; everything behind its name is its own")
      .optionalValue();
  verb.endAtFirstWord();
  verb.footer(
      "Signals: Ctrl-C and SIGQUIT are left to the command, as time(1) does; Ctrl-C twice within a second "
      "ends the "
      "recording. SIGTERM and SIGHUP are passed on to the command, a second one ends the recording. Without "
      "a command "
      "each of them ends the recording. Whatever ends it, the trace up to then is kept, and a command goes "
      "on.");
  verb.addOption("-u,--user", flags.user,
                 "run the command as this user (default: you; under sudo the user who called it)")
      .valueName("USER");
  verb.addFlag("--best-effort", flags.best_effort,
               "where recording is impossible, run the command all the same and say so in one line");
  verb.addFlag("--wait-all", flags.wait_all, "go on until all descendants of the command have ended, too");
}

void declareTargets(FlagSet& verb, RecordFlags& flags) {
  verb.addOption("-p,--pid", flags.pids,
                 "record these processes, their threads and descendants; repeat it or separate with commas")
      .valueName("PID")
      .repeatable();
  verb.addOption("--cgroup", flags.cgroup, "record a cgroup: a path under a cgroup mount").valueName("PATH");
  verb.addOption("--unit", flags.unit, "record a systemd unit").valueName("NAME");
  verb.addFlag("-a,--all", flags.all, "record the whole machine");
}

void declareRecording(FlagSet& verb, RecordFlags& flags) {
  verb.addOption("-o,--output", flags.output,
                 "the trace file (default: NAME.tarry, numbered where that exists)")
      .valueName("FILE");
  verb.addChoice("--backend", flags.backend,
                 {{"auto", BackendChoice::automatic},
                  {"bpf", BackendChoice::bpf},
                  {"ptrace", BackendChoice::ptrace}},
                 "eBPF (sudo) or ptrace (your own processes, without rights); auto takes eBPF where it may")
      .valueName("NAME");
  verb.addOption("--level", flags.level,
                 "waits, syscalls or full (default: syscalls for a command, waits for what already runs)")
      .valueName("LEVEL");
  verb.addOption("-e,--trace", flags.calls,
                 "record only these system calls: names, %classes, /regex, ! for all but; by ptrace the "
                 "others run at "
                 "full speed")
      .valueName("EXPR");
  verb.addOption("-s,--snaplen", flags.snaplen,
                 "keep so many bytes of what calls read, write, send and receive, or all")
      .valueName("N");
  verb.addFlagWithValue(
      "--packets{192}", flags.packets,
      "record the packets of sockets, too: headers and first bytes, 192 or --packets=BYTES of each (needs "
      "eBPF)");
  verb.addOption("--for", flags.duration, "stop recording after this time: 500ms, 30s, 5m, 1h")
      .valueName("TIME");
  verb.addOption(
          "--max-size", flags.max_size,
          "keep the file within this size (100M, 2G): from half of it on payload is left out, then short "
          "calls become counts, which are exact, and when it is full recording stops")
      .valueName("SIZE");
  verb.addOption(
          "--buffer", flags.buffer,
          "memory for events of one CPU (default 8M, from --snaplen 4096 on 32M, less on many CPUs): more "
          "loses less")
      .valueName("SIZE");
}

RecordOptions toRecordOptions(const FlagSet& verb, const RecordFlags& flags) {
  RecordOptions options;
  options.command = commandWords(verb);
  const int targets = (options.command.empty() ? 0 : 1) + (flags.pids.empty() ? 0 : 1) +
                      (flags.cgroup.empty() ? 0 : 1) + (flags.unit.empty() ? 0 : 1) + (flags.all ? 1 : 0);
  if (targets > 1)
    throw UsageError("more than one target (a command, -p, --cgroup, --unit and -a exclude each other)");
  if (!flags.pids.empty()) {
    options.target = TargetKind::pids;
    options.pids = parsePids(flags.pids);
  } else if (!flags.cgroup.empty()) {
    options.target = TargetKind::cgroup;
    options.cgroup = flags.cgroup;
  } else if (!flags.unit.empty()) {
    options.target = TargetKind::unit;
    options.unit = flags.unit;
  } else if (flags.all) {
    options.target = TargetKind::all;
  }
  options.user = flags.user;
  options.wait_all = flags.wait_all;
  options.output = flags.output;
  options.calls = parseCalls(flags.calls);
  options.backend = flags.backend;
  if (!flags.quiet)
    options.on_note = [](const std::string& note) { fmt::print(stderr, "tarry: {}\n", note); };
  if (!flags.level.empty()) options.level = parseLevel(flags.level);
  if (!flags.snaplen.empty()) options.snaplen = parseSnaplen(flags.snaplen);
  if (!flags.packets.empty()) options.packet_bytes = parsePacketBytes(flags.packets);
  if (!flags.duration.empty()) options.duration_ns = parseTimeSpan(flags.duration, "--for");
  if (!flags.max_size.empty()) {
    options.max_size_bytes = parseByteCount(flags.max_size, "--max-size");
    if (options.max_size_bytes < kSmallestFile) throw UsageError("--max-size: less than 64K holds no trace");
  }
  if (!flags.buffer.empty()) {
    options.ring_bytes = parseByteCount(flags.buffer, "--buffer");
    if (options.ring_bytes < kSmallestBuffer || options.ring_bytes > kLargestBuffer) {
      throw UsageError("--buffer: '" + flags.buffer + "' is not between 64K and 1G");
    }
  }
  return options;
}

RecordResult recordOrRun(const RecordOptions& options, const RecordFlags& flags,
                         std::string_view consequence) {
  if (!flags.best_effort) return record(options);
  if (options.target != TargetKind::command)
    throw UsageError("--best-effort is for a command that tarry starts");
  // The command must not run twice: once it has been released, an error is an error.
  bool released = false;
  RecordOptions watched = options;
  watched.on_start = [&](const std::string& path) {
    released = true;
    if (options.on_start) options.on_start(path);
  };
  constexpr int kOurOwn = 125;
  try {
    return record(watched);
  } catch (const RecordError& error) {
    if (released || error.status() != kOurOwn) throw;
    fmt::print(stderr, "tarry: not recorded: {}{}\n", error.what(), consequence);
  } catch (const TraceError& error) {  // the file cannot be written
    if (released) throw;
    fmt::print(stderr, "tarry: not recorded: {}{}\n", error.what(), consequence);
  }
  RecordResult result;
  result.command_status = runUnrecorded(options);
  return result;
}

void printRecordingNotes(const RecordResult& result) {
  const std::string_view goes_on = result.still_running ? "; the command goes on" : "";
  if (result.reason == EndReason::error) {
    fmt::print(stderr, "tarry: recording ended early: {}; what was recorded until then is kept{}\n",
               result.error, goes_on);
  } else if (result.reason == EndReason::max_size) {
    fmt::print(stderr, "tarry: recording ended: the file has reached --max-size{}\n", goes_on);
  } else if (result.still_running) {
    fmt::print(stderr, "tarry: recording ended{}\n", goes_on);
  }
  if (result.lost > 0) {
    fmt::print(stderr, "tarry: {} events were lost (a larger --buffer or --level waits loses fewer)\n",
               formatCount(result.lost));
  }
}

void printSaved(const RecordResult& result) {
  if (result.path != "-") fmt::print(stderr, "saved {}\n", result.path);
}

void printSavedSize(const RecordResult& result) {
  fmt::print(stderr, "{}: {}, {}, {}\n",
             result.path == "-" ? "recorded to standard output" : "saved " + result.path,
             formatDuration(result.duration_ns), formatSize(result.bytes),
             result.lost == 0 ? "nothing lost" : formatCount(result.lost) + " events lost");
}

}  // namespace tarry::cli
