// tarry info: what a trace holds, from where, how it ended, what is missing and what recording cost.
#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/census.h"
#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/info_json.h"
#include "cli/plain_text.h"
#include "format/errors.h"
#include "format/event_names.h"
#include "format/readable.h"
#include "format/trace_reader.h"
#if TARRY_HAS_ANALYZER
#include "cli/query_flags.h"
#endif

namespace tarry::cli {

namespace {

constexpr size_t kShownProblems = 10;

void line(std::string_view name, const std::string& value) {
  fmt::print("{:10} {}\n", name, value);
}

std::string targetText(const TraceHeader& header) {
  std::string words;
  for (const std::string& word : header.target) words += (words.empty() ? "" : " ") + shellWord(word);
  switch (header.target_kind) {
    case TargetKind::command: return "command  " + words;
    case TargetKind::pids: return "process  " + words;
    case TargetKind::cgroup: return "cgroup  " + words;
    case TargetKind::unit: return "unit  " + words;
    case TargetKind::all: return "the whole machine";
  }
  return words;
}

std::string endText(const std::optional<Trailer>& trailer) {
  if (!trailer) return "not properly: the end of the file is missing";
  std::string text;
  switch (trailer->reason) {
    case EndReason::unknown: text = "for an unknown reason"; break;
    case EndReason::target_ended: text = "with its target"; break;
    case EndReason::duration: text = "after the time that was asked for (--for)"; break;
    case EndReason::interrupted: text = "by a signal (Ctrl-C)"; break;
    case EndReason::max_size: text = "because the file had reached its size (--max-size)"; break;
    case EndReason::error: text = "early: " + printable(trailer->error); break;
  }
  const int status = trailer->command_status;
  if (status < 0) return text;
  if (WIFSIGNALED(status))
    return text + fmt::format("; the command was killed by signal {}", WTERMSIG(status));
  return text + fmt::format("; the command's exit status was {}", WEXITSTATUS(status));
}

std::string lossText(const Census& census) {
  if (census.lostTotal() == 0) return "nothing";
  std::string text;
  for (const auto& [source, count] : census.lost())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", formatCount(count), lossSourceText(source));
  return fmt::format("{} events ({})", formatCount(census.lostTotal()), text);
}

// To stay within --max-size.
std::string thriftText(const Census& census) {
  std::string text;
  if (census.payloadsLeftOut() > 0)
    text = fmt::format("{} pieces of payload", formatCount(census.payloadsLeftOut()));
  if (census.foldedCalls() > 0)
    text += fmt::format("{}{} short calls, which are counts alone", text.empty() ? "" : "; ",
                        formatCount(census.foldedCalls()));
  return text.empty() ? text : text + " (to stay within --max-size)";
}

std::string clockText(const Census& census) {
  if (!census.clockCompared()) return "not compared";
  const int64_t drift = census.driftNs();
  std::string text = fmt::format("the wall clock ran {} {} than the trace's", formatDuration(std::abs(drift)),
                                 drift < 0 ? "less" : "more");
  if (census.suspendedNs() > 1'000'000)
    text += "; the machine was suspended for " + formatDuration(census.suspendedNs());
  return text;
}

void printHeader(const TraceReader& reader) {
  const TraceHeader& header = reader.header();
  const ReadReport& report = reader.report();
  line("trace", fmt::format("{}  {} ({} decoded), format {}, written by tarry {}", printable(reader.name()),
                            formatSize(report.file_bytes), formatSize(report.decoded_bytes),
                            header.format_version, printable(header.tarry_version)));
  line("target", targetText(header));
  line("recorded", fmt::format("{}, for {}", wallClockText(header.start.realtime_ns),
                               formatDuration(reader.endNs() - header.start.boottime_ns)));
  line("level", fmt::format("{}, payload {}, backend {}", levelName(header.level),
                            header.snaplen < 0    ? "all"
                            : header.snaplen == 0 ? "none"
                                                  : fmt::format("{} bytes a call", header.snaplen),
                            printable(header.backend)));
  if (!header.calls.empty()) line("calls", "only " + printable(header.calls));
  line("by", fmt::format("{} in {}", printable(header.user), printable(header.cwd)));
  line("host", fmt::format("{}, Linux {} {}, {}, {} CPUs", printable(header.hostname),
                           printable(header.kernel_release), printable(header.machine),
                           printable(header.os_name), header.cpu_count));
}

void printCost(const RecorderCost& cost, int64_t dur_ns) {
  const int64_t cpu_ns = cost.user_ns + cost.system_ns;
  // The rings are mapped twice in a row (recorder/bpf_ring.h), and so counted twice as resident.
  const int64_t resident = std::max<int64_t>(cost.max_rss_bytes, 0);
  const int64_t rings = std::max<int64_t>(cost.ring_bytes, 0);
  const int64_t own = resident - 2 * std::min(rings, resident / 2);
  line("cost",
       fmt::format("recorder {} CPU{}: drain {}, encode {}; memory {} of rings and {} at most beside them{}",
                   formatDuration(cpu_ns),
                   dur_ns > 0 ? fmt::format(" ({:.1f}% of one)",
                                            100.0 * static_cast<double>(cpu_ns) / static_cast<double>(dur_ns))
                              : "",
                   formatDuration(cost.drain_cpu_ns), formatDuration(cost.encode_cpu_ns),
                   formatSize(static_cast<uint64_t>(rings)), formatSize(static_cast<uint64_t>(own)),
                   cost.bpf_run_ns >= 0 ? "; " + formatDuration(cost.bpf_run_ns) + " in BPF programs" : ""));
}

void printDamage(const ReadReport& report) {
  if (report.clean() && report.unknown_blocks == 0) {
    line("damage", "none");
    return;
  }
  line("damage", fmt::format("{} damaged frames, {} skipped, {} rows dropped{}", report.damaged_frames,
                             formatSize(report.damaged_bytes + report.cut_bytes),
                             formatCount(report.dropped_rows), report.cut ? "; the end is missing" : ""));
  for (size_t i = 0; i < report.problems.size() && i < kShownProblems; ++i)
    line("", printable(report.problems[i]));
  if (report.problems.size() > kShownProblems) line("", "… (tarry check lists all)");
}

void printBlocks(const std::vector<BlockTotals>& totals) {
  fmt::print("\n{:12} {:>8} {:>12} {:>12} {:>12} {:>10}\n", "content", "blocks", "rows", "in file", "decoded",
             "bytes/row");
  for (const BlockTotals& kind : totals) {
    fmt::print("{:12} {:>8} {:>12} {:>12} {:>12} {:>10}\n", printable(kind.kind), formatCount(kind.blocks),
               formatCount(kind.rows), formatSize(kind.file_bytes), formatSize(kind.decoded_bytes),
               kind.rows > 0 ? fmt::format("{:.2f}", static_cast<double>(kind.file_bytes) /
                                                         static_cast<double>(kind.rows))
                             : "");
  }
}

int printInfo(const std::string& path, const std::string& format) {
  if (format != "text" && format != "table" && format != "json")
    throw UsageError(fmt::format("info has no format '{}': use text or json", printable(format)));
  TraceReader reader = TraceReader::open(path);
  Census census;
  ReadFilter filter;
  filter.syscalls = filter.payloads = filter.scheduling = false;
  reader.read(census, filter);
  if (format == "json") {
    fmt::print("{}\n", infoJson(reader, census));
    return 0;
  }
  printHeader(reader);
  line("ended", endText(reader.trailer()));
  line("lost", lossText(census));
  if (const std::string text = thriftText(census); !text.empty()) line("left out", text);
  printDamage(reader.report());
  line("seen", fmt::format("{} processes, {} threads", formatCount(census.processes()),
                           formatCount(census.threads())));
  line("clock", clockText(census));
  if (reader.trailer()) printCost(reader.trailer()->cost, reader.endNs() - reader.header().start.boottime_ns);
  printBlocks(reader.totals());
  return 0;
}

}  // namespace

Action declareInfo(FlagSet& verb) {
  verb.description(
      "Says what a trace holds: target, host, level, how the recording ended, what was lost or is damaged, "
      "what the "
      "recorder cost, and how much of the file each kind of event takes.");
  auto file = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("text");
  verb.addOption("--format", *format, "text or json").valueName("FORMAT");
#if TARRY_HAS_ANALYZER
  verb.addOption("FILE", *file, "trace (.tarry); default: the newest *.tarry here");
  return [file, format] { return printInfo(traceFile(*file), *format); };
#else
  verb.addOption("FILE", *file, "trace (.tarry)").required();
  return [file, format] { return printInfo(*file, *format); };
#endif
}

}  // namespace tarry::cli
