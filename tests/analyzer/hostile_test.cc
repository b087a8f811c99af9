// Events in orders and with values that no kernel makes: loading them never fails, and what it gives
// is still a partition.
#include <catch2/catch.hpp>
#include <random>

#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

class Nonsense {
 public:
  explicit Nonsense(uint32_t seed) : random_(seed) {}

  int64_t below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }
  bool oneIn(int64_t n) { return below(n) == 0; }
  int64_t number() {
    switch (below(6)) {
      case 0: return 0;
      case 1: return -below(200);
      case 2: return INT64_MAX;
      case 3: return INT64_MIN;
      default: return below(1000);
    }
  }
  int64_t time() { return oneIn(50) ? number() : below(1'000'000); }
  ThreadId thread() { return ThreadId{static_cast<uint32_t>(below(8))}; }
  ResourceId resource() { return ResourceId{static_cast<uint32_t>(below(6))}; }
  PendingCall pending() {
    PendingCall call;
    call.abi = static_cast<Abi>(below(5));
    call.nr = static_cast<int32_t>(oneIn(4) ? -1 : below(460));
    for (int64_t& arg : call.args) arg = number();
    call.resource = resource();
    return call;
  }

 private:
  std::mt19937 random_;
};

void addNonsense(TraceBuilder& b, Nonsense& n) {
  switch (n.below(5)) {
    case 0: {
      LifeEvent event;
      event.kind = static_cast<LifeKind>(1 + n.below(6));
      event.ts_ns = n.time();
      event.thread = n.thread();
      event.other = n.thread();
      event.state = static_cast<TaskState>(n.below(9));
      event.pending = n.pending();
      event.group_dead = n.oneIn(3);
      event.exit_status = static_cast<int32_t>(n.below(70000));
      event.start_blocked_ns = n.time();
      b.add(event);
      return;
    }
    case 1: {
      SwitchEvent event;
      event.ts_ns = n.time();
      event.thread = n.thread();
      event.in = n.oneIn(2);
      event.state = static_cast<TaskState>(n.below(9));
      event.in_iowait = n.oneIn(3);
      event.pending = n.pending();
      b.add(event);
      return;
    }
    case 2: {
      WakeEvent event;
      event.ts_ns = n.time();
      event.thread = n.thread();
      event.waker = n.thread();
      event.context = static_cast<WakerContext>(n.below(7));
      event.is_new = n.oneIn(5);
      event.waker_call = n.pending();
      b.add(event);
      return;
    }
    case 3:
      if (n.oneIn(20)) b.loss(n.below(1'000'000), n.below(1000), LossSource::switches, 5, n.thread());
      if (n.oneIn(3)) {
        SignalEvent event =
            signalFrom(static_cast<int32_t>(n.number()), 1, 0, static_cast<int32_t>(n.below(20) - 10));
        event.ts_ns = n.time();
        event.thread = n.thread();
        event.sender = n.thread();
        event.fields[1] = static_cast<uint64_t>(n.number());
        b.add(event);
      }
      if (n.oneIn(2)) {
        SocketEvent event;
        event.ts_ns = n.time();
        event.thread = n.thread();
        event.kind = static_cast<SocketEventKind>(n.below(13));
        event.socket = static_cast<uint32_t>(n.below(8));
        event.resource = n.resource();
        event.state = static_cast<TcpState>(n.below(12));
        event.error = static_cast<int32_t>(n.number());
        event.has_facts = n.oneIn(2);
        for (const auto fact : kTcpFacts) event.facts.*fact = static_cast<uint64_t>(n.number());
        b.add(event);
      }
      if (n.oneIn(3)) {
        PlaintextEvent event;
        event.ts_ns = n.time();
        event.dur_ns = n.below(1'000'000);
        event.thread = n.thread();
        event.direction = static_cast<PayloadDirection>(n.below(2));
        event.library = static_cast<TlsLibrary>(n.below(3));
        event.resource = ResourceId{static_cast<uint32_t>(n.below(20))};
        event.session = static_cast<uint64_t>(n.number());
        event.result = n.number();
        event.length = static_cast<uint64_t>(n.number());
        const std::vector<uint8_t> data(static_cast<size_t>(n.below(30)), 0xFF);
        event.data = data;
        b.add(event);
      }
      if (n.oneIn(2)) {
        PacketEvent event;
        event.ts_ns = n.time();
        event.thread = n.thread();
        event.resource = n.resource();
        event.direction = static_cast<PacketDirection>(n.below(2));
        event.link = static_cast<PacketLink>(n.below(3));
        event.length = static_cast<uint32_t>(n.number());
        std::vector<uint8_t> data(static_cast<size_t>(n.below(100)), 0x45);
        for (uint8_t& byte : data) byte = n.oneIn(2) ? static_cast<uint8_t>(n.number()) : byte;
        event.data = data;
        b.add(event);
      }
      if (n.oneIn(5)) {
        FoldEvent event;
        event.kind = static_cast<FoldKind>(n.below(3));
        event.ts_ns = n.time();
        event.dur_ns = n.below(1'000'000);
        event.thread = n.thread();
        event.abi = static_cast<Abi>(n.below(5));
        event.nr = static_cast<int32_t>(n.below(400));
        event.error = static_cast<int32_t>(n.number());
        event.count = static_cast<uint64_t>(n.number());
        event.result_sum = n.number();
        event.total_ns = n.number();
        event.last_seq = static_cast<uint32_t>(n.number());
        b.add(event);
      }
      return;
    default: {
      SyscallEvent event;
      const PendingCall call = n.pending();
      event.thread = n.thread();
      event.call_seq = static_cast<uint32_t>(n.below(1000));
      event.enter_ns = n.time();
      event.dur_ns = n.oneIn(10) ? n.number() : n.below(10000);
      event.abi = call.abi;
      event.nr = call.nr;
      event.args = call.args;
      event.arg_mask = static_cast<uint8_t>(n.below(64));
      event.ret = n.number();
      event.flags.unfinished = n.oneIn(8);
      std::array<ObjectRef, 3> objects;
      for (ObjectRef& object : objects) {
        object.role = static_cast<ObjectRole>(n.below(11));
        object.fd = static_cast<int32_t>(n.below(20)) - 2;
        object.resource = n.resource();
        object.ready_data = static_cast<uint64_t>(n.number());
      }
      const std::array<uint8_t, 12> bytes{1, 2, 3, 4, 5};
      std::array<PayloadRef, 1> payloads;
      payloads[0].arg = static_cast<uint8_t>(n.below(6));
      payloads[0].length = static_cast<uint64_t>(n.number());
      payloads[0].data = std::span(bytes).first(static_cast<size_t>(n.below(13)));
      event.objects = std::span(objects).first(static_cast<size_t>(n.below(4)));
      event.payloads = std::span(payloads).first(static_cast<size_t>(n.below(2)));
      b.add(event);
    }
  }
}

}  // namespace

