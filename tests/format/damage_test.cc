// Cut, flipped, foreign, newer and hostile files: each opens as far as it can and says what is
// missing, or is refused with one line. Nothing here may crash (run it under asan and ubsan too).
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

#include "format/block_file.h"
#include "format/block_output.h"
#include "format/errors.h"
#include "format/header_codec.h"
#include "format/int_column.h"
#include "format/seek_table.h"
#include "format/testing/trace_builder.h"
#include "tests/format/event_text.h"

namespace tarry::testing {
namespace {

void tellSmallStory(TraceBuilder& b) {
  auto& server = b.process("server", 90);
  auto& client = b.process("python3", 100);
  const ResourceId socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  b.openFd(server, 3, socket);
  for (int i = 0; i < 20; ++i) {
    client.runsFor(10_ms).call(
        "openat", {.args = {-100, 0, i}, .ret = 3, .strings = {{1, "/etc/hosts" + std::to_string(i)}}});
    client
        .blocksIn("recvfrom",
                  {.args = {4},
                   .ret = 5,
                   .objects = {{0, 4, socket}},
                   .payloads = {{1, PayloadDirection::out, "hello"}}},
                  200_ms)
        .wokenBy(server)
        .kernelStack(b.stack({"schedule", "tcp_recvmsg"}));
  }
  client.getsSignal(signalFrom(17, 101, 1000, 1)).getsSignal(signalFrom(15, 90, 0));
  client.socketEvent({.kind = SocketEventKind::closed, .socket = 1, .resource = socket});
  client.tls(PayloadDirection::in, "GET / HTTP/1.1", 0x5500, socket)
      .tls(PayloadDirection::out, "HTTP", 0x5500);
  b.loss(1_s, 1_ms, LossSource::wakes, 3);
  client.exits(0);
}

std::vector<uint8_t> smallFile(const WriterOptions& options = {}) {
  TraceBuilder b;
  b.options() = options;
  tellSmallStory(b);
  return b.bytes();
}

// Reads all there is; the number of events, or -1 if the file was refused.
int64_t readAll(std::vector<uint8_t> bytes, ReadReport* report = nullptr) {
  try {
    TraceReader reader = TraceReader::fromMemory(std::move(bytes));
    const Transcript got = transcribe(reader);
    reader.totals();
    if (report != nullptr) *report = reader.report();
    return static_cast<int64_t>(got.events.size());
  } catch (const TraceError&) {
    return -1;
  }
}

TEST_CASE("A trace cut at any offset opens to its last whole block and says so") {
  const std::vector<uint8_t> whole = smallFile();
  const BlockFile file(memoryByteSource(whole), "whole");
  const uint64_t header_end = file.blocks().front().file_bytes;
  const BlockInfo& last = file.blocks().back();
  const int64_t all = readAll(whole);
  int64_t before = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    ReadReport report;
    const int64_t events = readAll({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)}, &report);
    INFO("cut at " << size);
    if (size < header_end) {
      REQUIRE(events == -1);
      continue;
    }
    REQUIRE(events >= before);
    REQUIRE(report.problems.size() >= (report.cut ? 1U : 0U));
    REQUIRE(report.damaged_frames == 0);
    if (size < last.offset + last.file_bytes) REQUIRE(report.cut);
    before = events;
  }
  CHECK(before == all);
}

TEST_CASE("A flipped byte anywhere never crashes the reader and never goes unnoticed") {
  const std::vector<uint8_t> whole = smallFile();
  TraceReader clean = TraceReader::fromMemory(whole);
  const Transcript want = transcribe(clean);
  const auto footer = std::span<const uint8_t>(whole).last(kSeekFooterBytes);
  const size_t table_at = whole.size() - seekTableBytes(footer).value();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0xFF}) {
      std::vector<uint8_t> bytes = whole;
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ flip);
      INFO("flipped byte " << at << " by " << flip);
      try {
        TraceReader reader = TraceReader::fromMemory(bytes);
        const Transcript got = transcribe(reader);
        const bool same = got.events == want.events && got.definitions == want.definitions;
        // (A few bits of zstd's coding mean nothing.)
        REQUIRE((same || !reader.report().clean()));
        // The seek table is only a shortcut: a flip in it costs nothing, but is seen.
        if (at >= table_at) {
          REQUIRE(same);
          REQUIRE(!reader.report().clean());
        }
      } catch (const TraceError& e) {
        FAIL("refused: " << e.what());
      }
    }
  }
}

