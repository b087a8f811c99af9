#include "recorder/bpf_backend.h"

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "format/errors.h"
#include "recorder/bpf_cgroup.h"
#include "recorder/bpf_programs.h"
#include "recorder/capture_plan.h"
#include "recorder/host_info.h"
#include "recorder/raw_encoder.h"
#include "recorder/raw_records.h"
#include "recorder/tls/prober.h"

namespace tarry {

bool RawBatch::empty() const {
  for (const std::vector<uint8_t>& ring : events) {
    if (!ring.empty()) return false;
  }
  return definitions.empty();
}

namespace {

uint32_t targetMode(TargetKind kind) {
  switch (kind) {
    case TargetKind::command:
    case TargetKind::pids: return MODE_MARKED;
    case TargetKind::cgroup:
    case TargetKind::unit: return MODE_CGROUP;
    case TargetKind::all: return MODE_ALL;
  }
  return MODE_MARKED;
}

class BpfBackend : public Backend {
 public:
  explicit BpfBackend(const BackendOptions& options)
      : options_(options), plan_(options.snaplen), encoder_(plan_, options.calls.get()) {}

  const char* name() const override { return "bpf"; }

  void start(const TargetSpec& target) override {
    kind_ = target.kind;
    encoder_.readSymbolsAhead();
    CgroupTarget cgroup;
    const uint32_t mode = targetMode(target.kind);
    if (mode == MODE_CGROUP) cgroup = cgroupTarget(target.cgroup_path);
    programs_.emplace(options_, mode, cgroup, plan_);
    last_drain_ns_ = static_cast<uint64_t>(bootTimeNs());
    programs_->attachIterators();
    visit(SNAP_SELF);  // before the first event: the recorder must not see itself
    programs_->attachEvents();
    if (options_.snaplen != 0) probeTls(target);
    mark(target);
    programs_->visitFiles([this] { keepDefinitions(); });
    if (target.kind == TargetKind::pids && programs_->aliveThreads() <= 0) {
      throw RecordError("cannot record: the process has ended");
    }
  }

  void add(pid_t pid) override { visit(SNAP_MARK_PID, pid); }

  // A cgroup that is still empty is waited for.
  bool targetAlive() override {
    if (kind_ == TargetKind::all) return true;
    const bool alive = programs_->aliveThreads() > 0;
    seen_alive_ = seen_alive_ || alive;
    return alive || (!seen_alive_ && targetMode(kind_) == MODE_CGROUP);
  }

  void drain(RawBatch& batch) override {
    batch.events.resize(programs_->eventRings().size());
    for (size_t i = 0; i < batch.events.size(); ++i) {
      batch.events[i].clear();
      programs_->lanes().drain(static_cast<uint32_t>(i), batch.events[i]);
      programs_->eventRings()[i].drain(batch.events[i], false);
    }
    const std::lock_guard lock(definitions_mutex_);
    batch.definitions = std::move(early_definitions_);
    early_definitions_.clear();
    // after the events: whatever they refer to was submitted before them
    programs_->definitionsRing().drain(batch.definitions, true);
    reportUnattributed(batch.definitions);
    followMoves();
  }

  void encode(const RawBatch& batch, TraceWriter& writer) override {
    encoder_.encode(batch, writer, bootTimeNs());
    programs_->setResourceEpoch(encoder_.wantedResourceEpoch());
  }

  void stop() override {
    if (!programs_) return;
    if (prober_) prober_->stop();
    programs_->detach();
    visit(SNAP_FINISH);
    programs_->visitSockets([this] { keepDefinitions(); });
  }

  void fillCost(RecorderCost& cost) override {
    if (programs_) cost.ring_bytes = static_cast<int64_t>(programs_->ringBytes());
  }

  uint64_t lost() override { return programs_ ? programs_->lost() + programs_->missed() : 0; }

 private:
  // Before the command is released, and before what runs already counts as recorded.
  void probeTls(const TargetSpec& target) {
    prober_.emplace(TlsProber::Hooks{
        .attach = [this](const std::string& path, uint64_t offset,
                         const ProbeSite& site) { return programs_->attachTls(path, offset, site); },
        .forget = [this](uint32_t resource) { programs_->forgetMappedCode(resource); }});
    prober_->probeInstalled();
    prober_->follow(programs_->mappedCodeRing(), programs_->mappedCodeFd());
    if (target.kind != TargetKind::command) prober_->probeRunning();
  }

  void visit(uint32_t job, pid_t pid = 0) {
    programs_->visitTasks(job, pid, [this] { keepDefinitions(); });
  }

  // What already runs. Twice, since a target that is not marked yet may have had a child meanwhile
  // that the first pass had already gone by.
  void mark(const TargetSpec& target) {
    switch (target.kind) {
      case TargetKind::command: return;
      case TargetKind::pids:
        for (const pid_t pid : target.pids) programs_->addTargetPid(pid);
        visit(SNAP_MARK_TREE);
        visit(SNAP_MARK_TREE);
        return;
      case TargetKind::cgroup:
      case TargetKind::unit:
        visit(SNAP_MARK_CGROUP);
        visit(SNAP_MARK_CGROUP);
        return;
      case TargetKind::all: visit(SNAP_MARK_ALL); return;
    }
  }

  void keepDefinitions() {
    const std::lock_guard lock(definitions_mutex_);
    programs_->definitionsRing().drain(early_definitions_, true);
  }

  // The other threads of a process that moved into the target cgroup: the kernel tells its leader only.
  void followMoves() {
    const uint32_t moves = programs_->cgroupMoves();
    if (moves == seen_moves_) return;
    seen_moves_ = moves;
    programs_->visitTasks(SNAP_MARK_CGROUP, 0,
                          [this] { programs_->definitionsRing().drain(early_definitions_, true); });
  }

  // Losses that belong to no thread, as RT_LOSS like the others.
  void reportUnattributed(std::vector<uint8_t>& definitions) {
    const auto now_ns = static_cast<uint64_t>(bootTimeNs());
    for (uint32_t source = 0; source < LOSS_SOURCES; ++source) {
      uint64_t count = programs_->lostUnattributed(source);
      if (source == LOSS_PLAINTEXT && prober_) count += prober_->failures();
      if (count == reported_[source]) continue;
      rec_loss record{};
      record.type = RT_LOSS;
      record.source = static_cast<uint8_t>(source);
      record.first_ns = last_drain_ns_;
      record.last_ns = now_ns;
      record.count = count - reported_[source];
      reported_[source] = count;
      appendRecord(definitions, {reinterpret_cast<const uint8_t*>(&record), sizeof(record)});
    }
    last_drain_ns_ = now_ns;
  }

  const BackendOptions options_;
  const CapturePlan plan_;
  RawEncoder encoder_;
  std::optional<BpfPrograms> programs_;
  std::optional<TlsProber> prober_;  // uses the programs
  TargetKind kind_ = TargetKind::command;
  bool seen_alive_ = false;

  std::mutex definitions_mutex_;  // the iterators and drain() both empty the definitions ring
  std::vector<uint8_t> early_definitions_;
  std::array<uint64_t, LOSS_SOURCES> reported_{};
  uint64_t last_drain_ns_ = 0;
  uint32_t seen_moves_ = 0;
};

}  // namespace

std::unique_ptr<Backend> makeBpfBackend(const BackendOptions& options) {
  return std::make_unique<BpfBackend>(options);
}

}  // namespace tarry