TEST_CASE("Nonsense is loaded without complaint, into a partition", "[hostile]") {
  for (uint32_t seed = 0; seed < 60; seed++) {
    INFO("seed " << seed);
    Nonsense n(seed);
    TraceBuilder b(seed % 2 == 0 ? Level::syscalls : Level::waits);
    for (uint32_t i = 1; i <= 5; i++) {
      ThreadDef def;
      def.id = b.newThreadId();
      def.tid = def.pid = static_cast<int32_t>(n.below(3));
      def.leader = n.thread();
      def.creator = n.thread();
      def.recorded = !n.oneIn(4);
      def.existed = n.oneIn(2);
      def.start_ns = n.number();
      b.define(def);
      Resource resource;
      resource.kind = static_cast<ResourceKind>(n.below(28));
      resource.family = static_cast<uint16_t>(n.below(12));
      resource.local_port = static_cast<uint16_t>(n.below(3));
      resource.remote_port = static_cast<uint16_t>(n.below(3));
      resource.inode = static_cast<uint64_t>(n.below(3));
      resource.peer_inode = static_cast<uint64_t>(n.below(3));
      resource.listening = n.oneIn(3);
      b.define(resource);
    }
    for (int i = 0; i < 300; i++) addNonsense(b, n);
    LoadOptions options;
    options.syscall_args = n.oneIn(2);
    Loaded db(b, options);
    // Each row begins where the one before it of the same thread ends.
    CHECK(db.number("SELECT count(*) FROM (SELECT ts, lag(ts + dur) OVER (PARTITION BY utid ORDER BY ts, id) "
                    "AS previous "
                    "FROM thread_state) WHERE previous IS NOT NULL AND previous != ts") == 0);
    CHECK(db.number("SELECT count(*) FROM thread_state WHERE dur < 0") == 0);
    CHECK(db.number("SELECT count(*) FROM wait") ==
          db.number("SELECT count(*) FROM thread_state WHERE state IN "
                    "('blocked', 'runnable')"));
    CHECK(
        db.number(
            "SELECT count(*) FROM syscall_object o LEFT JOIN syscall s ON s.id = o.syscall_id WHERE s.id IS "
            "NULL") == 0);
  }
}
