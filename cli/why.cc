// tarry why: what was it waiting for? Of a trace, or of something that runs now.
#include "query/why/why.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"
#include "query/render/progress.h"
#include "query/render/units.h"
#if TARRY_HAS_RECORDER
#include "cli/record_flags.h"
#include "recorder/record.h"
#endif

namespace tarry::cli {

namespace {

struct WhyFlags {
  std::string file;
  WhyOptions options;
  std::string thread, from, to, min;
  std::string idle = "apart";
  std::string format = "text";
#if TARRY_HAS_RECORDER
  RecordFlags recording;
#endif
};

WhyOptions toOptions(const WhyFlags& flags) {
  WhyOptions options = flags.options;
  options.style = outputStyle();
  if (!flags.thread.empty()) {
    char* end = nullptr;
    options.thread = std::strtoll(flags.thread.c_str(), &end, 10);
    if (*end != '\0' || *options.thread <= 0)
      throw UsageError(fmt::format("--thread: '{}' is no thread id", printable(flags.thread)));
  }
  if (!flags.from.empty()) options.from_ns = parseDuration(flags.from, "--from");
  if (!flags.to.empty()) options.to_ns = parseDuration(flags.to, "--to");
  if (options.from_ns && options.to_ns && *options.from_ns >= *options.to_ns)
    throw UsageError("--from must be before --to");
  if (!flags.min.empty()) options.min_ns = parseDuration(flags.min, "--min");
  if (flags.idle == "show") options.show_idle = true;
  else if (flags.idle != "apart" && flags.idle != "hide")
    throw UsageError(fmt::format("--idle: '{}' is neither show nor hide", printable(flags.idle)));
  options.hide_idle = flags.idle == "hide";
  if (flags.format == "json") options.json = true;
  else if (flags.format != "text" && flags.format != "table")
    throw UsageError(fmt::format("why has no format '{}': use text or json", printable(flags.format)));
  return options;
}

int explain(const std::string& path, WhyOptions options) {
  ProgressBar bar("loading");
  options.progress = bar.callback();
  whyReport(path, options, std::cout);
  return 0;
}

#if TARRY_HAS_RECORDER

// A directory below TMPDIR, or the current one where there is not even a /tmp, for a trace that is not kept.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::error_code none;
    std::filesystem::path parent = std::filesystem::temp_directory_path(none);
    if (none) parent = ".";
    path_ = (parent / "tarry-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr)
      throw RecordError(
          fmt::format("cannot create a directory in {}: {} (set TMPDIR to one that you may write)",
                      printable(parent.string()), std::strerror(errno)));
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string targetTitle(const RecordOptions& options) {
  switch (options.target) {
    case TargetKind::pids: {
      std::string text = options.pids.size() == 1 ? "pid" : "pids";
      for (const int pid : options.pids) text += fmt::format(" {}", pid);
      return text;
    }
    case TargetKind::cgroup: return options.cgroup;
    case TargetKind::unit: return options.unit;
    case TargetKind::all: return "whole machine";
    case TargetKind::command: break;
  }
  return {};
}

// Record what runs, explain, keep nothing.
int explainLive(const FlagSet& verb, const WhyFlags& flags) {
  const WhyOptions checked = toOptions(flags);
  RecordOptions recording = toRecordOptions(verb, flags.recording);
  constexpr int64_t kDefaultDuration = 5'000'000'000;
  if (recording.duration_ns == 0) recording.duration_ns = kDefaultDuration;
  const TemporaryDirectory directory;
  recording.output = directory.file("why.tarry");
  if (::isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "watching {} for {}; Ctrl-C ends it early\n", printable(targetTitle(recording)),
               formatDuration(recording.duration_ns));
  const RecordResult result = record(recording);
  printRecordingNotes(result);
  WhyOptions options = checked;
  options.shown_path = "-";
  return explain(result.path, options);
}

bool isLive(const RecordFlags& r) {
  return !r.pids.empty() || !r.cgroup.empty() || !r.unit.empty() || r.all;
}

#endif

int why(const FlagSet& verb, const WhyFlags& flags) {
#if TARRY_HAS_RECORDER
  if (isLive(flags.recording)) {
    if (!flags.file.empty()) throw UsageError("give a trace, or something that runs to look at, not both");
    return explainLive(verb, flags);
  }
#else
  static_cast<void>(verb);
#endif
  const WhyOptions options = toOptions(flags);
  return explain(traceFile(flags.file), options);
}

}  // namespace

Action declareWhy(FlagSet& verb) {
  verb.description(
      "What was it waiting for? Explains a recorded command in its real time: a wait for a child or on a "
      "pipe is replaced by what the process that ended it did meanwhile, so the parts add up. What goes on, "
      "like a service, is explained in thread time, without idle waits."
#if TARRY_HAS_RECORDER
      " With -p, --unit, --cgroup or -a instead of a file: looks for --for (default 5s) and keeps nothing."
#endif
  );
  auto flags = std::make_shared<WhyFlags>();
  WhyOptions& options = flags->options;
  declareFile(verb, flags->file);
  verb.addOption("--process", options.process, "one process alone, not those it waited for")
      .valueName("PID|NAME");
  verb.addOption("--thread", flags->thread, "one thread alone").valueName("TID");
  verb.addFlag("--threads", options.threads, "a line for each thread of the process");
  verb.addChoice("--view", options.view, {{"command", WhyView::command}, {"ongoing", WhyView::ongoing}},
                 "command (real time) or ongoing (thread time); default: by what was recorded")
      .valueName("VIEW");
  verb.addOption("--from", flags->from, "only from this time of the recording on, e.g. 1.5s")
      .valueName("TIME");
  verb.addOption("--to", flags->to, "only up to this time").valueName("TIME");
  verb.addOption("--min", flags->min, "sum up what took less in total; default 1ms").valueName("TIME");
  verb.addOption("--idle", flags->idle,
                 "idle waits (a server until someone asks): apart (default), show, hide")
      .valueName("HOW");
  verb.addOption("--format", flags->format, "text or json (docs/why-json.md)").valueName("FORMAT");
#if TARRY_HAS_RECORDER
  declareTargets(verb, flags->recording);
  verb.addOption("--for", flags->recording.duration, "how long to look at what runs; default 5s")
      .valueName("TIME");
  verb.addOption("--level", flags->recording.level, "waits (default when attaching) or syscalls")
      .valueName("LEVEL");
#endif
  return [&verb, flags] { return why(verb, *flags); };
}

}  // namespace tarry::cli
