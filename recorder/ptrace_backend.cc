#include "recorder/ptrace_backend.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "format/errors.h"
#include "recorder/capture_plan.h"
#include "recorder/host_info.h"
#include "recorder/ptrace/call_filter.h"
#include "recorder/ptrace/channel.h"
#include "recorder/ptrace/tracer.h"
#include "recorder/raw_encoder.h"

namespace tarry {

namespace {

using ptracing::Channel;
using ptracing::ChannelControl;
using ptracing::Request;

constexpr timespec kPause{0, 500'000};

class PtraceBackend : public Backend {
 public:
  explicit PtraceBackend(const BackendOptions& options)
      : options_(options),
        plan_(options.snaplen),
        encoder_(plan_, options.calls.get()),
        channel_(std::bit_ceil(std::max<uint64_t>(options.ring_bytes, LANE_LEAST))) {}

  ~PtraceBackend() override { endTracer(); }

  const char* name() const override { return "ptrace"; }

  // At level waits a command stops only where it can wait, with a choice of calls only at those.
  std::vector<sock_filter> commandFilter() const override {
    if (options_.level == Level::waits) return ptracing::stopAt(ptracing::callsThatCanWait(), true);
    if (options_.calls) return ptracing::stopAt(*options_.calls, false);
    return {};
  }

  void start(const TargetSpec& target) override {
    ptracing::TracerOptions options;
    options.level = options_.level;
    options.snaplen = options_.snaplen;
    options.recorder = ::getpid();
    options.calls = options_.calls.get();
    options.filtered = target.kind == TargetKind::command && !commandFilter().empty();
    filtered_ = options.filtered;
    switch (target.kind) {
      case TargetKind::command: break;
      case TargetKind::pids: options.pids = target.pids; break;
      case TargetKind::cgroup:
      case TargetKind::unit:
      case TargetKind::all:
        throw RecordError(
            "ptrace follows processes only: give a command or -p PID, or record with eBPF (sudo tarry …)");
    }
    channel_.control().asked.store(1);
    sigset_t ask, before;  // until the tracer can be asked, it must not be hurt by that
    ::sigemptyset(&ask);
    ::sigaddset(&ask, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &ask, &before);
    tracer_ = ::fork();
    if (tracer_ != 0) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (tracer_ < 0) throw RecordError(std::string("cannot start the tracer: fork: ") + std::strerror(errno));
    if (tracer_ == 0) ptracing::runTracer(channel_, plan_, options);
    await(true);
  }

  void add(pid_t pid) override {
    channel_.control().pid.store(pid);
    ask(Request::add, true);
  }

  bool targetAlive() override { return !tracerEnded() && channel_.control().alive.load() > 0; }

  void drain(RawBatch& batch) override {
    batch.events.resize(1);
    batch.events[0].clear();
    channel_.drainEvents(batch.events[0]);
    batch.definitions = std::move(early_definitions_);
    early_definitions_.clear();
    // after the events: whatever they refer to was written before them
    channel_.drainDefinitions(batch.definitions);
  }

  void encode(const RawBatch& batch, TraceWriter& writer) override {
    encoder_.encode(batch, writer, bootTimeNs());
    channel_.control().epoch.store(encoder_.wantedResourceEpoch());
  }

  void stop() override {
    if (tracer_ <= 0) return;
    const bool ended = tracerEnded();
    if (!ended) ask(Request::stop, false);
    endTracer();
    if (ended) throw RecordError("the tracing process was killed");
  }

  void fillCost(RecorderCost& cost) override { cost.ring_bytes = static_cast<int64_t>(channel_.bytes()); }

  uint64_t lost() override { return 0; }

 private:
  bool tracerEnded() {
    if (tracer_ <= 0 || reaped_) return true;
    const pid_t pid = ::waitpid(tracer_, nullptr, WNOHANG);
    if (pid == tracer_ || (pid < 0 && errno == ECHILD)) reaped_ = true;
    return reaped_;
  }

  void ask(Request request, bool alone) {
    ChannelControl& control = channel_.control();
    control.request.store(request);
    control.asked.fetch_add(1);
    await(alone);
  }

  // `alone`: no other thread empties the lanes yet.
  void await(bool alone) {
    ChannelControl& control = channel_.control();
    while (control.answered.load() != control.asked.load()) {
      if (alone) channel_.drainDefinitions(early_definitions_);
      if (tracerEnded() && control.answered.load() != control.asked.load()) {
        throw RecordError("the tracing process ended unexpectedly");
      }
      // Again and again: the tracer may have been about to wait when the last one came.
      ::kill(tracer_, SIGUSR1);
      ::nanosleep(&kPause, nullptr);
    }
    if (control.error[0] != '\0') throw RecordError(control.error);
  }

  void endTracer() {
    if (tracer_ <= 0) return;
    // Programs whose calls stop need a tracer as long as they live: it stays for them (passOn()).
    const bool stays = filtered_ && channel_.control().stays.load();
    if (!stays && !tracerEnded()) {
      for (int i = 0; i < 200 && !tracerEnded(); ++i) ::nanosleep(&kPause, nullptr);
      if (!reaped_) {
        ::kill(tracer_, SIGKILL);
        ::waitpid(tracer_, nullptr, 0);
      }
    }
    tracer_ = -1;
  }

  const BackendOptions options_;
  const CapturePlan plan_;
  RawEncoder encoder_;
  Channel channel_;
  pid_t tracer_ = -1;
  bool reaped_ = false;
  bool filtered_ = false;
  std::vector<uint8_t> early_definitions_;
};

}  // namespace

std::unique_ptr<Backend> makePtraceBackend(const BackendOptions& options) {
  return std::make_unique<PtraceBackend>(options);
}

}  // namespace tarry
