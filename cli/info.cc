// tarry info: what a trace holds, from where, how it ended, what is missing and what recording cost.
#include <fmt/format.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "cli/command.h"
#include "cli/plain_text.h"
#include "format/errors.h"
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

std::string_view levelName(Level level) {
  switch (level) {
    case Level::waits: return "waits";
    case Level::syscalls: return "syscalls";
    case Level::full: return "full";
  }
  return "unknown";
}

std::string_view sourceName(LossSource source) {
  switch (source) {
    case LossSource::unknown: return "unknown";
    case LossSource::syscalls: return "system calls";
    case LossSource::switches: return "switches";
    case LossSource::wakes: return "wake-ups";
    case LossSource::lifecycle: return "process lifecycle";
    case LossSource::definitions: return "definitions";
    case LossSource::payload: return "payload";
    case LossSource::encoder: return "recorder too slow";
    case LossSource::signals: return "signals";
  }
  return "unknown";
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
    case EndReason::error: text = "early: " + safeText(trailer->error); break;
  }
  const int status = trailer->command_status;
  if (status < 0) return text;
  if (WIFSIGNALED(status))
    return text + fmt::format("; the command was killed by signal {}", WTERMSIG(status));
  return text + fmt::format("; the command's exit status was {}", WEXITSTATUS(status));
}

// What only reading the events tells.
class Census : public TraceVisitor {
 public:
  void onThread(const ThreadDef& thread) override {
    if (!thread.recorded) return;
    threads_.insert(thread.id.value);
    processes_.insert(thread.leader.value);
  }
  void onLoss(const LossEvent& loss) override {
    lost_[loss.source] += loss.count;
    lost_total_ += loss.count;
  }
  void onClock(const ClockPoint& clock) override {
    if (clocks_++ == 0) first_ = clock;
    last_ = clock;
  }

  std::string lossText() const {
    if (lost_total_ == 0) return "nothing";
    std::string text;
    for (const auto& [source, count] : lost_) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", countText(count), sourceName(source));
    }
    return fmt::format("{} events ({})", countText(lost_total_), text);
  }

  std::string clockText() const {
    if (clocks_ < 2) return "not compared";
    const int64_t asleep =
        (last_.boottime_ns - first_.boottime_ns) - (last_.monotonic_ns - first_.monotonic_ns);
    const int64_t drift = (last_.realtime_ns - first_.realtime_ns) - (last_.boottime_ns - first_.boottime_ns);
    std::string text = fmt::format("the wall clock ran {} {} than the trace's", durationText(std::abs(drift)),
                                   drift < 0 ? "less" : "more");
    if (asleep > 1'000'000) text += "; the machine was suspended for " + durationText(asleep);
    return text;
  }

  size_t threads() const { return threads_.size(); }
  size_t processes() const { return processes_.size(); }

 private:
  std::set<uint32_t> threads_, processes_;
  std::map<LossSource, uint64_t> lost_;
  uint64_t lost_total_ = 0;
  uint64_t clocks_ = 0;
  ClockPoint first_, last_;
};

void printHeader(const TraceReader& reader) {
  const TraceHeader& header = reader.header();
  const ReadReport& report = reader.report();
  line("trace", fmt::format("{}  {} ({} decoded), format {}, written by tarry {}", safeText(reader.name()),
                            sizeText(report.file_bytes), sizeText(report.decoded_bytes),
                            header.format_version, safeText(header.tarry_version)));
  line("target", targetText(header));
  line("recorded", fmt::format("{}, for {}", wallClockText(header.start.realtime_ns),
                               durationText(reader.endNs() - header.start.boottime_ns)));
  line("level", fmt::format("{}, payload {}, backend {}", levelName(header.level),
                            header.snaplen < 0    ? "all"
                            : header.snaplen == 0 ? "none"
                                                  : fmt::format("{} bytes a call", header.snaplen),
                            safeText(header.backend)));
  line("by", fmt::format("{} in {}", safeText(header.user), safeText(header.cwd)));
  line("host",
       fmt::format("{}, Linux {} {}, {}, {} CPUs", safeText(header.hostname), safeText(header.kernel_release),
                   safeText(header.machine), safeText(header.os_name), header.cpu_count));
}