TEST_CASE("A damaged block in the middle costs no more than itself when it defines nothing") {
  WriterOptions options;
  options.block_rows = 10;
  const std::vector<uint8_t> whole = smallFile(options);
  const BlockFile file(memoryByteSource(whole), "whole");
  TraceReader clean = TraceReader::fromMemory(whole);
  const Transcript want = transcribe(clean);
  for (const bool indexed : {true, false}) {
    size_t tried = 0;
    for (const BlockInfo& info : file.blocks()) {
      if (info.kind != BlockKind::syscalls && info.kind != BlockKind::switches &&
          info.kind != BlockKind::wakes && info.kind != BlockKind::signals &&
          info.kind != BlockKind::sockets && info.kind != BlockKind::plaintexts &&
          info.kind != BlockKind::packets)
        continue;
      ++tried;
      std::vector<uint8_t> bytes = whole;
      if (!indexed) bytes.pop_back();
      bytes[info.offset + info.file_bytes / 2] ^= 0x55;
      TraceReader reader = TraceReader::fromMemory(bytes);
      const Transcript got = transcribe(reader);
      CHECK(reader.report().damaged_frames == 1);
      CHECK(reader.report().damaged_bytes == info.file_bytes);
      // Without its last byte the file also misses the seek table.
      REQUIRE(reader.report().problems.size() == (indexed ? 1U : 2U));
      // With the index it is known what was lost and when.
      CHECK(got.events.size() == want.events.size() - info.rows + (indexed ? 1 : 0));
      CHECK(got.definitions == want.definitions);
    }
    CHECK(tried > 5);
  }
}

TEST_CASE("Rows whose definitions are lost keep what is known") {
  const std::vector<uint8_t> whole = smallFile();
  const BlockFile file(memoryByteSource(whole), "whole");
  const auto damaged = [&](BlockKind kind) {
    std::vector<uint8_t> bytes = whole;
    for (const BlockInfo& info : file.blocks()) {
      if (info.kind == kind) bytes[info.offset + info.file_bytes / 2] ^= 0x55;
    }
    return bytes;
  };
  struct Seen : TraceVisitor {
    uint64_t calls = 0, resources = 0, strings = 0, payloads = 0;
    void onSyscall(const SyscallEvent& e) override {
      ++calls;
      for (const ObjectRef& object : e.objects) resources += object.resource ? 1 : 0;
      for (const StringArg& string : e.strings) strings += string.text ? 1 : 0;
      payloads += e.payloads.size();
    }
  };
  const auto see = [&](BlockKind kind, ReadReport& report) {
    TraceReader reader = TraceReader::fromMemory(damaged(kind));
    Seen seen;
    reader.read(seen);
    report = reader.report();
    return seen;
  };
  ReadReport report;
  Seen seen = see(BlockKind::resources, report);
  CHECK(seen.calls == 40);
  CHECK(seen.resources == 0);
  CHECK(seen.strings == 20);
  seen = see(BlockKind::strings, report);
  CHECK(seen.calls == 40);
  CHECK(seen.strings == 0);
  CHECK(report.damaged_frames > 0);
  seen = see(BlockKind::processes, report);
  CHECK(seen.calls == 0);
  CHECK(report.dropped_rows > 40);
  seen = see(BlockKind::payloads, report);
  CHECK(seen.calls == 40);
  CHECK(seen.payloads == 0);
  CHECK(report.damaged_frames > 0);
}

