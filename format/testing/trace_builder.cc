#include "format/testing/trace_builder.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

#include "format/syscall_table.h"

namespace tarry::testing {
namespace {

class MemorySink : public ByteSink {
 public:
  explicit MemorySink(std::vector<uint8_t>& bytes) : bytes_(bytes) {}
  void append(std::span<const uint8_t> bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

 private:
  std::vector<uint8_t>& bytes_;
};

// Tests of hostile traces put any number into a time: sums go around instead of overflowing.
int64_t wrappingSum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

int64_t onClock(int64_t ts_ns) {
  return wrappingSum(ts_ns, TraceBuilder::kStartNs);
}

int32_t numberOf(Abi abi, std::string_view name) {
  const SyscallSpec* spec = findSyscall(abi, name);
  if (spec == nullptr) throw std::invalid_argument("TraceBuilder: no system call " + std::string(name));
  return spec->nr;
}

std::array<int64_t, kMaxArgs> argsOf(const CallSpec& spec) {
  std::array<int64_t, kMaxArgs> args{};
  std::copy_n(spec.args.begin(), std::min<size_t>(spec.args.size(), kMaxArgs), args.begin());
  return args;
}

std::array<uint8_t, 16> ipv4(std::string_view dotted) {
  std::array<uint8_t, 16> address{};
  if (inet_pton(AF_INET, std::string(dotted).c_str(), address.data()) != 1) {
    throw std::invalid_argument("TraceBuilder: no IPv4 address: " + std::string(dotted));
  }
  return address;
}

}  // namespace

std::unique_ptr<ByteSink> memorySink(std::vector<uint8_t>& bytes) {
  return std::make_unique<MemorySink>(bytes);
}

// A call with what its spans point to.
struct TraceBuilder::OwnedCall {
  SyscallEvent event;
  std::vector<ObjectRef> objects;
  std::vector<StringArg> strings;
  std::vector<std::vector<uint8_t>> data;
  std::vector<PayloadRef> payloads;