void printCost(const RecorderCost& cost, int64_t dur_ns) {
  const int64_t cpu_ns = cost.user_ns + cost.system_ns;
  line("cost",
       fmt::format("recorder {} CPU{}: drain {}, encode {}; {} memory at most, {} rings{}",
                   durationText(cpu_ns),
                   dur_ns > 0 ? fmt::format(" ({:.1f}% of one)",
                                            100.0 * static_cast<double>(cpu_ns) / static_cast<double>(dur_ns))
                              : "",
                   durationText(cost.drain_cpu_ns), durationText(cost.encode_cpu_ns),
                   sizeText(static_cast<uint64_t>(std::max<int64_t>(cost.max_rss_bytes, 0))),
                   sizeText(static_cast<uint64_t>(std::max<int64_t>(cost.ring_bytes, 0))),
                   cost.bpf_run_ns >= 0 ? "; " + durationText(cost.bpf_run_ns) + " in BPF programs" : ""));
}

void printDamage(const ReadReport& report) {
  if (report.clean() && report.unknown_blocks == 0) {
    line("damage", "none");
    return;
  }
  line("damage", fmt::format("{} damaged frames, {} skipped, {} rows dropped{}", report.damaged_frames,
                             sizeText(report.damaged_bytes + report.cut_bytes),
                             countText(report.dropped_rows), report.cut ? "; the end is missing" : ""));
  for (size_t i = 0; i < report.problems.size() && i < kShownProblems; ++i)
    line("", safeText(report.problems[i]));
  if (report.problems.size() > kShownProblems) line("", "… (tarry check lists all)");
}

void printBlocks(const std::vector<BlockTotals>& totals) {
  fmt::print("\n{:12} {:>8} {:>12} {:>12} {:>12} {:>10}\n", "content", "blocks", "rows", "in file", "decoded",
             "bytes/row");
  for (const BlockTotals& kind : totals) {
    fmt::print("{:12} {:>8} {:>12} {:>12} {:>12} {:>10}\n", safeText(kind.kind), countText(kind.blocks),
               countText(kind.rows), sizeText(kind.file_bytes), sizeText(kind.decoded_bytes),
               kind.rows > 0 ? fmt::format("{:.2f}", static_cast<double>(kind.file_bytes) /
                                                         static_cast<double>(kind.rows))
                             : "");
  }
}

int printInfo(const std::string& path) {
  TraceReader reader = TraceReader::open(path);
  Census census;
  ReadFilter filter;
  filter.syscalls = filter.payloads = filter.scheduling = false;
  reader.read(census, filter);
  printHeader(reader);
  line("ended", endText(reader.trailer()));
  line("lost", census.lossText());
  printDamage(reader.report());
  line("seen",
       fmt::format("{} processes, {} threads", countText(census.processes()), countText(census.threads())));
  line("clock", census.clockText());
  if (reader.trailer()) printCost(reader.trailer()->cost, reader.endNs() - reader.header().start.boottime_ns);
  printBlocks(reader.totals());
  return 0;
}

}  // namespace

Action declareInfo(CLI::App& app) {
  app.description(
      "Says what a trace holds: target, host, level, how the recording ended, what was lost or is damaged, "
      "what the "
      "recorder cost, and how much of the file each kind of event takes.");
  auto file = std::make_shared<std::string>();
#if TARRY_HAS_ANALYZER
  app.add_option("FILE", *file, "trace (.tarry); default: the newest *.tarry here");
  return [file] { return printInfo(traceFile(*file)); };
#else
  app.add_option("FILE", *file, "trace (.tarry)")->required();
  return [file] { return printInfo(*file); };
#endif
}

}  // namespace tarry::cli