TEST_CASE("A file that begins in the middle reads from the next epoch on") {
  WriterOptions options;
  options.epoch_ns = 1'000'000'000;
  const std::vector<uint8_t> whole = smallFile(options);
  const BlockFile file(memoryByteSource(whole), "whole");
  uint64_t second_epoch = 0;
  for (const BlockInfo& info : file.blocks()) {
    if (info.epoch == 2 && second_epoch == 0) second_epoch = info.offset;
  }
  REQUIRE(second_epoch > 0);
  TraceReader reader =
      TraceReader::fromMemory({whole.begin() + static_cast<ptrdiff_t>(second_epoch), whole.end()});
  struct Seen : TraceVisitor {
    std::vector<LifeEvent> infos;
    uint64_t calls = 0, without = 0;
    void onLife(const LifeEvent& e) override {
      if (e.kind == LifeKind::info) infos.push_back(e);
    }
    void onSyscall(const SyscallEvent& e) override {
      ++calls;
      for (const ObjectRef& object : e.objects) without += object.resource ? 0 : 1;
      for (const StringArg& string : e.strings) without += string.text ? 0 : 1;
    }
  } seen;
  reader.read(seen);
  CHECK(reader.header().hostname == "testhost");
  CHECK(reader.report().dropped_rows == 0);
  CHECK(seen.calls > 10);
  CHECK(seen.without == 0);
  REQUIRE(seen.infos.size() == 2);
  CHECK(reader.text(seen.infos[1].info.exe) == "/usr/bin/python3");
}

// ---- what is no trace, or not ours to read ----------------------------------------------------

std::string refusal(std::vector<uint8_t> bytes) {
  try {
    TraceReader::fromMemory(std::move(bytes), "x.tarry");
    return "";
  } catch (const TraceError& e) {
    return e.what();
  }
}

