#include "recorder/raw_encoder.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "format/polled_set.h"
#include "recorder/host_info.h"
#include "recorder/raw_records.h"

namespace tarry {

namespace {

// A record's head, where the record is long enough; rings hold records at multiples of 8 bytes.
template <class Record>
const Record* as(std::span<const uint8_t> bytes) {
  return bytes.size() < sizeof(Record) ? nullptr : reinterpret_cast<const Record*>(bytes.data());
}

// include/linux/sched.h
constexpr uint32_t kInterruptible = 0x1;
constexpr uint32_t kUninterruptible = 0x2;
constexpr uint32_t kStopped = 0x4;
constexpr uint32_t kTraced = 0x8;
constexpr uint32_t kExitDead = 0x10;
constexpr uint32_t kExitZombie = 0x20;
constexpr uint32_t kParked = 0x40;
constexpr uint32_t kDead = 0x80;
constexpr uint32_t kNoLoad = 0x400;

constexpr int32_t kX32Bit = 0x40000000;  // arch/x86/include/uapi/asm/unistd.h

constexpr size_t kEnterDataPerThread = 64;
constexpr size_t kMostMoreBytes = size_t{64} << 20U;  // in further records of calls, of all threads
constexpr size_t kKeptCapacity = 64 * 1024;
constexpr size_t kCachedStacks = 64 * 1024;
constexpr size_t kTlsSessions = 16 * 1024;
constexpr size_t kPiecedPlaintexts = 64;  // at once, of at most 4 MiB each

}  // namespace

TaskState taskState(uint32_t bits) {
  if ((bits & static_cast<uint32_t>(STATE_RECORDER)) != 0) return TaskState::recorder;
  if ((bits & STATE_UNSEEN) != 0) return TaskState::unknown;
  if ((bits & (kDead | kExitDead | kExitZombie)) != 0) return TaskState::dead;
  if ((bits & kStopped) != 0) return TaskState::stopped;
  if ((bits & kTraced) != 0) return TaskState::traced;
  if ((bits & kParked) != 0) return TaskState::parked;
  if ((bits & kUninterruptible) != 0) {
    return (bits & kNoLoad) != 0 ? TaskState::idle : TaskState::uninterruptible;
  }
  if ((bits & kInterruptible) != 0) return TaskState::sleeping;
  return bits == 0 ? TaskState::runnable : TaskState::uninterruptible;  // rt locks, frozen
}

void RawEncoder::encode(const RawBatch& batch, TraceWriter& writer, int64_t now_ns) {
  forEachRecord(batch.definitions, [&](Bytes record) { definition(record, writer); });
  waiting_.clear();
  for (const std::vector<uint8_t>& ring : batch.events) {
    forEachRecord(ring, [&](Bytes record) { event(record, writer); });
  }
  for (const Bytes record : waiting_) anyCall(record, writer, true);
  waiting_.clear();
  rest_.nextBatch();
  for (const uint32_t thread : threads_.forgetEnded(now_ns, writer)) {
    const auto ended = enter_data_.find(thread);
    if (ended == enter_data_.end()) continue;
    for (EnterData& data : ended->second) release(data);
    enter_data_.erase(ended);
  }
  resources_.tick(now_ns, writer);
}

void RawEncoder::definition(Bytes record, TraceWriter& writer) {
  if (record.empty()) return;
  switch (record[0]) {
    case RT_THREAD:
      if (const auto* thread = as<rec_thread>(record)) threads_.define(*thread, writer);
      break;
    case RT_RESOURCE: resources_.define(record); break;
    case RT_CGROUP: threads_.defineCgroup(record); break;
    case RT_FORK:
      if (const auto* fork = as<rec_fork>(record)) threads_.fork(*fork, writer);
      break;
    case RT_EXEC: threads_.exec(record, writer); break;
    case RT_COMM:
      if (const auto* comm = as<rec_comm>(record)) threads_.rename(*comm, writer);
      break;
    case RT_EXIT:
      if (const auto* exit = as<rec_exit>(record)) threads_.exit(*exit, writer);
      break;
    case RT_BLOCKED:
      if (const auto* state = as<rec_blocked>(record)) blocked(*state, writer);
      break;
    case RT_OPEN_FD:
      if (const auto* open = as<rec_open_fd>(record)) {
        const OpenFd fd{threads_.find(open->process), open->fd, resources_.use(open->resource, writer)};
        if (fd.process && fd.resource) writer.add(fd);
      }
      break;
    case RT_EPOLL_MEMBER:
      if (const auto* one = as<rec_epoll_member>(record)) {
        const EpollMember member{threads_.find(one->process), one->epoll_fd, one->fd,
                                 resources_.use(one->resource, writer), one->data};
        if (member.process) writer.add(member);
      }
      break;
    case RT_SOCKET:
      if (const auto* one = as<rec_socket_event>(record)) socket(*one, writer);
      break;
    case RT_LOSS:
      if (const auto* lost = as<rec_loss>(record)) loss(*lost, writer);
      break;
    case RT_RELEASED:
      if (const auto* task = as<rec_released>(record)) threads_.released(task->thread);
      break;
    default: break;
  }
}

void RawEncoder::event(Bytes record, TraceWriter& writer) {
  if (record.empty()) return;
  switch (record[0]) {
    case RT_ENTER_DATA: enterData(record, writer); break;
    case RT_REST: rest(record, writer); break;
    case RT_CALL:
    case RT_SHORT_CALL:
      if (!anyCall(record, writer, false)) waiting_.push_back(record);
      break;
    case RT_SWITCH_IN:
      if (const auto* in = as<rec_switch_in>(record)) switchIn(*in, writer);
      break;
    case RT_SWITCH_OUT: switchOut(record, writer); break;
    case RT_WAKE: wake(record, writer); break;
    case RT_SIGNAL:
      if (const auto* sent = as<rec_signal>(record)) signal(*sent, writer);
      break;
    case RT_SOCKET:
      if (const auto* one = as<rec_socket_event>(record)) socket(*one, writer);
      break;
    case RT_PLAINTEXT: plaintext(record, writer); break;
    case RT_PACKET: packet(record, writer); break;
    default: break;
  }
}

// ---- system calls -------------------------------------------------------------------------------

void RawEncoder::enterData(Bytes bytes, TraceWriter& writer) {
  const auto* record = as<rec_enter_data>(bytes);
  if (record == nullptr) return;
  const Bytes parts = bytes.subspan(sizeof(rec_enter_data));
  EnterData* same = findEnterData(record->thread, record->call_seq);
  EnterData& data = same != nullptr ? *same : freeEnterData(record->thread);
  data.call_seq = record->call_seq;
  if (record->place != PARTS_FIRST) {
    if (more_bytes_ + parts.size() > kMostMoreBytes) return lostPayload(record->thread, writer);
    data.more_bytes += parts.size();
    more_bytes_ += parts.size();
  }
  // An execve tells of its path a second time where that could not be read at first.
  std::vector<uint8_t>& to = record->place == PARTS_AT_EXIT ? data.at_exit : data.parts;
  to.insert(record->place == PARTS_FIRST ? to.begin() : to.end(), parts.begin(), parts.end());
}

void RawEncoder::release(EnterData& data) {
  more_bytes_ -= data.more_bytes;
  for (std::vector<uint8_t>* parts : {&data.parts, &data.at_exit}) {
    parts->clear();
    if (parts->capacity() > kKeptCapacity) parts->shrink_to_fit();
  }
  data.more_bytes = 0;
  data.call_seq = 0;
}

void RawEncoder::lostPayload(uint32_t thread, TraceWriter& writer) {
  LossEvent event;
  event.ts_ns = bootTimeNs();
  event.source = LossSource::payload;
  event.thread = threads_.find(thread);
  event.count = 1;
  writer.add(event);
}

void RawEncoder::rest(Bytes bytes, TraceWriter& writer) {
  const auto* record = as<rec_rest>(bytes);
  if (record == nullptr || rest_.add(*record, bytes.subspan(sizeof(rec_rest)))) return;
  lostPayload(record->thread, writer);
}

// A thread that moves between CPUs may have several in one batch, whose calls come in another ring.
// What is left of calls whose record was lost makes way in the end.
RawEncoder::EnterData& RawEncoder::freeEnterData(uint32_t thread) {
  std::vector<EnterData>& all = enter_data_[thread];
  auto free = std::find_if(all.begin(), all.end(), [](const EnterData& one) { return one.call_seq == 0; });
  if (free != all.end()) return *free;
  if (all.size() < kEnterDataPerThread) return all.emplace_back();
  EnterData& oldest = *std::min_element(
      all.begin(), all.end(), [](const EnterData& a, const EnterData& b) { return a.call_seq < b.call_seq; });
  release(oldest);
  return oldest;
}

RawEncoder::EnterData* RawEncoder::findEnterData(uint32_t thread, uint32_t call_seq) {
  const auto it = enter_data_.find(thread);
  if (it == enter_data_.end() || call_seq == 0) return nullptr;
  const auto found = std::find_if(it->second.begin(), it->second.end(),
                                  [call_seq](const EnterData& one) { return one.call_seq == call_seq; });
  return found == it->second.end() ? nullptr : &*found;
}

void RawEncoder::addParts(Bytes parts, TraceWriter& writer) {
  while (parts.size() >= sizeof(rec_part)) {
    rec_part head{};
    std::memcpy(&head, parts.data(), sizeof(head));
    parts = parts.subspan(sizeof(head));
    if (head.len > parts.size()) return;
    const Bytes data = parts.first(head.len);
    if (head.kind == PART_STRING) {
      std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
      if ((head.flags & PART_LIST) == 0 && text.ends_with('\0')) text.remove_suffix(1);
      if (text.starts_with('/')) absolute_args_ = static_cast<uint8_t>(absolute_args_ | 1U << head.arg);
      strings_.push_back({head.arg, writer.intern(text), (head.flags & PART_TRUNCATED) != 0});
    } else if (head.kind == PART_READY && data.size() == sizeof(part_ready)) {
      part_ready ready{};
      std::memcpy(&ready, data.data(), sizeof(ready));
      objects_.push_back({ObjectRole::ready, ready.fd, resources_.use(ready.resource, writer), ready.data});
    } else if (head.kind == PART_ROOT && data.size() == sizeof(part_root)) {
      part_root root{};
      std::memcpy(&root, data.data(), sizeof(root));
      root_ = root.resource;
    } else if (head.kind == PART_PAYLOAD) {
      PayloadRef payload;
      payload.arg = head.arg;
      payload.part = head.index;
      payload.direction = (head.flags & PART_OUT) != 0 ? PayloadDirection::out : PayloadDirection::in;
      payload.length = head.full_len;
      payload.data = data;
      payloads_.push_back(payload);
    }
    parts = parts.subspan(std::min((size_t{head.len} + 7) & ~size_t{7}, parts.size()));
  }
}

namespace {

rec_call atLength(const rec_short_call& brief) {
  rec_call record{};
  record.abi = brief.abi;
  record.flags = CALL_ENTER_DATA;
  record.thread = record.data_thread = brief.thread;
  record.call_seq = record.data_seq = brief.call_seq;
  const int32_t nr = brief.nr & ~SHORT_HAS_DATA;
  record.nr = brief.abi == ABI_X32 ? nr | kX32Bit : nr;
  record.enter_ns = brief.enter_ns;
  record.dur_ns = brief.dur_ns;
  record.ret = brief.ret;
  std::copy(std::begin(brief.args), std::end(brief.args), std::begin(record.args));
  record.res[RES_FIRST] = brief.resource;
  return record;
}

}  // namespace

bool RawEncoder::anyCall(Bytes bytes, TraceWriter& writer, bool last_chance) {
  if (const auto* record = as<rec_call>(bytes); record != nullptr && record->type == RT_CALL)
    return call(*record, bytes.subspan(sizeof(rec_call)), writer, last_chance);
  const auto* brief = as<rec_short_call>(bytes);
  if (brief == nullptr || brief->type != RT_SHORT_CALL) return true;
  if ((brief->nr & SHORT_HAS_DATA) != 0) return call(atLength(*brief), {}, writer, last_chance);
  shortCall(*brief, writer);
  return true;
}

bool RawEncoder::call(const rec_call& record, Bytes parts, TraceWriter& writer, bool last_chance) {
  SyscallEvent event;
  event.thread = threads_.find(record.thread);
  if (!event.thread) return true;
  objects_.clear();
  strings_.clear();
  payloads_.clear();
  absolute_args_ = 0;
  root_ = 0;
  EnterData* data = nullptr;
  if ((record.flags & (CALL_ENTER_DATA | CALL_EXIT_DATA)) != 0) {
    data = findEnterData(record.data_thread, record.data_seq);
    const bool entered = data != nullptr && !data->parts.empty();
    if ((record.flags & CALL_ENTER_DATA) != 0 && !entered && !last_chance) return false;
    if (data != nullptr && wanted(record.abi, record.nr)) {
      addParts(data->parts, writer);
      addParts(data->at_exit, writer);
    }
  }
  if (!wanted(record.abi, record.nr)) {
    if (data != nullptr) release(*data);
    return true;
  }
  event.call_seq = record.call_seq;
  event.enter_ns = static_cast<int64_t>(record.enter_ns);
  event.dur_ns = static_cast<int64_t>(record.dur_ns);
  event.abi = static_cast<Abi>(record.abi);
  event.nr = record.nr;
  event.ret = record.ret;
  event.flags.unfinished = (record.flags & CALL_UNFINISHED) != 0;
  event.flags.no_enter = (record.flags & CALL_NO_ENTER) != 0;
  const CallShape* shape = plan_.find(record.abi, record.nr);
  fillArgs(record.args, shape, event);
  addParts(parts, writer);
  if (record.ret > 0)
    rest_.take(record.thread, record.call_seq, static_cast<uint64_t>(record.ret), payloads_);
  if (shape != nullptr) addObjects(record, *shape, writer);
  event.objects = objects_;
  event.strings = strings_;
  event.payloads = payloads_;
  writer.add(event);
  if (data != nullptr) release(*data);
  return true;
}

void RawEncoder::shortCall(const rec_short_call& record, TraceWriter& writer) {
  SyscallEvent event;
  event.thread = threads_.find(record.thread);
  if (!event.thread) return;
  event.call_seq = record.call_seq;
  event.enter_ns = static_cast<int64_t>(record.enter_ns);
  event.dur_ns = static_cast<int64_t>(record.dur_ns);
  event.abi = static_cast<Abi>(record.abi);
  event.nr = record.abi == ABI_X32 ? record.nr | kX32Bit : record.nr;
  if (!wanted(record.abi, event.nr)) return;
  event.ret = record.ret;
  const CallShape* shape = plan_.find(record.abi, record.nr);
  fillArgs(record.args, shape, event);
  ObjectRef object;
  const uint8_t arg = shape != nullptr ? shape->plan.fd_arg[0] : uint8_t{NO_ARG};
  if (arg < std::size(record.args) && static_cast<int32_t>(record.args[arg]) >= 0) {
    object.role = static_cast<ObjectRole>(arg);
    object.fd = static_cast<int32_t>(record.args[arg]);
    object.resource = resources_.use(record.resource, writer);
    event.objects = {&object, 1};
  }
  writer.add(event);
}

// Pointers that mean nothing are left out; what the kernel side did not send does not exist.
void RawEncoder::fillArgs(std::span<const __u64> args, const CallShape* shape, SyscallEvent& event) {
  const size_t count = std::min<size_t>(shape != nullptr ? shape->arg_count : kMaxArgs, args.size());
  for (size_t i = 0; i < kMaxArgs; ++i) {
    const uint64_t value = i < count ? args[i] : 0;
    const bool kept = value == 0 || shape == nullptr || (shape->keep_mask >> i & 1) != 0;
    if (!kept) continue;
    event.arg_mask = static_cast<uint8_t>(event.arg_mask | 1U << i);
    event.args[i] = static_cast<int64_t>(value);
  }
}

void RawEncoder::addObject(ObjectRole role, int64_t fd, uint32_t resource, TraceWriter& writer) {
  objects_.push_back({role, static_cast<int32_t>(fd), resources_.use(resource, writer), 0});
}

// A path that had to be read at the exit, for the page was not in memory before, may have turned out to
// be of the other kind. Where it is not known it counts as relative.
RawEncoder::PathKinds RawEncoder::pathKinds(const call_plan& plan) const {
  PathKinds kinds;
  for (const plan_item& item : std::span(plan.item).first(plan.items)) {
    if (item.what != ITEM_STRING || item.size != STRING_IS_PATH) continue;
    ((absolute_args_ >> item.arg & 1) != 0 ? kinds.absolute : kinds.relative) = true;
  }
  if (!kinds.absolute) kinds.relative = true;
  return kinds;
}

void RawEncoder::addObjects(const rec_call& record, const CallShape& shape, TraceWriter& writer) {
  const call_plan& plan = shape.plan;
  for (size_t slot = 0; slot < 2; ++slot) {
    const uint8_t arg = plan.fd_arg[slot];
    if (arg >= kMaxArgs) continue;
    const auto fd = static_cast<int32_t>(record.args[arg]);
    if (fd >= 0) addObject(static_cast<ObjectRole>(arg), fd, record.res[slot], writer);
  }
  if ((plan.flags & PLAN_PAIR) != 0) {
    const auto fds = std::find_if(payloads_.begin(), payloads_.end(), [&plan](const PayloadRef& payload) {
      return payload.arg == plan.pair_arg && payload.data.size() >= 2 * sizeof(int32_t);
    });
    if (record.ret == 0 && fds != payloads_.end()) {
      int32_t pair[2];
      std::memcpy(pair, fds->data.data(), sizeof(pair));
      addObject(ObjectRole::returned, pair[0], record.res[RES_RETURNED], writer);
      addObject(ObjectRole::returned2, pair[1], record.res[RES_CWD], writer);
    }
    return;
  }
  if (record.res[RES_RETURNED] != 0)
    addObject(ObjectRole::returned, record.ret, record.res[RES_RETURNED], writer);
  if (record.res[RES_CWD] == 0 && root_ == 0) return;
  const PathKinds paths = pathKinds(plan);
  if (record.res[RES_CWD] != 0 && paths.relative) {
    addObject(ObjectRole::cwd, AT_FDCWD, record.res[RES_CWD], writer);
  }
  if (root_ != 0 && paths.absolute) addObject(ObjectRole::root, -1, root_, writer);
}

// ---- scheduling ---------------------------------------------------------------------------------

// More than are named, or one that is not known: nothing is said.
void RawEncoder::fillPolled(const rec_polled& polled, PendingCall& call, TraceWriter& writer) {
  call.resource = {};
  const size_t count = std::min<size_t>(polled.count, POLLED_MAX);
  std::array<PolledObject, POLLED_MAX> objects;
  for (size_t i = 0; i < count; ++i) {
    const Resource* one = resources_.describe(polled.resources[i]);
    if (one != nullptr) objects[i] = {one->kind, one->listening};
  }
  const auto choice = choosePolled(std::span(objects).first(count));
  if (!choice) return;
  call.resource = resources_.use(polled.resources[choice->index], writer);
  if (call.resource) call.polled = choice->set;
}

PendingCall RawEncoder::pending(const rec_pending& record, const rec_polled* polled, TraceWriter& writer) {
  PendingCall call;
  call.abi = static_cast<Abi>(record.abi);
  call.nr = record.nr;
  call.resource = resources_.use(record.resource, writer);
  if (record.nr < 0) return call;
  const CallShape* shape = plan_.find(record.abi, record.nr);
  if (polled != nullptr) fillPolled(*polled, call, writer);
  const size_t count = shape != nullptr ? shape->arg_count : size_t{kMaxArgs};
  for (size_t i = 0; i < count; ++i) call.args[i] = static_cast<int64_t>(record.args[i]);
  return call;
}

void RawEncoder::switchIn(const rec_switch_in& record, TraceWriter& writer) {
  SwitchEvent event;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = threads_.find(record.thread);
  event.cpu = record.cpu;
  event.in = true;
  if (event.thread) writer.add(event);
}

void RawEncoder::switchOut(Bytes bytes, TraceWriter& writer) {
  constexpr size_t kShort = offsetof(rec_switch_out, pending);
  if (bytes.size() < kShort) return;
  const auto* record = reinterpret_cast<const rec_switch_out*>(bytes.data());
  SwitchEvent event;
  event.ts_ns = static_cast<int64_t>(record->ts_ns);
  event.thread = threads_.find(record->thread);
  if (!event.thread) return;
  event.cpu = record->cpu;
  event.state = taskState(record->state);
  event.in_iowait = (record->flags & SWITCH_IOWAIT) != 0;
  event.throttled = (record->flags & SWITCH_THROTTLED) != 0;
  if (bytes.size() >= sizeof(rec_switch_out)) {
    const auto* with_set = as<rec_switch_out_polled>(bytes);
    event.pending = pending(record->pending, with_set != nullptr ? &with_set->polled : nullptr, writer);
  }
  writer.add(event);
  if (event.state == TaskState::dead) threads_.ended(record->thread);
}

void RawEncoder::blocked(const rec_blocked& record, TraceWriter& writer) {
  LifeEvent event;
  event.kind = LifeKind::blocked;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = threads_.find(record.thread);
  event.state = taskState(record.state);
  event.pending = pending(record.pending, record.polled.count > 0 ? &record.polled : nullptr, writer);
  if (event.thread) writer.add(event);
}

void RawEncoder::wake(Bytes bytes, TraceWriter& writer) {
  const auto* record = as<rec_wake>(bytes);
  if (record == nullptr) return;
  WakeEvent event;
  event.ts_ns = static_cast<int64_t>(record->ts_ns);
  event.thread = threads_.find(record->thread);
  if (!event.thread) return;
  event.is_new = record->is_new != 0;
  event.context = static_cast<WakerContext>(record->context);
  event.waker = threads_.find(record->waker);
  event.waker_call.abi = static_cast<Abi>(record->abi);
  event.waker_call.nr = record->nr;
  event.waker_call.resource = resources_.use(record->resource, writer);
  const Bytes addresses = bytes.subspan(sizeof(rec_wake));
  const size_t depth = std::min<size_t>(record->stack_depth, addresses.size() / sizeof(uint64_t));
  if (depth > 0) event.kernel_stack = stack(addresses.first(depth * sizeof(uint64_t)), writer);
  writer.add(event);
}

void RawEncoder::signal(const rec_signal& record, TraceWriter& writer) {
  SignalEvent event;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = threads_.find(record.thread);
  if (!event.thread) return;
  event.sender = threads_.find(record.sender);
  event.kind = static_cast<SignalKind>(record.event);
  event.action = static_cast<SignalAction>(record.action);
  event.signo = record.info.signo;
  event.error = record.info.error;
  event.code = record.info.code;
  std::copy(std::begin(record.info.fields), std::end(record.info.fields), event.fields.begin());
  writer.add(event);
}

void RawEncoder::socket(const rec_socket_event& record, TraceWriter& writer) {
  static_assert(kTcpFacts.size() == SOCKET_FACTS_COUNT);
  SocketEvent event;
  event.ts_ns = static_cast<int64_t>(record.ts_ns);
  event.thread = threads_.find(record.thread);
  event.kind = static_cast<SocketEventKind>(record.kind);
  event.state = static_cast<TcpState>(record.state);
  event.socket = record.socket;
  event.error = record.error;
  // A port is given to a connecting socket only after it has told of that.
  if (record.ends.local_port != 0) event.resource = resources_.useSocket(record.inode, record.ends, writer);
  event.has_facts = record.has_facts != 0;
  for (size_t i = 0; event.has_facts && i < kTcpFacts.size(); ++i)
    event.facts.*kTcpFacts[i] = record.facts[i];
  writer.add(event);
}

void RawEncoder::plaintext(Bytes bytes, TraceWriter& writer) {
  const auto* record = as<rec_plaintext>(bytes);
  if (record == nullptr) return;
  PlaintextEvent event;
  event.thread = threads_.find(record->thread);
  if (!event.thread) return;
  event.ts_ns = static_cast<int64_t>(record->ts_ns);
  event.dur_ns = static_cast<int64_t>(record->dur_ns);
  event.direction = record->what == TLS_SENT ? PayloadDirection::in : PayloadDirection::out;
  event.library = static_cast<TlsLibrary>(record->library);
  event.session = record->session;
  event.result = record->result;
  event.length = record->length;
  event.resource = socketBelow(*record, writer);
  if (record->what == TLS_HANDSHAKE) return;
  const Bytes data = bytes.subspan(sizeof(rec_plaintext));
  event.data = data.first(std::min<size_t>(record->data_len, data.size()));
  if (record->offset == 0 && record->more == 0) return writer.add(event);
  // Pieces come in order, those of different threads mixed. Behind one that could not be read nothing
  // follows.
  std::vector<uint8_t>& whole = plaintext_pieces_[record->thread];
  if (record->offset == 0) whole.clear();
  if (whole.size() == record->offset) whole.insert(whole.end(), event.data.begin(), event.data.end());
  if (record->more != 0) {
    if (plaintext_pieces_.size() > kPiecedPlaintexts) plaintext_pieces_.erase(plaintext_pieces_.begin());
    return;
  }
  event.data = whole;
  writer.add(event);
  plaintext_pieces_.erase(record->thread);
}

void RawEncoder::packet(Bytes bytes, TraceWriter& writer) {
  const auto* record = as<rec_packet>(bytes);
  if (record == nullptr) return;
  PacketEvent event;
  event.ts_ns = static_cast<int64_t>(record->ts_ns);
  event.thread = threads_.find(record->thread);
  event.resource = resources_.use(record->resource, writer);
  event.direction = record->sent != 0 ? PacketDirection::sent : PacketDirection::received;
  event.link = static_cast<PacketLink>(record->link);
  event.interface_index = record->interface;
  event.interface_name = writer.intern({record->name, ::strnlen(record->name, sizeof(record->name))});
  event.length = record->length;
  const Bytes data = bytes.subspan(sizeof(rec_packet));
  event.data = data.first(std::min<size_t>(record->data_len, data.size()));
  writer.add(event);
}

// The last call within was on it; or, where the library had all it needed or the last call was about
// something else, it is that of the session's call before. Handshakes are such calls: a server may have read
// the first request with the end of one, and the session's address may be that of an earlier one.
ResourceId RawEncoder::socketBelow(const rec_plaintext& record, TraceWriter& writer) {
  const auto carries = [this](uint32_t id) {
    const Resource* what = resources_.describe(id);
    if (what == nullptr) return false;
    return what->kind == ResourceKind::socket || what->kind == ResourceKind::unix_socket ||
           what->kind == ResourceKind::pipe || what->kind == ResourceKind::fifo;
  };
  const std::pair<uint32_t, uint64_t> session{record.leader, record.session};
  if (carries(record.resource)) {
    if (tls_sockets_.size() >= kTlsSessions) tls_sockets_.clear();
    tls_sockets_[session] = record.resource;
    return resources_.use(record.resource, writer);
  }
  const auto known = tls_sockets_.find(session);
  return known == tls_sockets_.end() ? ResourceId{} : resources_.use(known->second, writer);
}

void RawEncoder::readSymbolsAhead() {
  // either: the library may put it off where no thread can be made
  coming_symbols_ = std::async(std::launch::async | std::launch::deferred, [] { return KernelSymbols(); });
}

const KernelSymbols& RawEncoder::symbols() {
  if (!symbols_) symbols_ = coming_symbols_.valid() ? coming_symbols_.get() : KernelSymbols();
  return *symbols_;
}

StackId RawEncoder::stack(Bytes addresses, TraceWriter& writer) {
  const std::string key(reinterpret_cast<const char*>(addresses.data()), addresses.size());
  if (stacks_epoch_ != writer.epoch() || stacks_.size() > kCachedStacks) {
    stacks_.clear();
    frames_.clear();
    stacks_epoch_ = writer.epoch();
  }
  const auto known = stacks_.find(key);
  if (known != stacks_.end()) return known->second;
  std::vector<FrameId> frames;
  for (size_t at = 0; at < addresses.size(); at += sizeof(uint64_t)) {
    Frame frame;
    std::memcpy(&frame.address, addresses.data() + at, sizeof(frame.address));
    if (frame.address == 0) break;
    FrameId& id = frames_[frame.address];
    if (!id) {
      const KernelSymbols::Symbol symbol = symbols().find(frame.address);
      frame.symbol = writer.intern(symbol.name);
      frame.module = writer.intern(symbol.module);
      frame.offset = symbol.offset;
      id = writer.internFrame(frame);
    }
    frames.push_back(id);
  }
  const StackId id = writer.internStack(true, frames);
  stacks_.emplace(key, id);
  return id;
}

void RawEncoder::loss(const rec_loss& record, TraceWriter& writer) {
  LossEvent event;
  event.ts_ns = static_cast<int64_t>(record.first_ns);
  event.dur_ns = static_cast<int64_t>(record.last_ns - record.first_ns);
  event.source = static_cast<LossSource>(record.source);
  event.thread = threads_.find(record.thread);
  event.count = record.count;
  writer.add(event);
}

}  // namespace tarry