  void addPayload(PayloadRef payload, std::span<const uint8_t> bytes) {
    data.emplace_back(bytes.begin(), bytes.end());
    payload.data = data.back();
    payloads.push_back(payload);
  }
  void linkSpans() {
    event.objects = objects;
    event.strings = strings;
    event.payloads = payloads;
  }
};

SignalEvent signalFrom(int32_t signo, int32_t pid, uint32_t uid, int32_t code) {
  SignalEvent event;
  event.action = SignalAction::by_default;
  event.signo = signo;
  event.code = code;
  event.fields[0] = static_cast<uint32_t>(pid) | uint64_t{uid} << 32;
  return event;
}

// ---- scripts ----------------------------------------------------------------------------------

ThreadScript& ThreadScript::at(int64_t ts_ns) {
  now_ = ts_ns;
  return *this;
}

ThreadScript& ThreadScript::onCpu(uint16_t cpu) {
  cpu_ = cpu;
  return *this;
}

ThreadScript& ThreadScript::runsFor(int64_t dur_ns) {
  now_ += dur_ns;
  return *this;
}

PendingCall ThreadScript::pendingIn(std::string_view name, const CallSpec& spec) const {
  PendingCall pending;
  pending.abi = spec.abi;
  pending.nr = numberOf(spec.abi, name);
  pending.args = argsOf(spec);
  for (const ObjectSpec& object : spec.objects) {
    if (object.role < kMaxArgs) {
      pending.resource = object.resource;
      break;
    }
  }
  return pending;
}

void ThreadScript::recordCall(std::string_view name, const CallSpec& spec, int64_t enter_ns, int64_t dur_ns) {
  ++seq_;
  if (builder_.header_.level == Level::waits) return;
  auto call = std::make_unique<TraceBuilder::OwnedCall>();
  call->event.thread = def_.id;
  call->event.call_seq = seq_;
  call->event.enter_ns = enter_ns;
  call->event.dur_ns = dur_ns;
  call->event.abi = spec.abi;
  call->event.nr = numberOf(spec.abi, name);
  call->event.ret = spec.ret;
  call->event.arg_mask = spec.arg_mask;
  call->event.flags = spec.flags;
  call->event.args = argsOf(spec);
  call->event.user_stack = spec.user_stack;
  for (const ObjectSpec& object : spec.objects) {
    call->objects.push_back(
        {static_cast<ObjectRole>(object.role), object.fd, object.resource, object.ready_data});
  }
  for (const StringSpec& string : spec.strings) {
    call->strings.push_back({string.arg, builder_.text(string.text), string.truncated});
  }
  for (const PayloadSpec& payload : spec.payloads) {
    call->addPayload({.arg = payload.arg,
                      .part = payload.part,
                      .direction = payload.direction,
                      .length = payload.length != 0 ? payload.length : payload.data.size(),
                      .data = {}},
                     {reinterpret_cast<const uint8_t*>(payload.data.data()), payload.data.size()});
  }
  builder_.calls_.push_back(std::move(call));
}

ThreadScript& ThreadScript::call(std::string_view name, const CallSpec& spec, int64_t dur_ns) {
  recordCall(name, spec, now_, dur_ns);
  now_ += dur_ns;
  return *this;
}

void ThreadScript::switchOut(TaskState state, const PendingCall& pending, bool iowait, bool throttled) {
  SwitchEvent event;
  event.ts_ns = now_;
  event.thread = def_.id;
  event.cpu = cpu_;
  event.state = state;
  event.in_iowait = iowait;
  event.throttled = throttled;
  event.pending = pending;
  builder_.switches_.push_back(event);
}

void ThreadScript::switchIn() {
  SwitchEvent event;
  event.ts_ns = now_;
  event.thread = def_.id;
  event.cpu = cpu_;
  event.in = true;
  builder_.switches_.push_back(event);
}

void ThreadScript::wake() {
  WakeEvent event;
  event.ts_ns = now_;
  event.thread = def_.id;
  last_wake_ = builder_.wakes_.size();
  builder_.wakes_.push_back(event);
}

ThreadScript& ThreadScript::blocksIn(std::string_view name, const CallSpec& spec, int64_t dur_ns,
                                     int64_t runnable_ns) {
  const int64_t enter_ns = now_;
  switchOut(TaskState::sleeping, pendingIn(name, spec), false, false);
  now_ += dur_ns;
  wake();
  now_ += runnable_ns;
  switchIn();
  recordCall(name, spec, enter_ns, now_ - enter_ns);
  return *this;
}

ThreadScript& ThreadScript::blocksForEver(std::string_view name, const CallSpec& spec) {
  switchOut(TaskState::sleeping, pendingIn(name, spec), false, false);
  CallSpec unfinished = spec;
  unfinished.flags.unfinished = true;
  recordCall(name, unfinished, now_, 0);
  return *this;
}

ThreadScript& ThreadScript::sleepsIn(TaskState state, int64_t dur_ns, bool iowait, ResourceId resource) {
  PendingCall pending;
  pending.resource = resource;
  switchOut(state, pending, iowait, false);
  now_ += dur_ns;
  wake();
  switchIn();
  return *this;
}

ThreadScript& ThreadScript::wokenBy(const ThreadScript& waker, std::string_view waker_call,
                                    ResourceId resource) {
  WakeEvent& event = builder_.wakes_.at(last_wake_);
  event.context = WakerContext::thread;
  event.waker = waker.id();
  if (!waker_call.empty()) {
    event.waker_call.abi = Abi::x86_64;
    event.waker_call.nr = numberOf(Abi::x86_64, waker_call);
  }
  event.waker_call.resource = resource;
  return *this;
}

ThreadScript& ThreadScript::wokenBy(WakerContext context, ResourceId resource) {
  WakeEvent& event = builder_.wakes_.at(last_wake_);
  event.context = context;
  event.waker = {};
  event.waker_call.resource = resource;
  return *this;
}

ThreadScript& ThreadScript::kernelStack(StackId stack) {
  builder_.wakes_.at(last_wake_).kernel_stack = stack;
  return *this;
}

ThreadScript& ThreadScript::getsSignal(SignalEvent event) {
  event.ts_ns = now_;
  event.thread = def_.id;
  builder_.add(event);
  return *this;
}

ThreadScript& ThreadScript::socketEvent(SocketEvent event) {
  event.ts_ns = now_;
  event.thread = def_.id;
  builder_.add(event);
  return *this;
}

ThreadScript& ThreadScript::tls(PayloadDirection direction, std::string_view data, uint64_t session,
                                ResourceId resource, int64_t dur_ns) {
  PlaintextEvent event;
  event.ts_ns = now_;
  event.dur_ns = dur_ns;
  event.thread = def_.id;
  event.direction = direction;
  event.library = TlsLibrary::openssl;
  event.resource = resource;
  event.session = session;
  event.result = static_cast<int64_t>(data.size());
  event.length = data.size();
  event.data = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
  builder_.add(event);
  now_ += dur_ns;
  return *this;
}

ThreadScript& ThreadScript::preemptedFor(int64_t dur_ns, bool throttled) {
  switchOut(TaskState::runnable, {}, false, throttled);
  now_ += dur_ns;
  switchIn();
  return *this;
}

ThreadScript& ThreadScript::forks(std::string_view comm, int32_t pid) {
  ThreadDef def;
  def.id = builder_.newThreadId();
  def.tid = def.pid = def.ns_tid = def.ns_pid = pid;
  def.start_ns = now_;
  def.leader = def.id;
  def.creator = def_.id;
  def.ppid = def_.pid;
  def.comm = builder_.text(comm);
  def.recorded = true;
  ThreadScript& child = builder_.script(def, now_);
  builder_.add(LifeEvent{.kind = LifeKind::fork, .ts_ns = now_, .thread = def_.id, .other = def.id});
  child.wake();
  builder_.wakes_.back().is_new = true;
  builder_.wakes_.back().context = WakerContext::thread;
  builder_.wakes_.back().waker = def_.id;
  child.switchIn();
  return child;
}

ThreadScript& ThreadScript::startsThread(std::string_view comm, int32_t tid) {
  ThreadScript& child = forks(comm, tid);
  child.def_.pid = child.def_.ns_pid = def_.pid;
  child.def_.leader = def_.leader;
  child.def_.ppid = def_.ppid;
  builder_.threads_.pop_back();
  builder_.define(child.def_);
  return child;
}

ThreadScript& ThreadScript::execs(std::string_view exe, std::initializer_list<std::string_view> argv) {
  std::string cmdline;
  for (std::string_view word : argv) cmdline.append(word).push_back('\0');
  const size_t slash = exe.rfind('/');
  LifeEvent event{.kind = LifeKind::exec, .ts_ns = now_, .thread = def_.id};
  event.comm = builder_.text(exe.substr(slash == std::string_view::npos ? 0 : slash + 1).substr(0, 15));
  event.info.exe = builder_.text(exe);
  event.info.cmdline = builder_.text(cmdline.empty() ? std::string(exe) + '\0' : cmdline);
  builder_.add(event);
  return *this;
}

ThreadScript& ThreadScript::renamed(std::string_view comm) {
  builder_.add(LifeEvent{
      .kind = LifeKind::comm, .ts_ns = now_, .thread = def_.id, .other = {}, .comm = builder_.text(comm)});
  return *this;
}

ThreadScript& ThreadScript::exits(int32_t status, bool group_dead) {
  LifeEvent event{.kind = LifeKind::exit, .ts_ns = now_, .thread = def_.id};
  event.group_dead = group_dead;
  event.exit_status = status;
  builder_.add(event);
  switchOut(TaskState::dead, {}, false, false);
  return *this;
}

// ---- the builder ------------------------------------------------------------------------------

TraceBuilder::TraceBuilder(Level level) {
  header_.tarry_version = "0.0.0-test";
  header_.hostname = "testhost";
  header_.kernel_release = "6.1.0-test";
  header_.machine = "x86_64";
  header_.os_name = "Test Linux 1";
  header_.cpu_count = 2;
  header_.page_size = 4096;
  header_.level = level;
  header_.backend = "test";
  header_.target = {"test"};
  header_.cwd = "/work";
  header_.user = "tester";
  header_.start = {.boottime_ns = kStartNs, .monotonic_ns = kStartNs, .realtime_ns = kWallNs};
  trailer_.reason = EndReason::target_ended;
  trailer_.command_status = 0;
}

TraceBuilder::~TraceBuilder() = default;

ThreadScript& TraceBuilder::script(ThreadDef def, int64_t now) {
  scripts_.push_back(std::unique_ptr<ThreadScript>(new ThreadScript(*this, def, now)));
  define(def);
  return *scripts_.back();
}

void TraceBuilder::define(const ThreadDef& thread) {
  threads_.push_back(thread);
  threads_.back().start_ns = onClock(thread.start_ns);
}

ThreadScript& TraceBuilder::process(std::string_view comm, int32_t pid, int64_t start, bool existed) {
  ThreadDef def;
  def.id = newThreadId();
  def.tid = def.pid = def.ns_tid = def.ns_pid = pid;
  def.start_ns = existed ? start - 1_s : start;
  def.leader = def.id;
  def.ppid = 1;
  def.comm = text(comm);
  def.recorded = true;
  def.existed = existed;
  ThreadScript& thread = script(def, start);
  LifeEvent info{.kind = LifeKind::info, .ts_ns = start, .thread = def.id};
  info.comm = def.comm;
  info.info.exe = text("/usr/bin/" + std::string(comm));
  info.info.cmdline = text(std::string(comm) + '\0');
  info.info.cwd = text("/work");
  info.info.uid = 1000;
  info.info.gid = 1000;
  add(info);
  thread.switchIn();
  return thread;
}

ThreadScript& TraceBuilder::bystander(std::string_view comm, int32_t pid) {
  ThreadDef def;
  def.id = newThreadId();
  def.tid = def.pid = def.ns_tid = def.ns_pid = pid;
  def.start_ns = -1_s;
  def.leader = def.id;
  def.comm = text(comm);
  def.existed = true;
  return script(def, 0);
}

StringId TraceBuilder::text(std::string_view text) {
  if (text.empty()) return {};
  const auto found = std::find(texts_.begin(), texts_.end(), text);
  if (found == texts_.end()) {
    texts_.emplace_back(text);
    return StringId{static_cast<uint32_t>(texts_.size())};
  }
  return StringId{static_cast<uint32_t>(found - texts_.begin()) + 1};
}

ResourceId TraceBuilder::define(Resource resource) {
  if (!resource.id) resource.id = ResourceId{++last_resource_};
  resources_.push_back(resource);
  return resource.id;
}

ResourceId TraceBuilder::file(std::string_view path, ResourceKind kind) {
  Resource resource;
  resource.kind = kind;
  resource.dev_major = 8;
  resource.dev_minor = 1;
  resource.inode = 1000 + last_resource_;
  resource.path = text(path);
  return define(resource);
}

ResourceId TraceBuilder::socket(std::string_view local, uint16_t local_port, std::string_view remote,
                                uint16_t remote_port, uint16_t protocol) {
  Resource resource;
  resource.kind = ResourceKind::socket;
  resource.inode = 5000 + last_resource_;
  resource.family = AF_INET;
  resource.sock_type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
  resource.protocol = protocol;
  resource.local_addr = ipv4(local);
  resource.local_port = local_port;
  resource.remote_addr = ipv4(remote);
  resource.remote_port = remote_port;
  resource.cookie = 7000 + last_resource_;
  return define(resource);
}

ResourceId TraceBuilder::listener(std::string_view local, uint16_t port) {
  const ResourceId id = socket(local, port, "0.0.0.0", 0);
  resources_.back().listening = true;
  return id;
}

ResourceId TraceBuilder::pipe(uint64_t inode) {
  Resource resource;
  resource.kind = ResourceKind::pipe;
  resource.inode = inode;
  return define(resource);
}

ResourceId TraceBuilder::anon(ResourceKind kind) {
  Resource resource;
  resource.kind = kind;
  resource.inode = 9000 + last_resource_;
  return define(resource);
}

void TraceBuilder::openFd(const ThreadScript& process, int32_t fd, ResourceId resource) {
  open_fds_.push_back({process.id(), fd, resource});
}

void TraceBuilder::epollMember(const EpollMember& member) {
  epoll_members_.push_back(member);
}

StackId TraceBuilder::stack(std::initializer_list<std::string_view> symbols, bool kernel) {
  StackSpec spec{kernel, {}};
  for (std::string_view symbol : symbols) spec.symbols.push_back(text(symbol));
  const auto same = std::find_if(stacks_.begin(), stacks_.end(), [&](const StackSpec& known) {
    return known.kernel == spec.kernel && known.symbols == spec.symbols;
  });
  if (same != stacks_.end()) return StackId{static_cast<uint32_t>(same - stacks_.begin()) + 1};
  stacks_.push_back(std::move(spec));
  return StackId{static_cast<uint32_t>(stacks_.size())};
}

void TraceBuilder::loss(int64_t ts_ns, int64_t dur_ns, LossSource source, uint64_t count, ThreadId thread) {
  losses_.push_back({ts_ns, dur_ns, source, thread, count});
}

void TraceBuilder::add(LifeEvent event) {
  life_.push_back(event);
}
void TraceBuilder::add(SwitchEvent event) {
  switches_.push_back(event);
}
void TraceBuilder::add(WakeEvent event) {
  wakes_.push_back(event);
}
void TraceBuilder::add(SignalEvent event) {
  signals_.push_back(event);
}
void TraceBuilder::add(SocketEvent event) {
  sockets_.push_back(event);
}
void TraceBuilder::add(PlaintextEvent event) {
  plaintexts_.push_back({event, {event.data.begin(), event.data.end()}});
}
void TraceBuilder::add(PacketEvent event) {
  packets_.push_back({event, {event.data.begin(), event.data.end()}});
}
void TraceBuilder::add(FoldEvent event) {
  folds_.push_back(event);
}

void TraceBuilder::add(SyscallEvent event) {
  auto call = std::make_unique<OwnedCall>();
  call->event = event;
  call->objects.assign(event.objects.begin(), event.objects.end());
  call->strings.assign(event.strings.begin(), event.strings.end());
  for (const PayloadRef& payload : event.payloads) call->addPayload(payload, payload.data);
  calls_.push_back(std::move(call));
}

int64_t TraceBuilder::lastTime() const {
  int64_t last = 0;
  for (const LifeEvent& event : life_) last = std::max(last, event.ts_ns);
  for (const SwitchEvent& event : switches_) last = std::max(last, event.ts_ns);
  for (const WakeEvent& event : wakes_) last = std::max(last, event.ts_ns);
  for (const SignalEvent& event : signals_) last = std::max(last, event.ts_ns);
  for (const SocketEvent& event : sockets_) last = std::max(last, event.ts_ns);
  for (const auto& [event, data] : plaintexts_) last = std::max(last, wrappingSum(event.ts_ns, event.dur_ns));
  for (const auto& [event, data] : packets_) last = std::max(last, event.ts_ns);
  for (const FoldEvent& event : folds_) last = std::max(last, wrappingSum(event.ts_ns, event.dur_ns));
  for (const auto& call : calls_)
    last = std::max(last, wrappingSum(call->event.enter_ns, call->event.dur_ns));
  for (const LossEvent& event : losses_) last = std::max(last, wrappingSum(event.ts_ns, event.dur_ns));
  return last;
}

std::vector<uint8_t> TraceBuilder::bytes() {
  std::vector<uint8_t> bytes;
  TraceWriter writer(memorySink(bytes), header_, options_);
  // Ids are given in order of interning, so the builder's are the writer's.
  for (const std::string& text : texts_) writer.intern(text);
  for (const StackSpec& stack : stacks_) {
    std::vector<FrameId> frames;
    for (StringId symbol : stack.symbols) {
      Frame frame;
      frame.address = 0xffffffff81000000 + symbol.value * 0x100ULL;
      frame.symbol = symbol;
      frame.module = stack.kernel ? writer.intern("kernel") : writer.intern("/usr/bin/test");
      frames.push_back(writer.internFrame(frame));
    }
    writer.internStack(stack.kernel, frames);
  }
  for (const ThreadDef& thread : threads_) writer.define(thread);
  for (const Resource& resource : resources_) writer.define(resource);
  for (const OpenFd& fd : open_fds_) writer.add(fd);
  for (const EpollMember& member : epoll_members_) writer.add(member);
  writer.add(header_.start);

  // Events reach a writer about when they end, of one instant in the order of their kinds.
  struct Step {
    int64_t ts_ns;
    std::function<void()> add;
  };
  std::vector<Step> steps;
  const auto step = [&](int64_t ts_ns, auto event, auto shift) {
    shift(event);
    steps.push_back({ts_ns, [&writer, event] { writer.add(event); }});
  };
  for (const LossEvent& loss : losses_)
    step(loss.ts_ns, loss, [](LossEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  for (const LifeEvent& life : life_) {
    step(life.ts_ns, life, [](LifeEvent& e) {
      e.ts_ns = onClock(e.ts_ns);
      if (e.start_blocked_ns != 0) e.start_blocked_ns = onClock(e.start_blocked_ns);
    });
  }
  for (const WakeEvent& wake : wakes_)
    step(wake.ts_ns, wake, [](WakeEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  for (const SignalEvent& event : signals_)
    step(event.ts_ns, event, [](SignalEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  for (const SocketEvent& event : sockets_)
    step(event.ts_ns, event, [](SocketEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  for (const auto& [event, data] : plaintexts_) {
    PlaintextEvent whole = event;
    whole.data = data;
    step(wrappingSum(event.ts_ns, event.dur_ns), whole,
         [](PlaintextEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  }
  for (const auto& [event, data] : packets_) {
    PacketEvent whole = event;
    whole.data = data;
    step(event.ts_ns, whole, [](PacketEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  }
  for (const FoldEvent& event : folds_)
    step(event.ts_ns, event, [](FoldEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  for (const SwitchEvent& event : switches_)
    step(event.ts_ns, event, [](SwitchEvent& e) { e.ts_ns = onClock(e.ts_ns); });
  const int64_t last = lastTime();
  for (const auto& call : calls_) {
    call->linkSpans();
    const int64_t end =
        call->event.flags.unfinished ? last : wrappingSum(call->event.enter_ns, call->event.dur_ns);
    step(end, call->event, [](SyscallEvent& e) { e.enter_ns = onClock(e.enter_ns); });
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.ts_ns < b.ts_ns; });
  for (const Step& each : steps) each.add();

  if (cut_) {
    writer.flush();
    return bytes;
  }
  Trailer trailer = trailer_;
  trailer.end = {
      .boottime_ns = onClock(last), .monotonic_ns = onClock(last), .realtime_ns = wrappingSum(kWallNs, last)};
  writer.finish(trailer);
  return bytes;
}

TraceReader TraceBuilder::reader(std::string name) {
  return TraceReader::fromMemory(bytes(), std::move(name));
}

}  // namespace tarry::testing
