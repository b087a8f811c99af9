#include "recorder/recording.h"

#include <poll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "format/errors.h"
#include "recorder/command_watch.h"
#include "recorder/host_info.h"
#include "recorder/launcher.h"
#include "recorder/output_file.h"
#include "recorder/session.h"
#include "recorder/signals.h"
#include "recorder/targets.h"
#include "recorder/user_identity.h"

namespace tarry {

namespace {

constexpr int64_t kPollNs = 20'000'000;       // between looks whether the targets still live
constexpr int64_t kLastDrainNs = 10'000'000;  // after the command's end, for its last switch out
constexpr int64_t kDefaultSnaplenFull = 256;

// If memory gets short, the recorder should go before what it watches. Children that exist already
// keep what they have.
class OomVolunteer {
 public:
  OomVolunteer() {
    std::ifstream(kPath) >> before_;
    if (before_ < kScore) std::ofstream(kPath) << kScore;
  }
  ~OomVolunteer() {
    if (before_ < kScore) std::ofstream(kPath) << before_;
  }
  OomVolunteer(const OomVolunteer&) = delete;
  OomVolunteer& operator=(const OomVolunteer&) = delete;

 private:
  static constexpr const char* kPath = "/proc/self/oom_score_adj";
  static constexpr int kScore = 500;
  int before_ = 0;
};

BackendOptions backendOptions(const RecordOptions& options) {
  BackendOptions result;
  result.level =
      options.level.value_or(options.target == TargetKind::command ? Level::syscalls : Level::waits);
  result.snaplen = options.snaplen;
  result.packet_bytes = options.packet_bytes;
  if (!options.calls.empty())
    result.calls = std::make_shared<const SyscallSet>(SyscallSet::parse(options.calls));
  if (result.level == Level::full && result.snaplen == 0) result.snaplen = kDefaultSnaplenFull;
  result.ring_bytes = options.ring_bytes > 0
                          ? options.ring_bytes
                          : defaultRingBytes(::sysconf(_SC_NPROCESSORS_CONF), result.snaplen);
  return result;
}

std::vector<std::string> targetWords(const RecordOptions& options, const TargetSpec& spec) {
  switch (options.target) {
    case TargetKind::command: return options.command;
    case TargetKind::pids: {
      std::vector<std::string> words;
      for (pid_t pid : spec.pids) words.push_back(std::to_string(pid));
      return words;
    }
    case TargetKind::cgroup: return {spec.cgroup_path};
    case TargetKind::unit: return {options.unit, spec.cgroup_path};
    case TargetKind::all: return {};
  }
  return {};
}

OutputFile claimOutput(const RecordOptions& options) {
  return options.output.empty() ? OutputFile::numbered(targetName(options))
                                : OutputFile::named(options.output);
}

// One recording; its members are made in the order in which a recording begins.
class Recording {
 public:
  Recording(const RecordOptions& options, const std::vector<BackendCandidate>& candidates)
      : options_(options),
        candidates_(candidates),
        spec_(
            resolveTarget(options, options.target == TargetKind::cgroup || options.target == TargetKind::unit
                                       ? cgroupMounts()
                                       : std::vector<CgroupMount>{})),
        backend_options_(backendOptions(options)),
        owner_(traceOwner(options)),
        output_(claimOutput(options)),
        signals_(options.target == TargetKind::command) {}

  RecordResult run() {
    prepare();
    const OomVolunteer volunteer;  // after the command and what works for it were forked: they inherit it
    TraceHeader header = makeHeader();
    begin(header);
    if (command_) release();
    output_.keep();
    if (options_.on_start) options_.on_start(output_.path());

    Trailer trailer;
    trailer.reason = waitForEnd();
    if (command_ && command_->poll().wait_status) trailer.command_status = *command_->poll().wait_status;
    signals_.letGo();
    trailer = session_->finish(trailer);
    return result(trailer, header.start.boottime_ns);
  }

 private:
  // Under sudo the trace belongs to the user who called it.
  static std::optional<UserIdentity> traceOwner(const RecordOptions& options) {
    return commandUser(options.target == TargetKind::command ? options.user : "");
  }

  // Nothing has been run yet where a backend cannot start: the next one begins anew.
  void prepare() {
    for (size_t i = 0;; ++i) {
      const BackendCandidate& candidate = candidates_[i];
      backend_ = candidate.make(backend_options_);
      if (options_.target == TargetKind::command) launch(candidate.traces);
      try {
        backend_->start(spec_);
        if (command_) backend_->add(command_->pid());
      } catch (const RecordError& error) {
        if (i + 1 == candidates_.size()) throw;
        backend_.reset();
        watch_.reset();
        command_.reset();
        failed_ = error.what();
        continue;
      }
      if (!candidate.note.empty() && options_.on_note) {
        options_.on_note(candidate.note + (failed_.empty() ? "" : " (" + failed_ + ")"));
      }
      return;
    }
  }

  void launch(bool traced) {
    LaunchOptions launch;
    launch.traced = traced;
    launch.filter = backend_->commandFilter();
    launch.argv = options_.command;
    launch.user = owner_;
    launch.stdout_to_stderr = output_.isStdout();
    launch.signals = &signals_;
    command_ = std::make_shared<LaunchedCommand>(launch);
    watch_.emplace(*command_);
  }

  void release() {
    try {
      command_->release();
    } catch (const RecordError&) {
      output_.discard();  // a trace of nothing
      throw;
    }
  }

