#include "analyzer/load_pass.h"

#include <algorithm>

#include "analyzer/bulk/bulk_table.h"
#include "analyzer/net/packet_headers.h"
#include "analyzer/net/packet_tables.h"
#include "analyzer/resource_label.h"
#include "analyzer/state_collector.h"
#include "analyzer/state_table.h"
#include "format/event_names.h"
#include "format/trace_writer.h"

namespace tarry::analysis {
namespace {

constexpr uint64_t kProgressEvery = 1U << 16U;

// Times and durations of a hostile trace may be anything; sums of sane ones must not overflow.
constexpr int64_t kMaxTime = int64_t{1} << 61U;

int64_t clampTime(int64_t ns) {
  return std::clamp(ns, -kMaxTime, kMaxTime);
}

bool recordsAllCalls(const TraceHeader& header) {
  return header.level != Level::waits && header.calls.empty();
}

}  // namespace

// Those that grow with the recording; the rest is known at the end.
struct LoadPass::Tables {
  explicit Tables(bulk::DatabaseImage& image)
      : syscall(image),
        object(image),
        signal(image),
        tcp_event(image),
        packet(image),
        arg(image),
        payload(image),
        plaintext(image),
        stack(image),
        loss(image),
        fold(image),
        clock(image) {}
  void finish() {
    syscall.finish();
    object.finish();
    signal.finish();
    tcp_event.finish();
    packet.finish();
    arg.finish();
    payload.finish();
    plaintext.finish();
    stack.finish();
    loss.finish();
    fold.finish();
    clock.finish();
  }
  bulk::BulkTable<tables::kSyscall> syscall;
  bulk::BulkTable<tables::kSyscallObjectMore> object;
  bulk::BulkTable<tables::kSignal> signal;
  bulk::BulkTable<tables::kTcpEvent> tcp_event;
  bulk::BulkTable<tables::kPacket> packet;
  bulk::BulkTable<tables::kSyscallArg> arg;
  bulk::BulkTable<tables::kPayload> payload;
  bulk::BulkTable<tables::kPlaintext> plaintext;
  bulk::BulkTable<tables::kStack> stack;
  bulk::BulkTable<tables::kLoss> loss;
  bulk::BulkTable<tables::kFold> fold;
  bulk::BulkTable<tables::kClock> clock;
};

LoadPass::LoadPass(TraceReader& reader, bulk::DatabaseImage& image, const LoadOptions& options,
                   LoadRemains* remains)
    : reader_(reader),
      image_(image),
      options_(options),
      remains_(remains),
      start_ns_(reader.header().start.boottime_ns),
      texts_([&reader](StringId id) { return reader.text(id); }),
      traits_(texts_),
      tasks_(start_ns_),
      resources_(texts_),
      calls_(texts_, traits_, resources_),
      states_(*this),
      waits_(
          tasks_, resources_, traits_, [this](StackId id) { return kernelSymbols(id); },
          recordsAllCalls(reader.header()), reader.header().snaplen != 0),
      args_(reader, [this](ResourceId id) { return resources_.find(id); }),
      sockets_(resources_),
      into_(std::make_unique<Tables>(image)) {
  if (options.states != nullptr) into_states_ = std::make_unique<StateCollector>(*options.states);
  else into_states_ = std::make_unique<StateTable>(image);
  if (reader.header().target_kind != TargetKind::command) command_start_.notNeeded();
  if (reader.header().snaplen != 0 && options.conversations) net_ = std::make_unique<NetTracker>(resources_);
}

LoadPass::~LoadPass() = default;

Database LoadPass::run() {
  reader_.read(*this);
  return finish();
}

int64_t LoadPass::toTrace(int64_t boottime_ns) const {
  return clampTime(clampTime(boottime_ns) - start_ns_);
}

Utid LoadPass::recordedThread(ThreadId id) {
  const Utid utid = tasks_.utid(id);
  if (utid != 0 && tasks_.thread(utid).recorded) return utid;
  if (utid == 0) counts_.orphan_events++;
  return 0;
}

void LoadPass::advance(int64_t ts) {
  end_ts_ = std::max(end_ts_, ts);
  queue_.release(ts, [this](const tables::SyscallRow& row) { into_->syscall.insert(row); });
  if (net_) net_->streams().advance(ts);
  if (++events_ % kProgressEvery == 0 && options_.progress) {
    const auto whole = static_cast<double>(toTrace(reader_.endNs()));
    if (whole > 0) options_.progress(std::clamp(static_cast<double>(ts) / whole, 0.0, 1.0));
  }
}

std::span<const std::string_view> LoadPass::kernelSymbols(StackId id) {
  symbols_.clear();
  const auto found = stacks_.find(id);
  if (found == stacks_.end()) return symbols_;
  for (const FrameId frame : found->second) {
    const auto symbol = frame_symbols_.find(frame);
    if (symbol != frame_symbols_.end()) symbols_.push_back(texts_.text(symbol->second));
  }
  return symbols_;
}

// ---- definitions ------------------------------------------------------------------------------

void LoadPass::onThread(const ThreadDef& def) {
  tasks_.define(def);
}

void LoadPass::onResource(const Resource& resource) {
  resources_.define(resource);
  if (remains_ != nullptr) remains_->resources.emplace(resource.id, resource);
}

void LoadPass::onOpenFd(const OpenFd& fd) {
  const Utid utid = tasks_.utid(fd.process);
  if (utid != 0) resources_.opened(fd, tasks_.thread(utid).upid);
}

void LoadPass::onEpollMember(const EpollMember& member) {
  const Utid utid = tasks_.utid(member.process);
  if (utid != 0) waits_.inSet(member, tasks_.thread(utid).upid);
}

void LoadPass::onFrame(const Frame& frame) {
  if (!frame.id || !frames_seen_.insert(frame.id).second) return;
  frame_symbols_[frame.id] = frame.symbol;
  tables::FrameRow row;
  row.id = frame.id.value;
  row.symbol = texts_.of(frame.symbol).text;  // of the pool, which outlives the row
  row.module = texts_.of(frame.module).text;
  if (row.module.data() != nullptr) row.language = Label("native");
  row.address = static_cast<int64_t>(frame.address);
  row.offset = static_cast<int64_t>(frame.offset);
  frames_.push_back(row);
}

void LoadPass::onStack(const Stack& stack) {
  if (!stack.id || !stacks_.emplace(stack.id, std::vector(stack.frames.begin(), stack.frames.end())).second)
    return;
  tables::StackRow row;
  row.stack_id = stack.id.value;
  for (const FrameId frame : stack.frames) {
    row.frame_id = frame.value;
    into_->stack.insert(row);
    row.depth++;
  }
}

void LoadPass::onClock(const ClockPoint& clock) {
  into_->clock.insert({toTrace(clock.boottime_ns), clock.boottime_ns, clock.monotonic_ns, clock.realtime_ns});
}

// ---- lifecycle and scheduling -----------------------------------------------------------------

void LoadPass::onLife(const LifeEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  counts_.life_events++;
  const Utid utid = tasks_.utid(event.thread);
  if (utid == 0) {
    counts_.orphan_events++;
    return;
  }
  tasks_.life(event, ts);
  const Upid upid = tasks_.thread(utid).upid;
  const bool recorded = tasks_.thread(utid).recorded;
  switch (event.kind) {
    case LifeKind::info:
    case LifeKind::comm:
      if (recorded) states_.seen(utid, ts);
      return;
    case LifeKind::fork: {
      const Utid child = tasks_.utid(event.other);
      if (child != 0 && tasks_.thread(child).recorded) states_.forked(child, ts);
      return;
    }
    case LifeKind::exec: {
      const Utid caller = event.other ? tasks_.utid(event.other) : utid;
      if (recorded && caller != 0 && caller != utid) states_.replaced(caller, utid, ts);
      if (command_start_.waiting() && isLaunched(utid)) command_start_.began(utid, ts);
      return;
    }
    case LifeKind::exit:
      if (!recorded) return;
      states_.exited(utid, ts);
      if (event.group_dead) {
        for (const Utid other : tasks_.process(upid).threads) states_.gone(other, ts);
      }
      return;
    case LifeKind::blocked:
      if (recorded) {
        std::optional<int64_t> began;
        if (event.start_blocked_ns != 0) began = toTrace(event.start_blocked_ns);
        states_.snapshot(utid, ts, event, began);
      }
      return;
  }
}

void LoadPass::onSwitch(const SwitchEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  last_scheduling_ts_ = std::max(last_scheduling_ts_, ts);
  counts_.switches++;
  const Utid utid = recordedThread(event.thread);
  if (utid != 0) states_.switched(utid, ts, event);
}

void LoadPass::onWake(const WakeEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  last_scheduling_ts_ = std::max(last_scheduling_ts_, ts);
  counts_.wakes++;
  const Utid utid = recordedThread(event.thread);
  if (utid == 0) return;
  states_.woken(utid, ts, event);
  if (event.context == WakerContext::thread) waits_.woke(tasks_.utid(event.waker), utid);
}

void LoadPass::onSignal(const SignalEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  counts_.signals++;
  const Utid utid = recordedThread(event.thread);
  if (utid == 0 || !inRange(ts, ts)) return;
  tables::SignalRow row = signalRow(event, signal_texts_);
  row.id = next_signal_id_++;
  row.ts = ts;
  row.utid = utid;
  const Utid sender = tasks_.utid(event.sender);
  if (sender != 0) row.sender_utid = sender;
  into_->signal.insert(row);
}

void LoadPass::onSocket(const SocketEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  counts_.socket_events++;
  const Utid utid = event.thread ? tasks_.utid(event.thread) : 0;
  if (utid != 0) resources_.used(event.resource, tasks_.thread(utid).upid);
  waits_.socketEvent(event, ts);
  tables::TcpEventRow row = sockets_.event(event, ts, utid);
  if (!inRange(ts, ts)) return;
  row.id = next_tcp_event_id_++;
  into_->tcp_event.insert(row);
}

void LoadPass::onPlaintext(const PlaintextEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  counts_.plaintexts++;
  const Utid utid = recordedThread(event.thread);
  if (utid == 0) return;
  const bool stored = options_.payloads && inRange(ts, ts + event.dur_ns);
  const Upid process = tasks_.thread(utid).upid;
  resources_.used(event.resource, process);
  waits_.plaintext(event, ts);
  if (net_) net_->streams().plaintext(event, ts, utid, process, stored ? next_plaintext_id_ : 0);
  if (!stored) return;
  tables::PlaintextRow row;
  row.id = next_plaintext_id_++;
  row.ts = ts;
  row.dur = event.dur_ns;
  row.utid = utid;
  if (event.resource) row.resource_id = event.resource.value;
  row.session = static_cast<int64_t>(event.session);
  row.library = Label(tlsLibraryName(event.library));
  row.direction = Label(payloadDirectionName(event.direction));
  row.result = event.result;
  row.length = static_cast<int64_t>(event.length);
  row.data = Bytes(event.data);
  into_->plaintext.insert(row);
}

void LoadPass::onPacket(const PacketEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  counts_.packets++;
  const Utid utid = event.thread ? tasks_.utid(event.thread) : 0;
  if (utid != 0) resources_.used(event.resource, tasks_.thread(utid).upid);
  if (!inRange(ts, ts)) return;
  const PacketHeaders headers = readPacketHeaders(event.link, event.data, event.length);
  const std::string from = addressText(headers.from.family, headers.from.addr);
  const std::string to = addressText(headers.to.family, headers.to.addr);
  const std::string flags = tcpFlagsText(headers.flags);
  tables::PacketRow row;
  row.id = next_packet_id_++;
  row.ts = ts;
  if (utid != 0) row.utid = utid;
  if (event.resource) row.resource_id = event.resource.value;
  row.direction = Label(packetDirectionName(event.direction));
  row.interface = reader_.text(event.interface_name);
  row.length = event.length;
  row.captured = static_cast<int64_t>(event.data.size());
  row.protocol = packetProtocolLabel(headers.protocol);
  if (headers.from.family != 0) {
    row.src_addr = from;
    row.dst_addr = to;
  }
  if (headers.has_ports) {
    row.src_port = headers.from.port;
    row.dst_port = headers.to.port;
  }
  if (headers.has_tcp) {
    row.flags = flags;
    row.seq = headers.sequence;
    if ((headers.flags & kTcpAcknowledges) != 0) row.ack = headers.acknowledged;
    row.window = headers.window;
  }
  if (headers.payload_length) row.payload_length = *headers.payload_length;
  if (options_.payloads) row.data = event.data;
  into_->packet.insert(row);
}

void LoadPass::onLoss(const LossEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  advance(ts);
  const int64_t dur = clampTime(event.dur_ns);
  const Utid utid = event.thread ? tasks_.utid(event.thread) : 0;
  tables::LossRow row;
  row.ts = ts;
  row.dur = dur;
  row.source = Label(lossSourceName(event.source));
  if (utid != 0) row.utid = utid;
  row.count = static_cast<int64_t>(event.count);
  into_->loss.insert(row);
  counts_.lost_events = clampTime(counts_.lost_events + clampTime(row.count));
  // Calls number themselves, so a lost one is no doubt about the thread's state; nor is a lost signal.
  const bool about_states = event.source != LossSource::syscalls && event.source != LossSource::payload &&
                            event.source != LossSource::signals && event.source != LossSource::sockets &&
                            event.source != LossSource::packets && event.source != LossSource::plaintext;
  if (utid != 0 && about_states) states_.lost(utid, ts, ts + std::max<int64_t>(dur, 0));
}

void LoadPass::onFold(const FoldEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  const int64_t dur = clampTime(event.dur_ns);
  advance(ts);
  const auto count = static_cast<int64_t>(event.count);
  tables::FoldRow row;
  row.ts = ts;
  row.dur = dur;
  row.kind = Label(foldKindName(event.kind));
  row.count = count;
  if (event.kind == FoldKind::payload) {
    counts_.payloads_left_out = clampTime(counts_.payloads_left_out + count);
    row.bytes = event.result_sum;
    if (inRange(ts, ts + dur)) into_->fold.insert(row);
    return;
  }
  const Utid utid = recordedThread(event.thread);
  if (utid == 0 || event.kind != FoldKind::calls) return;
  counts_.folded_calls = clampTime(counts_.folded_calls + count);
  numbers_.folded(utid, event.count, event.last_seq);
  resources_.used(event.resource, tasks_.thread(utid).upid);
  waits_.left(calls_.current(utid));
  waits_.folded(event.resource);
  const CallTraits& traits = *traits_.find(event.abi, event.nr);
  if (net_ && traits.moving != nullptr && event.error == 0)
    net_->streams().folded(event.resource, *traits.moving, ts,
                           static_cast<uint64_t>(std::max<int64_t>(event.result_sum, 0)));
  if (traits.moving != nullptr && event.error == 0)
    sockets_.folded(event.resource, *traits.moving,
                    static_cast<uint64_t>(std::max<int64_t>(event.result_sum, 0)));
  if (!inRange(ts, ts + dur)) return;
  row.utid = utid;
  row.abi = traits.abi;
  row.nr = event.nr;
  row.name = traits.name;
  if (event.error != 0) row.errno_name = errnoLabel(event.error);
  else if (traits.moves_bytes) row.bytes = event.result_sum;
  if (event.resource) row.resource_id = event.resource.value;
  row.total_ns = event.total_ns;
  row.longest_ns = event.longest_ns;
  into_->fold.insert(row);
}

void LoadPass::onInterval(const StateInterval& interval) {
  CurrentCall& current = calls_.current(interval.utid);
  const bool waits = interval.state == RunState::blocked || interval.state == RunState::runnable;
  // The recorder's own stops are no part of the call that they lie around.
  const bool own = interval.task_state == TaskState::recorder;
  const CurrentCall* call = waits && !own && current.covers(interval.begin) ? &current : nullptr;
  if (call != nullptr && call->id > 0) {
    queue_.blocked(call->id, interval.end - interval.begin);
  }
  ThreadState state = waits_.describe(interval, call);
  if (command_start_.waiting()) {
    if (command_start_.givesUp()) {
      command_start_.release([this](const ThreadState& held) { storeState(held); });
    } else if (isLaunched(state.utid)) {
      return command_start_.hold(state);
    }
  }
  if (command_start_.cut(state)) storeState(state);
}

void LoadPass::storeState(const ThreadState& state) {
  const Upid upid = tasks_.thread(state.utid).upid;
  if (upid >= running_.size()) running_.resize(static_cast<size_t>(upid) + upid / 2 + 16);
  RunningTime& time = running_[upid];
  if (state.state == RunState::running)
    time.running_ns = clampTime(time.running_ns + (state.end - state.begin));
  if (state.state == RunState::unknown) time.complete = false;
  if (state.state == RunState::blocked && state.resource && state.role != WaitRole::idle)
    sockets_.waited(state.resource, state.parked, state.end - state.begin);
  if (inRange(state.begin, state.end)) into_states_->add(state);
}

// ---- system calls -----------------------------------------------------------------------------

void LoadPass::onSyscall(const SyscallEvent& event) {
  const int64_t ts = toTrace(event.enter_ns);
  advance(ts);
  counts_.calls++;
  const Utid utid = tasks_.utid(event.thread);
  if (utid == 0) {
    counts_.orphan_events++;
    return;
  }
  if (event.flags.unfinished) counts_.unfinished_calls++;
  if (event.flags.no_enter) counts_.calls_without_enter++;
  const Upid process = tasks_.thread(utid).upid;
  if (numbers_.seen(utid, event.call_seq) && net_) net_->streams().lost(process, ts);

  CurrentCall& current = calls_.current(utid);
  waits_.left(current);
  for (const ObjectRef& object : event.objects) {
    if (object.role != ObjectRole::cwd) resources_.used(object.resource, process);
  }
  calls_.enter(event, next_call_id_, ts, utid);
  if (current.traits->spec == nullptr) counts_.unknown_calls++;
  waits_.entered(event, current, utid);
  sockets_.call(event, *current.traits, ts, current.exit_ts, utid);
  const int64_t first_payload = next_payload_id_;
  if (options_.syscalls && inRange(ts, current.exit_ts)) {
    storeCall(event, ts, current.exit_ts, utid);
    next_call_id_++;
  } else {
    current.id = -1;
  }
  if (net_ && current.traits->moving != nullptr)
    followStreams(event, current, utid, next_payload_id_ > first_payload ? first_payload : 0);
  if (net_ && current.traits->wait == WaitCall::poll) followErrors(event, current, utid);
}

void LoadPass::followStreams(const SyscallEvent& event, const CurrentCall& current, Utid utid,
                             int64_t first_payload) {
  MovingCallFacts facts;
  facts.ts = current.enter_ts;
  facts.exit_ts = current.exit_ts;
  facts.utid = utid;
  facts.upid = tasks_.thread(utid).upid;
  facts.syscall_id = std::max<int64_t>(current.id, 0);
  facts.first_payload = first_payload;
  net_->streams().call(event, *current.traits->moving, facts);
}

void LoadPass::followErrors(const SyscallEvent& event, const CurrentCall& current, Utid utid) {
  constexpr uint64_t kPollError = 0x8;                      // POLLERR
  if (!current.traits->name.text.starts_with("p")) return;  // select only says that there is something
  for (const ObjectRef& object : event.objects) {
    if (object.role != ObjectRole::ready || (object.ready_data & kPollError) == 0) continue;
    MovingCallFacts facts;
    facts.ts = current.enter_ts;
    facts.exit_ts = current.exit_ts;
    facts.utid = utid;
    facts.upid = tasks_.thread(utid).upid;
    net_->streams().reported(object.resource, facts);
  }
}

void LoadPass::storeCall(const SyscallEvent& event, int64_t ts, int64_t exit_ts, Utid utid) {
  tables::SyscallRow row;
  objects_.clear();
  calls_.convert(event, next_call_id_, ts, utid, row, objects_);
  queue_.push(row, exit_ts, options_.syscall_args ? args_.all(event) : std::string());
  if (options_.syscall_args) storeArgs(event);
  for (const tables::SyscallObjectRow& object : objects_) into_->object.insert(object);
  if (options_.payloads && !event.payloads.empty()) storePayloads(event, ts, utid, row.resource_id);
  if (remains_ != nullptr) remains_->locators.push_back(event.locator);
}

void LoadPass::storeArgs(const SyscallEvent& event) {
  const SyscallSpec* spec = findSyscall(event.abi, event.nr);
  tables::SyscallArgRow row;
  row.syscall_id = next_call_id_;
  const int count = spec != nullptr ? spec->arg_count : kMaxArgs;
  for (int i = 0; i < count; i++) {
    row.idx = i;
    if (spec != nullptr) {
      row.name = Label(spec->args[static_cast<size_t>(i)].name);
      row.type = Label(argumentTypeName(spec->args[static_cast<size_t>(i)].type));
    }
    const std::string value = args_.one(event, i);
    row.value = value;
    into_->arg.insert(row);
  }
}

void LoadPass::storePayloads(const SyscallEvent& event, int64_t ts, Utid utid, NullableInteger resource) {
  for (const PayloadRef& payload : event.payloads) {
    tables::PayloadRow row;
    row.id = next_payload_id_++;
    row.ts = ts;
    row.utid = utid;
    row.syscall_id = next_call_id_;
    row.resource_id = resource;
    row.direction = Label(payload.direction == PayloadDirection::in ? "in" : "out");
    row.length = static_cast<int64_t>(payload.length);
    static constexpr uint8_t kNothing = 0;
    row.data = payload.data.empty() ? Bytes(&kNothing, 0) : payload.data;
    row.arg = payload.arg;
    row.part = payload.part;
    into_->payload.insert(row);
    counts_.payload_bytes += static_cast<int64_t>(payload.data.size());
  }
}

// ---- the end ----------------------------------------------------------------------------------

// Where the file ends early, blocks of calls can be there whose time the open blocks of switches and wake-ups
// would have covered.
int64_t LoadPass::schedulingKnownUntil() const {
  const std::optional<Trailer>& trailer = reader_.trailer();
  if (!trailer) return std::max(last_scheduling_ts_, end_ts_ - kLongestUnwrittenNs);
  if (trailer->reason == EndReason::max_size || trailer->reason == EndReason::error)
    return last_scheduling_ts_;
  return INT64_MAX;
}

Database LoadPass::finish() {
  const std::optional<Trailer>& trailer = reader_.trailer();
  if (trailer && trailer->end.boottime_ns != 0)
    end_ts_ = std::max(end_ts_, toTrace(trailer->end.boottime_ns));
  end_ts_ = std::max(end_ts_, toTrace(reader_.endNs()));
  states_.finish(end_ts_, schedulingKnownUntil());
  if (net_) net_->finish(end_ts_);
  command_start_.release([this](const ThreadState& held) { storeState(held); });
  queue_.releaseAll([this](const tables::SyscallRow& row) { into_->syscall.insert(row); });
  // Of a choice of calls the others are missing in the count.
  if (reader_.header().calls.empty()) counts_.lost_calls = numbers_.lost();
  into_->finish();
  into_states_->finish();
  Database db = image_.open();
  // What is freed need not be overwritten (secure_delete is on in some builds of SQLite).
  db.execute("PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF; BEGIN");
  storeLateChanges(db);
  storeTasks(db);
  storeResources(db);
  const bool all_calls = recordsAllCalls(reader_.header()) && counts_.lost_calls == 0;
  sockets_.store(db, tasks_, waits_.verdicts(), all_calls);
  if (net_) net_->store(db, options_.from_ns, options_.to_ns);
  storeFacts(db, reader_, end_ts_, counts_, states_.counts(), rootProcess());
  db.execute("COMMIT");
  return db;
}

void LoadPass::storeLateChanges(Database& db) {
  Inserter<tables::kFrame> frame(db);
  for (const tables::FrameRow& row : frames_) frame.insert(row);
  Statement blocked = db.prepare("UPDATE main.syscall SET blocked_ns = blocked_ns + ?2 WHERE id = ?1");
  for (const auto& [id, ns] : queue_.late()) blocked.bind(1, id).bind(2, ns).run();
  into_states_->settle(waits_.verdicts(), db);
}

}  // namespace tarry::analysis
