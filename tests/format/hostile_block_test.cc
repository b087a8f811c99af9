// Whole blocks with nonsense in their columns: they are refused one by one, or cost the rows that make no
// sense.
#include <catch2/catch.hpp>

#include "tests/format/damage_support.h"

namespace tarry::testing {
namespace {

// How many blocks are refused where `fill` made one.
uint64_t damage(uint32_t rows, const std::function<void(schema::Block::Builder)>& fill) {
  ReadReport report;
  REQUIRE(readAll(hostile(rows, fill), &report) >= 0);
  return report.damaged_frames;
}

TEST_CASE("Hostile blocks of calls are refused") {
  CHECK(damage(3, [](auto block) { fillCalls(block.initSyscalls()); }) == 0);
  CHECK(damage(kMaxBlockRows + 1, [](auto block) { fillCalls(block.initSyscalls()); }) == 1);
  CHECK(damage(0xFFFFFFFF, [](auto block) { block.initStrings(); }) == 1);
  CHECK(damage(3, [](auto block) { block.initSyscalls(); }) == 1);  // no threads
  CHECK(damage(3, [](auto block) {
          auto calls = block.initSyscalls();
          fillCalls(calls);
          putPlanes({2, 2, 2}, calls.initThread());  // index 1 of 1
        }) == 1);
  CHECK(damage(3, [](auto block) {
          auto calls = block.initSyscalls();
          fillCalls(calls);
          putPlanes({1, 1}, calls.initDur());  // too short
        }) == 1);
  CHECK(damage(1, [](auto block) {
          auto calls = block.initSyscalls();
          fillCalls(calls);
          calls.initRet().initPlanes(9);
        }) == 1);
  CHECK(damage(kMaxBlockRows, [](auto block) {
          auto calls = block.initSyscalls();
          fillCalls(calls);
          std::vector<uint8_t> roles(128, 0);
          calls.getShapes()[0].setRoles(kj::arrayPtr(roles.data(), roles.size()));
        }) == 1);
}

TEST_CASE("Hostile blocks of definitions are refused") {
  CHECK(damage(2, [](auto block) { putPlanes({zigzag(1000), 0}, block.initStrings().initLengths()); }) == 1);
  CHECK(damage(0, [](auto block) { block.initStacks().setFrameCount(0x7FFFFFFF); }) == 1);
  CHECK(damage(0, [](auto block) { block.initProcesses().initOpenFds().setCount(0xFFFFFFFF); }) == 1);
  CHECK(damage(0, [](auto block) { block.initProcesses().initEpollMembers().setCount(0xFFFFFFFF); }) == 1);
  CHECK(damage(0, [](auto block) {
          auto members = block.initProcesses().initEpollMembers();
          members.setCount(2);
          members.initData().initPlanes(9);
        }) == 1);
}

TEST_CASE("Hostile blocks of switches and wake-ups are refused") {
  CHECK(damage(2, [](auto block) { block.initSwitches(); }) == 1);
  CHECK(damage(1, [](auto block) {
          auto wakes = block.initWakes();
          wakes.setThreads({1});
          wakes.initKinds(1);
          putPlanes({zigzag(5)}, wakes.initWaker());
        }) == 1);
}

TEST_CASE("Hostile blocks of signals are refused") {
  CHECK(damage(1, [](auto block) {
          auto signals = block.initSignals();
          signals.setThreads({1});
          signals.initFields(4);
        }) == 0);
  CHECK(damage(1, [](auto block) { block.initSignals().initFields(4); }) == 1);  // no threads
  CHECK(damage(1, [](auto block) {
          auto signals = block.initSignals();
          signals.setThreads({1});
          signals.initFields(3);
        }) == 1);
  CHECK(damage(1, [](auto block) {
          auto signals = block.initSignals();
          signals.setThreads({1});
          signals.initFields(4);
          putPlanes({zigzag(1)}, signals.initSender());
        }) == 1);
}

TEST_CASE("Hostile blocks of sockets are refused") {
  CHECK(damage(1, [](auto block) { block.initSockets().setThreads({0}); }) == 0);  // no facts
  CHECK(damage(1, [](auto block) { block.initSockets(); }) == 1);                  // no threads
  CHECK(damage(1, [](auto block) {
          auto sockets = block.initSockets();
          sockets.setThreads({0});
          putPlanes({zigzag(1)}, sockets.initThread());
        }) == 1);
  CHECK(damage(2, [](auto block) {
          auto sockets = block.initSockets();
          sockets.setThreads({0});
          sockets.initFacts(1)[0].initPlanes(9);
        }) == 1);
}

TEST_CASE("Hostile blocks of plaintext and of packets are refused") {
  CHECK(damage(1, [](auto block) { block.initPlaintexts().setThreads({1}); }) == 0);
  CHECK(damage(1, [](auto block) { block.initPlaintexts(); }) == 1);  // no threads
  CHECK(damage(2, [](auto block) {
          auto plaintexts = block.initPlaintexts();
          plaintexts.setThreads({1});
          putPlanes({zigzag(3), zigzag(2)}, plaintexts.initSize());
          plaintexts.setBytes(capnp::Data::Reader(reinterpret_cast<const kj::byte*>("1234"), 4));
        }) == 1);
  CHECK(damage(1, [](auto block) {
          auto plaintexts = block.initPlaintexts();
          plaintexts.setThreads({1});
          plaintexts.initResult().initPlanes(9);
        }) == 1);
  CHECK(damage(1, [](auto block) { block.initPackets().setThreads({0}); }) == 1);    // no interfaces
  CHECK(damage(1, [](auto block) { block.initPackets().initInterfaces(1); }) == 1);  // no threads
  CHECK(damage(2, [](auto block) {
          auto packets = block.initPackets();
          packets.setThreads({0});
          packets.initInterfaces(1);
          putPlanes({zigzag(3), zigzag(2)}, packets.initSize());
          packets.setBytes(capnp::Data::Reader(reinterpret_cast<const kj::byte*>("1234"), 4));
        }) == 1);
}

TEST_CASE("Hostile blocks of counts are refused") {
  CHECK(damage(1, [](auto block) {
          auto folds = block.initFolds();
          folds.setThreads({1});
          folds.initKinds(1);
        }) == 0);
  CHECK(damage(1, [](auto block) { block.initFolds().setThreads({1}); }) == 1);  // no kinds
  CHECK(damage(1, [](auto block) { block.initFolds().initKinds(1); }) == 1);     // no threads
  CHECK(damage(2, [](auto block) {
          auto folds = block.initFolds();
          folds.setThreads({1});
          folds.initKinds(1);
          folds.initCount().initPlanes(9);
        }) == 1);
}

TEST_CASE("Calls that make no sense cost their row") {
  const auto bytes = hostile(2, [](auto block) {
    auto calls = block.initSyscalls();
    fillCalls(calls);
    auto shape = calls.getShapes()[0];
    shape.setAbi(200);
    const std::vector<uint8_t> roles{0, 77, 3};
    shape.setRoles(kj::arrayPtr(roles.data(), roles.size()));
    putPlanes({zigzag(static_cast<uint64_t>(INT64_MAX)), 0}, calls.initEnter());
  });
  struct Seen : TraceVisitor {
    std::vector<std::string> calls;
    void onSyscall(const SyscallEvent& e) override { calls.push_back(textOf(e)); }
  } seen;
  TraceReader reader = TraceReader::fromMemory(bytes);
  reader.read(seen);
  // The first row's time is impossible, and the second counts from its end.
  CHECK(seen.calls.empty());
  CHECK(reader.report().dropped_rows == 2);
}

TEST_CASE("Signals that make no sense cost their row or become unknown") {
  struct Actions : TraceVisitor {
    std::vector<SignalEvent> signals;
    void onSignal(const SignalEvent& e) override { signals.push_back(e); }
  } actions;
  TraceReader reader = TraceReader::fromMemory(hostile(3, [](auto block) {
    auto signals = block.initSignals();
    signals.setBaseNs(1);
    signals.setThreads({1, 55});
    signals.initFields(4);
    putPlanes({zigzag(200), 0, 0}, signals.initKind());
    putPlanes({zigzag(static_cast<uint64_t>(-1)), 0, 0}, signals.initAction());
    putPlanes({0, zigzag(1), 0}, signals.initThread());
    putPlanes({zigzag(1), 0, 0}, signals.initSender());
    putPlanes({0, 0, zigzag(static_cast<uint64_t>(INT64_MAX))}, signals.initTs());
  }));
  reader.read(actions);
  REQUIRE(actions.signals.size() == 1);
  CHECK(actions.signals[0].kind == SignalKind::unknown);
  CHECK(actions.signals[0].action == SignalAction::unknown);
  CHECK(!actions.signals[0].sender);  // a thread that nothing defines
  CHECK(reader.report().dropped_rows == 2);
}

TEST_CASE("Socket events that make no sense cost their row or become unknown") {
  struct Sockets : TraceVisitor {
    std::vector<SocketEvent> events;
    void onSocket(const SocketEvent& e) override { events.push_back(e); }
  } sockets;
  TraceReader reader = TraceReader::fromMemory(hostile(3, [](auto block) {
    auto of = block.initSockets();
    of.setBaseNs(1);
    of.setThreads({55});
    putPlanes({zigzag(200), zigzag(~0ULL), 0}, of.initKind());
    putPlanes({zigzag(200), zigzag(~0ULL), 0}, of.initState());
    putPlanes({zigzag(~0ULL), 0, 0}, of.initResource());
    putPlanes({0, 0, zigzag(static_cast<uint64_t>(INT64_MAX))}, of.initTs());
    auto facts = of.initFacts(kTcpFacts.size() + 1);  // a newer writer knows one more
    putPlanes({zigzag(7), 0, 0}, facts[0]);
    putPlanes({zigzag(7), 0, 0}, facts[kTcpFacts.size()]);
  }));
  reader.read(sockets);
  REQUIRE(sockets.events.size() == 2);
  CHECK(reader.report().dropped_rows == 1);
  for (const SocketEvent& event : sockets.events) {
    CHECK(event.kind == SocketEventKind::unknown);
    CHECK(event.state == TcpState::unknown);
    CHECK(!event.thread);
    CHECK(!event.resource);
  }
  CHECK(sockets.events[0].facts.srtt_us == 7);
}

TEST_CASE("Plaintext that makes no sense costs its row or becomes unknown") {
  struct Said : TraceVisitor {
    std::vector<PlaintextEvent> plaintexts;
    void onPlaintext(const PlaintextEvent& e) override { plaintexts.push_back(e); }
  } said;
  TraceReader reader = TraceReader::fromMemory(hostile(4, [](auto block) {
    auto plaintexts = block.initPlaintexts();
    plaintexts.setBaseNs(1);
    plaintexts.setThreads({1, 55});
    putPlanes({0, zigzag(1), 0, 0}, plaintexts.initThread());
    putPlanes({0, 0, 0, zigzag(static_cast<uint64_t>(INT64_MAX))}, plaintexts.initTs());
    putPlanes({0, 0, zigzag(static_cast<uint64_t>(-1)), 0}, plaintexts.initDur());
    putPlanes({zigzag(9), 0, 0, 0}, plaintexts.initDirection());
    putPlanes({zigzag(200), 0, 0, 0}, plaintexts.initLibrary());
    putPlanes({zigzag(77), 0, 0, 0}, plaintexts.initResource());
  }));
  reader.read(said);
  REQUIRE(said.plaintexts.size() == 1);
  CHECK(said.plaintexts[0].library == TlsLibrary::unknown);
  CHECK(!said.plaintexts[0].resource);  // that nothing defines
  CHECK(reader.report().dropped_rows == 3);
}

TEST_CASE("Packets that make no sense cost their row or become unknown") {
  struct Packets : TraceVisitor {
    std::vector<PacketEvent> packets;
    void onPacket(const PacketEvent& e) override { packets.push_back(e); }
  } sent;
  TraceReader reader = TraceReader::fromMemory(hostile(2, [](auto block) {
    auto packets = block.initPackets();
    packets.setBaseNs(1);
    packets.setThreads({55});
    auto interface = packets.initInterfaces(1)[0];
    interface.setName(99);
    interface.setLink(200);
    putPlanes({zigzag(9), 0}, packets.initDirection());
    putPlanes({zigzag(77), 0}, packets.initResource());
    putPlanes({0, zigzag(static_cast<uint64_t>(INT64_MAX))}, packets.initTs());
  }));
  reader.read(sent);
  REQUIRE(sent.packets.size() == 1);
  CHECK(!sent.packets[0].thread);  // nothing defines any of them
  CHECK(!sent.packets[0].resource);
  CHECK(!sent.packets[0].interface_name);
  CHECK(sent.packets[0].link == PacketLink::raw_ip);
  CHECK(reader.report().dropped_rows == 1);
}

TEST_CASE("Counts that make no sense cost their row or become unknown") {
  struct Counts : TraceVisitor {
    std::vector<FoldEvent> folds;
    void onFold(const FoldEvent& e) override { folds.push_back(e); }
  } counts;
  const uint64_t minus_one = zigzag(~0ULL);
  TraceReader reader = TraceReader::fromMemory(hostile(6, [&](auto block) {
    auto folds = block.initFolds();
    folds.setBaseNs(1);
    folds.setThreads({1, 55});
    auto kinds = folds.initKinds(2);
    kinds[0].setKind(1);
    kinds[0].setAbi(200);
    kinds[1].setKind(99);
    // Sane; an unknown kind; an unknown thread; before its slice; too many; less than no time.
    putPlanes({0, zigzag(1), 0, 0, 0, 0}, folds.initKind());
    putPlanes({0, 0, zigzag(1), 0, 0, 0}, folds.initThread());
    putPlanes({0, 0, 0, minus_one, 0, 0}, folds.initDur());
    putPlanes({0, 0, 0, 0, zigzag(kMaxFoldedCount + 1), 0}, folds.initCount());
    putPlanes({0, 0, 0, 0, 0, minus_one}, folds.initTotalNs());
    putPlanes({zigzag(77), 0, 0, 0, 0, 0}, folds.initResource());
  }));
  reader.read(counts);
  REQUIRE(counts.folds.size() == 2);
  CHECK(counts.folds[0].kind == FoldKind::calls);
  CHECK(counts.folds[0].abi == Abi::none);
  CHECK(!counts.folds[0].resource);
  CHECK(counts.folds[1].kind == FoldKind::unknown);
  CHECK(reader.report().dropped_rows == 4);
}

TEST_CASE("Lives that make no sense cost their row") {
  ReadReport report;
  CHECK(readAll(hostile(1,
                        [](auto block) {
                          auto life = block.initProcesses().initLife(2);
                          life[0].setKind(99);
                          life[0].setThread(1);
                          life[1].setKind(1);
                          life[1].setThread(55);
                        }),
                &report) == 0);
  CHECK(report.dropped_rows == 2);
}

TEST_CASE("Rows from before their block's beginning come in order or not at all") {
  // The second block of switches says that it begins at 100, and holds a row of time 50.
  std::vector<uint8_t> bytes;
  BlockOutput output(memorySink(bytes), 3);
  BlockMessage header(0, 1, 0, 0), threads(0, 1, 0, 0);
  encodeHeader({}, header.block().initHeader());
  output.write(header);
  threads.block().initProcesses().initThreads(1)[0].setId(1);
  output.write(threads);
  const auto write = [&](int64_t min_ns, int64_t first_ns, int64_t second_ns) {
    BlockMessage message(0, 2, min_ns, second_ns);
    auto switches = message.block().initSwitches();
    switches.setBaseNs(first_ns);
    switches.setThreads({1});
    switches.initKinds(1)[0].setNr(-1);
    switches.initArgs(kMaxArgs);
    putPlanes({0, zigzag(static_cast<uint64_t>(second_ns - first_ns))}, switches.initTs());
    output.write(message);
  };
  write(10, 10, 90);
  write(100, 50, 110);
  struct Times : TraceVisitor {
    std::vector<int64_t> all;
    void onSwitch(const SwitchEvent& e) override { all.push_back(e.ts_ns); }
  } times;
  TraceReader reader = TraceReader::fromMemory(bytes);
  reader.read(times);
  CHECK(times.all == std::vector<int64_t>{10, 90, 110});
  CHECK(reader.report().dropped_rows == 1);
}

TEST_CASE("Blocks of a kind this version does not know are counted") {
  ReadReport report;
  CHECK(readAll(hostile(5, [](auto block) { block.setUnknown(); }), &report) == 0);
  CHECK(report.unknown_blocks == 1);
  CHECK(report.damaged_frames == 0);
}

}  // namespace
}  // namespace tarry::testing