  TraceHeader makeHeader() const {
    TraceHeader header = describeHost();
    header.level = backend_options_.level;
    header.snaplen = backend_options_.snaplen;
    header.backend = backend_->name();
    header.calls = options_.calls;
    header.target_kind = options_.target;
    header.target = targetWords(options_, spec_);
    if (command_ && owner_) header.user = owner_->name;
    return header;
  }

  void begin(const TraceHeader& header) {
    const bool given_away = owner_.has_value() && !output_.isStdout();
    std::unique_ptr<ByteSink> sink =
        openFileSink(output_.path(), given_away ? owner_->uid : ~0U, given_away ? owner_->gid : ~0U);
    SessionOptions session;
    session.max_size_bytes = options_.max_size_bytes;
    session.ring_bytes = backend_options_.ring_bytes;
    WriterOptions writing;
    writing.max_bytes = options_.max_size_bytes;
    auto writer = std::make_unique<TraceWriter>(std::move(sink), header, writing);
    writer->add(header.start);
    begin_ns_ = bootTimeNs();
    session_ = std::make_unique<Session>(*backend_, std::move(writer), session);
  }

  EndReason waitForEnd() {
    const int64_t deadline_ns = options_.duration_ns > 0 ? begin_ns_ + options_.duration_ns : INT64_MAX;
    while (true) {
      const int64_t now_ns = bootTimeNs();
      if (session_->failed()) return EndReason::error;
      if (session_->full()) return EndReason::max_size;
      if (targetEnded()) return EndReason::target_ended;
      if (now_ns >= deadline_ns) return EndReason::duration;
      wait(std::min(deadline_ns - now_ns, kPollNs));
      while (const auto signal = signals_.next()) {
        if (endsRecording(*signal)) return EndReason::interrupted;
      }
      if (watch_ && watch_->stopIsDue()) {
        session_->flush();
        watch_->stopSelf();
      }
    }
  }

  bool targetEnded() {
    if (!command_) return options_.target != TargetKind::all && !backend_->targetAlive();
    if (!command_->poll().wait_status) return false;
    if (options_.wait_all && backend_->targetAlive()) return false;
    const timespec pause{0, kLastDrainNs};
    ::nanosleep(&pause, nullptr);
    return true;
  }

  bool endsRecording(const signalfd_siginfo& signal) {
    if (watch_ && !command_->poll().wait_status) return watch_->onSignal(signal, bootTimeNs());
    return signal.ssi_signo != SIGCHLD && signal.ssi_signo != SIGTSTP && signal.ssi_signo != SIGTTIN &&
           signal.ssi_signo != SIGTTOU;
  }

  void wait(int64_t time_ns) const {
    pollfd fds[] = {{signals_.fd(), POLLIN, 0}, {session_->fd(), POLLIN, 0}};
    const timespec timeout{time_ns / 1'000'000'000, time_ns % 1'000'000'000};
    ::ppoll(fds, 2, &timeout, nullptr);
  }

  RecordResult result(const Trailer& trailer, int64_t start_ns) {
    RecordResult result;
    result.path = output_.path();
    result.reason = session_->failed() ? EndReason::error : trailer.reason;
    result.command_status = trailer.command_status;
    result.lost = backend_->lost();
    result.bytes = session_->bytesWritten();
    result.duration_ns = trailer.end.boottime_ns - start_ns;
    result.error = session_->error();
    if (command_ && trailer.command_status < 0) result.still_running = command_;
    return result;
  }

  const RecordOptions& options_;
  const std::vector<BackendCandidate>& candidates_;
  std::string failed_;  // why the candidate before could not start
  const TargetSpec spec_;
  const BackendOptions backend_options_;
  const std::optional<UserIdentity> owner_;
  OutputFile output_;
  SignalScope signals_;
  std::shared_ptr<LaunchedCommand> command_;
  std::optional<CommandWatch> watch_;
  std::unique_ptr<Backend> backend_;
  int64_t begin_ns_ = 0;
  std::unique_ptr<Session> session_;
};

// Without a recording that could end before it.
int waitForEnd(LaunchedCommand& command, SignalScope& signals) {
  CommandWatch watch(command);
  while (!command.poll().wait_status) {
    pollfd fds[] = {{signals.fd(), POLLIN, 0}};
    ::poll(fds, 1, 1000);
    while (const auto signal = signals.next()) watch.onSignal(*signal, bootTimeNs());
    if (watch.stopIsDue()) watch.stopSelf();
  }
  return *command.poll().wait_status;
}

}  // namespace

RecordResult recordWith(const RecordOptions& options, const std::vector<BackendCandidate>& candidates) {
  return Recording(options, candidates).run();
}

int waitForCommand(LaunchedCommand& command) {
  SignalScope signals(true);
  return waitForEnd(command, signals);
}

int runUnrecorded(const RecordOptions& options) {
  SignalScope signals(true);
  LaunchOptions launch;
  launch.argv = options.command;
  launch.user = commandUser(options.user);
  launch.stdout_to_stderr = options.output == "-";
  launch.signals = &signals;
  LaunchedCommand command(launch);
  command.release();
  return waitForEnd(command, signals);
}

int shellStatus(int wait_status) {
  if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
  if (WIFSIGNALED(wait_status)) return 128 + WTERMSIG(wait_status);
  return 125;
}

}  // namespace tarry