std::vector<uint8_t> compressed(const std::string& text) {
  FrameCompressor compressor(3);
  const auto frame = compressor.compress({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  return {frame.begin(), frame.end()};
}

TEST_CASE("A foreign file is refused as no trace") {
  const std::string line = "cannot read x.tarry: not a tarry trace";
  CHECK(refusal({}) == line);
  CHECK(refusal({'h', 'i'}) == line);
  CHECK(refusal(std::vector<uint8_t>(100'000, 'x')) == line);
  CHECK(refusal(compressed(std::string(80'000, 'x'))) == line);
  std::vector<uint8_t> noise(300'000);
  std::mt19937 random(1);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  CHECK(refusal(noise) == line);
}

TEST_CASE("A trace of a newer format is refused with what to do") {
  for (const bool finished : {true, false}) {
    std::vector<uint8_t> bytes;
    BlockOutput output(memorySink(bytes), 3);
    BlockMessage message(0, 1, 0, 0);
    TraceHeader header;
    header.format_version = kFormatVersion + 1;
    encodeHeader(header, message.block().initHeader());
    output.write(message);
    if (finished) {
      BlockMessage trailer(0, 1, 0, 0);
      encodeTrailer({}, output.index(), 0, trailer.block().initTrailer());
      output.write(trailer);
      output.writeSeekTable();
    }
    CHECK(refusal(bytes) ==
          "cannot read x.tarry: it is of trace format 2, this tarry knows up to 1 (use a newer tarry)");
  }
}

TEST_CASE("A missing file, a directory and an unreadable one are named") {
  CHECK_THROWS_WITH(TraceReader::open("/nonexistent/t.tarry"),
                    "cannot open /nonexistent/t.tarry: No such file or directory");
  CHECK_THROWS_WITH(TraceReader::open("/tmp"), "cannot open /tmp: it is a directory");
}

// ---- hostile blocks ---------------------------------------------------------------------------

// A file of a good header and one block that `fill` makes.
std::vector<uint8_t> hostile(uint32_t rows, const std::function<void(schema::Block::Builder)>& fill) {
  std::vector<uint8_t> bytes;
  BlockOutput output(memorySink(bytes), 3);
  BlockMessage header(0, 1, 0, 0);
  encodeHeader({}, header.block().initHeader());
  output.write(header);
  BlockMessage threads(0, 1, 0, 0);
  auto thread = threads.block().initProcesses().initThreads(1)[0];
  thread.setId(1);
  output.write(threads);
  BlockMessage message(0, rows, 1, 2);
  fill(message.block());
  output.write(message);
  return bytes;
}

void fillCalls(schema::Syscalls::Builder calls) {
  calls.setBaseNs(5);
  calls.setThreads({1});
  auto shape = calls.initShapes(1)[0];
  shape.setArgMask(1);
  const uint8_t role = 0;
  shape.setRoles(kj::arrayPtr(&role, 1));
  calls.initArgs(kMaxArgs);
}

TEST_CASE("Hostile blocks are refused block by block") {
  ReadReport report;
  const auto damage = [&](uint32_t rows, const std::function<void(schema::Block::Builder)>& fill) {
    REQUIRE(readAll(hostile(rows, fill), &report) >= 0);
    return report.damaged_frames;
  };
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
  CHECK(damage(2, [](auto block) { putPlanes({zigzag(1000), 0}, block.initStrings().initLengths()); }) == 1);
  CHECK(damage(0, [](auto block) { block.initStacks().setFrameCount(0x7FFFFFFF); }) == 1);
  CHECK(damage(0, [](auto block) { block.initProcesses().initOpenFds().setCount(0xFFFFFFFF); }) == 1);
  CHECK(damage(0, [](auto block) { block.initProcesses().initEpollMembers().setCount(0xFFFFFFFF); }) == 1);
  CHECK(damage(0, [](auto block) {
          auto members = block.initProcesses().initEpollMembers();
          members.setCount(2);
          members.initData().initPlanes(9);
        }) == 1);
  CHECK(damage(2, [](auto block) { block.initSwitches(); }) == 1);
  CHECK(damage(1, [](auto block) {
          auto wakes = block.initWakes();
          wakes.setThreads({1});
          wakes.initKinds(1);
          putPlanes({zigzag(5)}, wakes.initWaker());
        }) == 1);
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

TEST_CASE("Values that make no sense cost their row or become unknown") {
  ReadReport report;
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

  struct Actions : TraceVisitor {
    std::vector<SignalEvent> signals;
    void onSignal(const SignalEvent& e) override { signals.push_back(e); }
  } actions;
  TraceReader of_signals = TraceReader::fromMemory(hostile(3, [](auto block) {
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
  of_signals.read(actions);
  REQUIRE(actions.signals.size() == 1);
  CHECK(actions.signals[0].kind == SignalKind::unknown);
  CHECK(actions.signals[0].action == SignalAction::unknown);
  CHECK(!actions.signals[0].sender);  // a thread that nothing defines
  CHECK(of_signals.report().dropped_rows == 2);

  struct Sockets : TraceVisitor {
    std::vector<SocketEvent> events;
    void onSocket(const SocketEvent& e) override { events.push_back(e); }
  } sockets;
  TraceReader of_sockets = TraceReader::fromMemory(hostile(3, [](auto block) {
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
  of_sockets.read(sockets);
  REQUIRE(sockets.events.size() == 2);
  CHECK(of_sockets.report().dropped_rows == 1);
  for (const SocketEvent& event : sockets.events) {
    CHECK(event.kind == SocketEventKind::unknown);
    CHECK(event.state == TcpState::unknown);
    CHECK(!event.thread);
    CHECK(!event.resource);
  }
  CHECK(sockets.events[0].facts.srtt_us == 7);
  struct Said : TraceVisitor {
    std::vector<PlaintextEvent> plaintexts;
    void onPlaintext(const PlaintextEvent& e) override { plaintexts.push_back(e); }
  } said;
  TraceReader of_plaintexts = TraceReader::fromMemory(hostile(4, [](auto block) {
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
  of_plaintexts.read(said);
  REQUIRE(said.plaintexts.size() == 1);
  CHECK(said.plaintexts[0].library == TlsLibrary::unknown);
  CHECK(!said.plaintexts[0].resource);  // that nothing defines
  CHECK(of_plaintexts.report().dropped_rows == 3);

  struct Packets : TraceVisitor {
    std::vector<PacketEvent> packets;
    void onPacket(const PacketEvent& e) override { packets.push_back(e); }
  } sent;
  TraceReader of_packets = TraceReader::fromMemory(hostile(2, [](auto block) {
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
  of_packets.read(sent);
  REQUIRE(sent.packets.size() == 1);
  CHECK(!sent.packets[0].thread);  // nothing defines any of them
  CHECK(!sent.packets[0].resource);
  CHECK(!sent.packets[0].interface_name);
  CHECK(sent.packets[0].link == PacketLink::raw_ip);
  CHECK(of_packets.report().dropped_rows == 1);

  struct Counts : TraceVisitor {
    std::vector<FoldEvent> folds;
    void onFold(const FoldEvent& e) override { folds.push_back(e); }
  } counts;
  const uint64_t minus_one = zigzag(~0ULL);
  TraceReader of_folds = TraceReader::fromMemory(hostile(6, [&](auto block) {
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
  of_folds.read(counts);
  REQUIRE(counts.folds.size() == 2);
  CHECK(counts.folds[0].kind == FoldKind::calls);
  CHECK(counts.folds[0].abi == Abi::none);
  CHECK(!counts.folds[0].resource);
  CHECK(counts.folds[1].kind == FoldKind::unknown);
  CHECK(of_folds.report().dropped_rows == 4);

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

// ---- bombs: little that claims to be much ------------------------------------------------------

// Overlapping blocks of zero rows, from a few hundred bytes each.
constexpr uint32_t kZeroRows = 64 * 1024;
std::vector<uint8_t> zeroRows(int blocks) {
  std::vector<uint8_t> bytes = hostile(kZeroRows, [](auto block) { fillCalls(block.initSyscalls()); });
  const BlockFile file(memoryByteSource(bytes), "x");
  const BlockInfo& info = file.blocks().back();
  const std::vector<uint8_t> frame(bytes.begin() + static_cast<ptrdiff_t>(info.offset), bytes.end());
  for (int i = 1; i < blocks; ++i) bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

struct CountCalls : TraceVisitor {
  uint64_t calls = 0;
  void onSyscall(const SyscallEvent&) override { ++calls; }
};

TEST_CASE("A tiny file cannot claim many rows") {
  CountCalls count;
  TraceReader reader = TraceReader::fromMemory(zeroRows(21));
  reader.read(count);
  CHECK(count.calls == 2ULL * kZeroRows);
  CHECK(reader.report().damaged_frames == 19);
  REQUIRE(reader.report().problems.size() > 2);
  CHECK(reader.report().problems[1].find("more rows than a file of this size can hold") != std::string::npos);
}

TEST_CASE("A file cannot claim much memory") {
  // A skippable frame makes it large enough for its rows.
  std::vector<uint8_t> bytes = zeroRows(84);
  const uint32_t padding = 700'000;
  appendU32(bytes, kSkippableMagic);
  appendU32(bytes, padding);
  bytes.resize(bytes.size() + padding);
  CountCalls count;
  TraceReader reader = TraceReader::fromMemory(bytes);
  reader.read(count);
  CHECK(count.calls > 2ULL * kZeroRows);
  CHECK(count.calls <= 84ULL * kZeroRows);
  REQUIRE(!reader.report().problems.empty());
  CHECK(reader.report().problems.back() ==
        "too many blocks cover the same time: some events had to be left out");
}

// A frame whose header says that it holds `content_bytes`, of RLE blocks with 128 KiB each (RFC 8878, 3.1.1:
// a single segment with an eight-byte size and a checksum).
std::vector<uint8_t> claimingFrame(uint64_t content_bytes, size_t rle_blocks) {
  std::vector<uint8_t> frame;
  appendU32(frame, kZstdMagic);
  frame.push_back(3 << 6 | 1 << 5 | 1 << 2);
  for (int shift = 0; shift < 64; shift += 8) frame.push_back(static_cast<uint8_t>(content_bytes >> shift));
  for (size_t i = 0; i < rle_blocks; ++i) {
    const bool last = i + 1 == rle_blocks;
    const uint32_t header = (128U << 10) << 3 | 1 << 1 | (last ? 1 : 0);  // RLE
    for (int shift = 0; shift < 24; shift += 8) frame.push_back(static_cast<uint8_t>(header >> shift));
    frame.push_back(0);
  }
  appendU32(frame, 0);  // a wrong checksum, found after decompressing
  return frame;
}

TEST_CASE("A frame that claims gigabytes is no frame") {
  for (const uint64_t claim : {uint64_t{4} << 30, uint64_t{1} << 62, kMaxBlockBytes + 8, ~uint64_t{0} - 1}) {
    INFO("claims " << claim);
    const std::vector<uint8_t> frame = claimingFrame(claim, 250);
    CHECK(frame.size() < 1100);
    CHECK(probeFrame(frame).kind == FrameKind::none);
    CHECK(refusal(frame) == "cannot read x.tarry: not a tarry trace");
    std::vector<uint8_t> bytes = smallFile();
    const int64_t all = readAll(bytes);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    ReadReport report;
    CHECK(readAll(bytes, &report) == all);
    CHECK(report.damaged_bytes == frame.size());
  }
}

TEST_CASE("A frame that claims what it cannot hold allocates nothing") {
  FrameDecompressor decompressor;
  CHECK_THROWS_WITH(decompressor.decompress(claimingFrame(kMaxBlockBytes, 1)),
                    "a frame that claims too much");
}

TEST_CASE("A frame in a frame is not opened") {
  // 64 MiB of zeros, a thousand times, compressed once more; and a skippable frame that holds a trace.
  FrameCompressor compressor(3);
  const auto zeros = compressor.compress(std::vector<uint8_t>(kMaxBlockBytes));
  std::vector<uint8_t> many;
  for (int i = 0; i < 1000; ++i) many.insert(many.end(), zeros.begin(), zeros.end());
  const auto frame = compressor.compress(many);
  CHECK(frame.size() < 50'000);
  CHECK(refusal({frame.begin(), frame.end()}) == "cannot read x.tarry: not a tarry trace");

  const std::vector<uint8_t> inner = smallFile();
  std::vector<uint8_t> bytes;
  appendU32(bytes, kSkippableMagic);
  appendU32(bytes, static_cast<uint32_t>(inner.size()));
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  CHECK(readAll(bytes) == readAll(inner));
}

TEST_CASE("Many frames of nothing are given up, not all decompressed") {
  // Each decompresses to 64 MiB before its checksum is seen to be wrong: 2,000 are 125 GiB.
  const std::vector<uint8_t> frame = claimingFrame(kMaxBlockBytes, kMaxBlockBytes / (128U << 10));
  CHECK(frame.size() < 2100);
  std::vector<uint8_t> bytes = smallFile();
  bytes.pop_back();  // no index
  for (int i = 0; i < 2000; ++i) bytes.insert(bytes.end(), frame.begin(), frame.end());
  ReadReport report;
  const auto start = std::chrono::steady_clock::now();
  CHECK(readAll(bytes, &report) == readAll(smallFile()));
  // 20 of them take well under a second, all half a minute.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  CHECK(report.damaged_frames == 1);
}

}  // namespace
}  // namespace tarry::testing
