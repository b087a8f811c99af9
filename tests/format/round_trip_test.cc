// What the writer takes comes back from the reader, value for value.
#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <random>

#include "format/block.h"
#include "format/errors.h"
#include "format/testing/trace_builder.h"
#include "tests/format/event_text.h"

namespace tarry::testing {
namespace {

constexpr int64_t kI64Max = std::numeric_limits<int64_t>::max(),
                  kI64Min = std::numeric_limits<int64_t>::min();
constexpr int32_t kI32Max = std::numeric_limits<int32_t>::max(),
                  kI32Min = std::numeric_limits<int32_t>::min();

ThreadDef threadDef(uint32_t id, StringId comm) {
  ThreadDef def;
  def.id = ThreadId{id};
  def.tid = static_cast<int32_t>(id);
  def.pid = def.tid;
  def.leader = def.id;
  def.comm = comm;
  def.recorded = true;
  return def;
}

TEST_CASE("A trace brings back every event with extreme values") {
  std::vector<uint8_t> bytes;
  Transcript want;
  {
    TraceHeader header;
    header.hostname = "h\xff";
    header.target = {"a b", std::string("nul\0inside", 10), ""};
    header.snaplen = -1;
    TraceWriter writer(memorySink(bytes), header);
    const StringId comm = writer.intern("comm");
    const StringId odd = writer.intern(std::string("\xff\xfe\0x", 4));
    const StringId longest = writer.intern(std::string(100'000, 'p'));

    ThreadDef a = threadDef(1, comm);
    ThreadDef b = threadDef(4'000'000'000U, odd);
    b.tid = kI32Max;
    b.pid = kI32Min;
    b.start_ns = -kMaxTimeNs;
    b.creator = a.id;
    b.existed = true;
    Resource r1, r2;
    r1.id = ResourceId{1};
    r1.kind = ResourceKind::memory;
    r1.dev_major = r1.dev_minor = r1.generation = r1.rdev_major = r1.rdev_minor = ~0U;
    r1.inode = r1.cookie = r1.peer_inode = ~0ULL;
    r1.path = longest;
    r1.family = r1.sock_type = r1.protocol = r1.local_port = r1.remote_port = 0xFFFF;
    r1.listening = true;
    r1.local_addr.fill(0xFF);
    r1.remote_addr.fill(0xAB);
    r1.peer_pid = kI32Min;
    r2.id = ResourceId{4'294'967'295U};
    for (const ThreadDef& def : {a, b}) {
      writer.define(def);
      want.definitions.push_back(textOf(def));
    }
    for (const Resource& r : {r1, r2}) {
      writer.define(r);
      want.definitions.push_back(textOf(r));
    }
    Frame frame;
    frame.address = ~0ULL;
    frame.symbol = odd;
    frame.module = comm;
    frame.offset = ~0ULL;
    frame.id = writer.internFrame(frame);
    Frame other;
    other.id = writer.internFrame(other);
    const std::vector<FrameId> frames{frame.id, other.id, frame.id};
    const StackId kernel = writer.internStack(true, frames);
    const StackId user = writer.internStack(false, frames);
    want.definitions.push_back(textOf(frame));
    want.definitions.push_back(textOf(other));
    want.definitions.push_back(textOf(Stack{kernel, true, frames}));
    want.definitions.push_back(textOf(Stack{user, false, frames}));
    const OpenFd fd{a.id, kI32Max, r2.id}, fd2{a.id, -5, r1.id};
    writer.add(fd);
    writer.add(fd2);
    want.definitions.push_back(textOf(fd));
    want.definitions.push_back(textOf(fd2));
    for (const EpollMember& member : {EpollMember{a.id, kI32Max, kI32Min, r2.id, ~0ULL},
                                      EpollMember{a.id, -1, kI32Max, r1.id, 1}, EpollMember{a.id, 4, -1}}) {
      writer.add(member);
      want.definitions.push_back(textOf(member));
    }

    PendingCall pending{Abi::aarch64, kI32Max, {kI64Max, kI64Min, -1, 0, 1, 2}, r1.id, PolledSet::several};
    LifeEvent life;
    life.kind = LifeKind::blocked;
    life.ts_ns = -kMaxTimeNs;
    life.thread = a.id;
    life.other = b.id;
    life.comm = odd;
    life.info = {comm, odd, longest, comm, ~0U, ~0U};
    life.state = TaskState::parked;
    life.pending = pending;
    life.group_dead = true;
    life.exit_status = kI32Min;
    life.user_ns = life.system_ns = kMaxTimeNs;
    life.max_rss_bytes = kI64Max;
    life.start_blocked_ns = -1;
    writer.add(life);
    want.events.push_back(textOf(life));
    ClockPoint clock{0, kMaxTimeNs, -kMaxTimeNs};
    writer.add(clock);
    LossEvent loss{1, kMaxTimeNs, LossSource::encoder, b.id, ~0ULL};
    writer.add(loss);
    FoldEvent fold;
    fold.kind = FoldKind::payload;
    fold.ts_ns = 1;
    fold.dur_ns = fold.total_ns = fold.longest_ns = kMaxTimeNs;
    fold.count = kMaxFoldedCount;
    fold.result_sum = kI64Min;
    fold.thread = b.id;
    fold.abi = Abi::aarch64;
    fold.nr = kI32Min;
    fold.error = kI32Max;
    fold.resource = r2.id;
    fold.last_seq = ~0U;
    writer.add(fold);
    WakeEvent wake;
    wake.ts_ns = 2;
    wake.thread = b.id;
    wake.is_new = true;
    wake.context = WakerContext::disk;
    wake.waker = a.id;
    wake.waker_call.abi = Abi::x32;
    wake.waker_call.nr = kI32Max;
    wake.waker_call.resource = r2.id;
    wake.kernel_stack = kernel;
    writer.add(wake);
    SignalEvent signal;
    signal.ts_ns = 6;
    signal.thread = a.id;
    signal.sender = b.id;
    signal.kind = SignalKind::stopped;
    signal.action = SignalAction::by_default;
    signal.signo = kI32Max;
    signal.error = kI32Min;
    signal.code = -1;
    signal.fields = {~0ULL, 0, 1, 1ULL << 63};
    writer.add(signal);
    SocketEvent socket;
    socket.ts_ns = 7;
    socket.kind = SocketEventKind::facts;
    socket.socket = ~0U;
    socket.resource = r2.id;
    socket.state = TcpState::closing;
    socket.error = kI32Min;
    socket.has_facts = true;
    for (const auto fact : kTcpFacts) socket.facts.*fact = ~0ULL;
    writer.add(socket);
    const std::vector<uint8_t> said{0xFF, 0, 'x'};
    PlaintextEvent plaintext;
    plaintext.ts_ns = 7;
    plaintext.dur_ns = kMaxTimeNs;
    plaintext.thread = b.id;
    plaintext.direction = PayloadDirection::out;
    plaintext.library = TlsLibrary::gnutls;
    plaintext.resource = r1.id;
    plaintext.session = ~0ULL;
    plaintext.result = kI64Min;
    plaintext.length = ~0ULL;
    plaintext.data = said;
    PacketEvent packet;
    packet.ts_ns = 7;
    packet.thread = a.id;
    packet.resource = r2.id;
    packet.direction = PacketDirection::sent;
    packet.link = PacketLink::loopback;
    packet.interface_index = ~0U;
    packet.interface_name = odd;
    packet.length = ~0U;
    packet.data = said;
    writer.add(packet);
    SwitchEvent in;
    in.ts_ns = 3;
    in.thread = a.id;
    in.cpu = 0xFFFF;
    in.in = true;
    SwitchEvent out;
    out.ts_ns = kMaxTimeNs;
    out.thread = b.id;
    out.state = TaskState::idle;
    out.in_iowait = out.throttled = true;
    out.pending = pending;
    out.user_stack = user;
    writer.add(in);

    const std::vector<ObjectRef> objects{{ObjectRole::arg0, kI32Min, r1.id, 0},
                                         {ObjectRole::returned2, kI32Max, {}, 0},
                                         {ObjectRole::ready, -1, r2.id, ~0ULL},
                                         {ObjectRole::cwd, 7, r1.id, 0},
                                         {ObjectRole::root, -1, r2.id, 0}};
    const std::vector<StringArg> strings{{5, longest, true}, {0, odd, false}};
    const std::vector<uint8_t> data{0, 1, 0xFF};
    const std::vector<PayloadRef> payloads{{5, 3, PayloadDirection::out, ~0ULL, data},
                                           {0, 0, PayloadDirection::in, 0, {}}};
    SyscallEvent call;
    call.thread = b.id;
    call.call_seq = ~0U;
    call.enter_ns = 5;
    call.dur_ns = kMaxTimeNs;
    call.abi = Abi::i386;
    call.nr = kI32Min;
    call.ret = kI64Min;
    call.arg_mask = 0x3F;
    call.flags = {true, true, true};
    call.args = {kI64Max, kI64Min, -1, 0, 1, 2};
    call.objects = objects;
    call.strings = strings;
    call.payloads = payloads;
    call.user_stack = user;
    SyscallEvent plain;
    plain.thread = a.id;
    plain.enter_ns = 4;
    writer.add(plain);
    writer.add(call);
    writer.add(plaintext);
    writer.add(out);
    for (const std::string& text :
         {textOf(clock), textOf(loss), textOf(fold), textOf(wake), textOf(in), textOf(plain), textOf(call),
          textOf(signal), textOf(plaintext), textOf(socket), textOf(packet), textOf(out)}) {
      want.events.push_back(text);
    }
    Trailer trailer;
    trailer.reason = EndReason::max_size;
    trailer.command_status = kI32Min;
    trailer.cost.bpf_run_ns = kI64Max;
    trailer.error = "e";
    writer.finish(trailer);
    CHECK(writer.bytesWritten() == bytes.size());
    CHECK_THROWS_AS(writer.add(life), TraceError);
  }
  TraceReader reader = TraceReader::fromMemory(bytes);
  Transcript got = transcribe(reader);
  std::sort(got.definitions.begin(), got.definitions.end());
  std::sort(want.definitions.begin(), want.definitions.end());
  CHECK(got.definitions == want.definitions);
  CHECK(got.events == want.events);
  CHECK(reader.report().clean());
  CHECK(reader.header().target == std::vector<std::string>{"a b", std::string("nul\0inside", 10), ""});
  CHECK(reader.header().snaplen == -1);
  CHECK(reader.trailer()->command_status == kI32Min);
  CHECK(reader.trailer()->cost.bpf_run_ns == kI64Max);
  CHECK(reader.trailer()->error == "e");
  CHECK(reader.text(StringId{2}) == std::string_view("\xff\xfe\0x", 4));
  CHECK(reader.text(StringId{3}).size() == 100'000);
  CHECK(reader.text(StringId{77}).empty());
  CHECK(reader.text({}).empty());
}

// Many events of all kinds over several blocks and epochs, with repeated and fresh values.
struct RandomTrace {
  std::vector<uint8_t> bytes;
  std::vector<std::pair<int64_t, std::string>> events;

  explicit RandomTrace(uint32_t seed, WriterOptions options, int count) {
    std::mt19937_64 random(seed);
    const auto upTo = [&](uint64_t n) { return random() % n; };
    TraceWriter writer(memorySink(bytes), {}, options);
    for (uint32_t i = 1; i <= 5; ++i)
      writer.define(threadDef(i, writer.intern("thread" + std::to_string(i))));
    for (uint32_t i = 1; i <= 50; ++i) {
      Resource r;
      r.id = ResourceId{i};
      r.path = writer.intern("/file/" + std::to_string(i));
      writer.define(r);
    }
    int64_t now = 1'000'000;
    std::array<uint32_t, 6> seqs{};
    for (int i = 0; i < count; ++i) {
      now += static_cast<int64_t>(upTo(200'000));
      const ThreadId thread{static_cast<uint32_t>(1 + upTo(5))};
      switch (upTo(10)) {
        case 6: {
          FoldEvent e;
          e.ts_ns = now;
          e.dur_ns = static_cast<int64_t>(upTo(100'000'000));
          e.thread = thread;
          e.abi = Abi::x86_64;
          e.nr = static_cast<int32_t>(upTo(5));
          e.error = static_cast<int32_t>(upTo(3));
          e.resource = ResourceId{static_cast<uint32_t>(upTo(51))};
          e.count = random() >> (16 + upTo(48));
          e.result_sum = static_cast<int64_t>(random() >> upTo(64));
          e.last_seq = static_cast<uint32_t>(random());
          e.total_ns = static_cast<int64_t>(upTo(1'000'000'000));
          e.longest_ns = static_cast<int64_t>(upTo(200'000));
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        case 7: {
          PlaintextEvent e;
          e.ts_ns = now;
          e.dur_ns = static_cast<int64_t>(upTo(1000));
          e.thread = thread;
          e.direction = upTo(2) == 0 ? PayloadDirection::in : PayloadDirection::out;
          e.library = static_cast<TlsLibrary>(upTo(3));
          e.resource = ResourceId{static_cast<uint32_t>(upTo(51))};
          e.session = random() >> upTo(64);
          e.result = static_cast<int64_t>(random());
          std::vector<uint8_t> data(upTo(40));
          for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
          e.length = data.size() + upTo(3);
          e.data = data;
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        case 9: {
          PacketEvent e;
          e.ts_ns = now;
          e.thread = upTo(2) == 0 ? thread : ThreadId{};
          e.resource = ResourceId{static_cast<uint32_t>(upTo(51))};
          e.direction = static_cast<PacketDirection>(upTo(2));
          e.link = static_cast<PacketLink>(upTo(3));
          e.interface_index = static_cast<uint32_t>(upTo(3));
          std::vector<uint8_t> data(upTo(40));
          for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
          e.length = static_cast<uint32_t>(data.size() + upTo(3));
          e.data = data;
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        case 5: {
          SignalEvent e;
          e.ts_ns = now;
          e.thread = thread;
          e.sender = ThreadId{static_cast<uint32_t>(upTo(6))};
          e.action = static_cast<SignalAction>(upTo(4));
          e.signo = static_cast<int32_t>(1 + upTo(64));
          e.code = static_cast<int32_t>(upTo(10)) - 5;
          for (uint64_t& field : e.fields) field = random() >> upTo(64);
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        case 8: {
          SocketEvent e;
          e.ts_ns = now;
          e.thread = upTo(2) == 0 ? thread : ThreadId{};
          e.kind = static_cast<SocketEventKind>(upTo(13));
          e.socket = static_cast<uint32_t>(upTo(20));
          e.resource = ResourceId{static_cast<uint32_t>(upTo(51))};
          e.state = static_cast<TcpState>(upTo(12));
          e.error = static_cast<int32_t>(upTo(120));
          e.has_facts = upTo(2) == 0;
          if (e.has_facts)
            for (const auto fact : kTcpFacts) e.facts.*fact = random() >> upTo(64);
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        case 0: {
          SwitchEvent e;
          e.ts_ns = now;
          e.thread = thread;
          e.in = upTo(2) == 0;
          if (!e.in) {
            e.state = TaskState::sleeping;
            if (upTo(2) == 0)
              e.pending = {Abi::x86_64,
                           static_cast<int32_t>(upTo(3)),
                           {3, static_cast<int64_t>(random())},
                           ResourceId{3}};
          }
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        case 1: {
          WakeEvent e;
          e.ts_ns = now;
          e.thread = thread;
          e.waker = ThreadId{static_cast<uint32_t>(upTo(6))};
          e.context = WakerContext::thread;
          writer.add(e);
          events.emplace_back(e.ts_ns, textOf(e));
          break;
        }
        default: {
          std::vector<ObjectRef> objects;
          std::vector<StringArg> strings;
          std::vector<PayloadRef> payloads;
          std::vector<uint8_t> data(upTo(20));
          for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
          SyscallEvent e;
          e.thread = thread;
          e.call_seq = ++seqs[thread.value];
          e.dur_ns = static_cast<int64_t>(upTo(40) == 0 ? upTo(5'000'000'000) : upTo(3'000));
          e.enter_ns = now - e.dur_ns;
          e.abi = Abi::x86_64;
          e.nr = static_cast<int32_t>(upTo(6));
          e.ret = static_cast<int64_t>(upTo(3) == 0 ? random() : upTo(5));
          e.arg_mask = static_cast<uint8_t>(upTo(64));
          for (size_t k = 0; k < e.args.size(); ++k)
            e.args[k] = (e.arg_mask >> k & 1) != 0 ? static_cast<int64_t>(random() >> upTo(64)) : 0;
          for (uint64_t k = upTo(3); k > 0; --k) {
            objects.push_back({static_cast<ObjectRole>(upTo(9)), static_cast<int32_t>(upTo(8)),
                               ResourceId{static_cast<uint32_t>(upTo(51))}, 0});
          }
          if (upTo(4) == 0)
            strings.push_back({1, writer.intern("/path/" + std::to_string(upTo(300))), upTo(9) == 0});
          if (upTo(6) == 0) payloads.push_back({1, 0, PayloadDirection::out, 100, data});
          e.objects = objects;
          e.strings = strings;
          e.payloads = payloads;
          writer.add(e);
          events.emplace_back(e.enter_ns, textOf(e));
        }
      }
    }
    writer.finish({});
    std::stable_sort(events.begin(), events.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
};

TEST_CASE("A trace of many blocks and epochs comes back in the order of time") {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    WriterOptions options;
    options.block_rows = seed % 2 == 0 ? 64 : 1000;
    options.epoch_ns = 100'000'000;
    const RandomTrace trace(seed, options, 5000);
    TraceReader reader = TraceReader::fromMemory(trace.bytes);
    const Transcript got = transcribe(reader);
    REQUIRE(reader.report().clean());
    REQUIRE(got.events.size() == trace.events.size());
    int64_t last = kI64Min;
    for (const std::string& text : got.events) {
      const int64_t ts = std::stoll(text);
      REQUIRE(ts >= last);
      last = ts;
    }
    std::vector<std::string> want;
    for (const auto& [ts, text] : trace.events) want.push_back(text);
    std::vector<std::string> sorted = got.events;
    std::sort(want.begin(), want.end());
    std::sort(sorted.begin(), sorted.end());
    REQUIRE(sorted == want);
    // Repeated definitions of the epochs are passed on once.
    REQUIRE(got.definitions.size() == 5 + 50);
    // A second pass tells the same, and so does a reader without index.
    REQUIRE(transcribe(reader).events == got.events);
    std::vector<uint8_t> cut = trace.bytes;
    cut.resize(cut.size() - 1);
    TraceReader scanned = TraceReader::fromMemory(cut);
    REQUIRE(transcribe(scanned).events == got.events);
  }
}

TEST_CASE("readCall decodes any delivered call again") {
  WriterOptions options;
  options.block_rows = 100;
  const RandomTrace trace(9, options, 3000);
  TraceReader reader = TraceReader::fromMemory(trace.bytes);
  struct Keep : TraceVisitor {
    std::vector<std::pair<CallLocator, std::string>> calls;
    void onSyscall(const SyscallEvent& e) override { calls.emplace_back(e.locator, textOf(e)); }
  } kept;
  reader.read(kept);
  REQUIRE(kept.calls.size() > 900);
  for (const auto& [locator, text] : kept.calls) REQUIRE(textOf(reader.readCall(locator)) == text);
  CHECK_THROWS_AS(reader.readCall({kept.calls.front().first.block_offset, 1'000'000}), TraceError);
  CHECK_THROWS_AS(reader.readCall({1, 0}), TraceError);
}

TEST_CASE("A filter leaves out kinds and times") {
  const RandomTrace trace(3, {}, 3000);
  TraceReader reader = TraceReader::fromMemory(trace.bytes);
  const auto count = [&](const ReadFilter& filter, std::string_view what) {
    const Transcript got = transcribe(reader, filter);
    return std::count_if(got.events.begin(), got.events.end(),
                         [&](const std::string& text) { return text.find(what) != std::string::npos; });
  };
  CHECK(count({.syscalls = false}, " call ") == 0);
  CHECK(count({.syscalls = false}, " wake ") > 0);
  CHECK(count({.scheduling = false}, " wake ") + count({.scheduling = false}, " switch ") == 0);
  CHECK(count({}, " p1.0:") > 0);
  CHECK(count({.payloads = false}, " p1.0:") == 0);
  CHECK(count({.payloads = false}, " call ") == count({}, " call "));

  struct Bounds : TraceVisitor {
    int64_t earliest_end = kI64Max, latest_start = kI64Min;
    uint64_t events = 0;
    void see(int64_t start, int64_t end) {
      ++events;
      earliest_end = std::min(earliest_end, end);
      latest_start = std::max(latest_start, start);
    }
    void onSyscall(const SyscallEvent& e) override { see(e.enter_ns, e.enter_ns + e.dur_ns); }
    void onSwitch(const SwitchEvent& e) override { see(e.ts_ns, e.ts_ns); }
    void onWake(const WakeEvent& e) override { see(e.ts_ns, e.ts_ns); }
    void onSignal(const SignalEvent& e) override { see(e.ts_ns, e.ts_ns); }
    void onSocket(const SocketEvent& e) override { see(e.ts_ns, e.ts_ns); }
    void onPlaintext(const PlaintextEvent& e) override { see(e.ts_ns, e.ts_ns + e.dur_ns); }
    void onPacket(const PacketEvent& e) override { see(e.ts_ns, e.ts_ns); }
  } all, some;
  reader.read(all);
  const int64_t from = 60'000'000, to = 90'000'000;
  reader.read(some, {.from_ns = from, .to_ns = to});
  CHECK(some.events > 0);
  CHECK(some.events < all.events);
  CHECK(some.earliest_end >= from);
  CHECK(some.latest_start <= to);
}

TEST_CASE("Events of one instant are ordered so that causes come first") {
  TraceBuilder b;
  auto& parent = b.process("make", 10);
  auto& child = parent.forks("cc", 11);
  child.call("read", {.args = {0}}, 0);
  child.execs("/usr/bin/cc");
  child.socketEvent({.kind = SocketEventKind::closed});
  child.tls(PayloadDirection::in, "hello", 1, {}, 0);
  child.getsSignal(signalFrom(15, 10, 0));
  child.exits(15);
  TraceReader reader = b.reader();
  struct Seen : TraceVisitor {
    ThreadId child;
    std::vector<std::string> lines;
    void note(std::string line) { lines.push_back(std::move(line)); }
    void onLife(const LifeEvent& e) override {
      if (e.thread == child || e.other == child) note(fmt::format("life{}", static_cast<int>(e.kind)));
    }
    void onSyscall(const SyscallEvent&) override { note("call"); }
    void onSwitch(const SwitchEvent& e) override {
      if (e.thread == child) note(e.in ? "in" : "out");
    }
    void onWake(const WakeEvent&) override { note("wake"); }
    void onSignal(const SignalEvent&) override { note("signal"); }
    void onSocket(const SocketEvent&) override { note("socket"); }
    void onPlaintext(const PlaintextEvent&) override { note("plaintext"); }
  } seen;
  seen.child = child.id();
  reader.read(seen);
  CHECK(seen.lines == std::vector<std::string>{"life2", "wake", "in", "call", "plaintext", "signal", "socket",
                                               "life3", "life5", "out"});
}

}  // namespace
}  // namespace tarry::testing
