#include "tests/fuzz/seeds.h"

#include "format/block_file.h"
#include "format/errors.h"
#include "format/frame.h"
#include "format/testing/trace_builder.h"

namespace tarry::fuzz {

using namespace tarry::testing;

Bytes inventedTrace(bool finished) {
  TraceBuilder b;
  auto& server = b.process("server", 90);
  auto& client = b.process("python3", 100);
  const ResourceId socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  const ResourceId pipe = b.pipe(77);
  b.openFd(server, 3, socket);
  b.openFd(client, 4, socket);
  client.execs("/usr/bin/python3", {"python3", "x.py"});
  for (int i = 0; i < 3; ++i) {
    client.runsFor(10_ms).call(
        "openat", {.args = {-100, 0, i}, .ret = 3, .strings = {{1, "/etc/hosts" + std::to_string(i)}}});
    client
        .blocksIn("recvfrom",
                  {.args = {4, 0, 100},
                   .ret = 5,
                   .objects = {{0, 4, socket}},
                   .payloads = {{1, PayloadDirection::out, "hello", 9}}},
                  200_ms, 1_ms)
        .wokenBy(server, "sendto", socket)
        .kernelStack(b.stack({"schedule", "tcp_recvmsg"}));
  }
  auto& child = client.forks("sh", 101);
  child.blocksIn("read", {.args = {0, 0, 10}, .ret = 0, .objects = {{0, 0, pipe}}}, 30_ms).wokenBy(client);
  child.getsSignal(signalFrom(15, 90, 0)).exits(15);
  client.blocksIn(
      "epoll_wait",
      {.args = {5, 0, 10, -1}, .ret = 1, .objects = {{static_cast<int>(ObjectRole::ready), 4, socket, 99}}},
      20_ms);
  client.getsSignal(signalFrom(17, 101, 1000, 1))
      .tls(PayloadDirection::in, "GET / HTTP/1.1", 0x5500, socket)
      .preemptedFor(2_ms)
      .sleepsIn(TaskState::uninterruptible, 3_ms, true);
  client.startsThread("worker", 102).blocksForEver("futex", {.args = {0x1000, 128, 2}});
  b.loss(1_s, 1_ms, LossSource::wakes, 3);
  SocketEvent connection;
  connection.socket = 1;
  connection.resource = socket;
  connection.kind = SocketEventKind::established;
  connection.state = TcpState::established;
  client.socketEvent(connection);
  connection.kind = SocketEventKind::closed;
  connection.state = TcpState::close;
  connection.has_facts = true;
  connection.facts.bytes_sent = 100;
  connection.facts.srtt_us = 300;
  client.socketEvent(connection);
  const std::vector<uint8_t> bytes{0x45, 0,  0,    43,   0, 0,  0,   0, 64, 6, 0,   0,   10, 0, 0,
                                   1,    10, 0,    0,    2, 15, 160, 0, 80, 0, 0,   0,   1,  0, 0,
                                   0,    2,  0x50, 0x18, 1, 0,  0,   0, 0,  0, 'a', 'b', 'c'};
  PacketEvent packet;
  packet.ts_ns = 1_s;
  packet.thread = client.id();
  packet.resource = socket;
  packet.direction = PacketDirection::sent;
  packet.interface_index = 2;
  packet.interface_name = b.text("eth0");
  packet.length = 43;
  packet.data = bytes;
  b.add(packet);
  FoldEvent fold;
  fold.ts_ns = 1_s;
  fold.dur_ns = 50_ms;
  fold.count = 7;
  fold.thread = client.id();
  fold.abi = Abi::x86_64;
  fold.resource = socket;
  fold.last_seq = client.nextSeq();
  fold.total_ns = 7_us;
  b.add(fold);
  client.exits(0, false);
  if (!finished) b.cut();
  return b.bytes();
}

std::vector<Message> messagesOf(const Bytes& trace) {
  std::vector<Message> messages;
  FrameDecompressor decompressor;
  for (ByteView rest = trace; !rest.empty();) {
    const FrameProbe probe = probeFrame(rest);
    if (probe.kind == FrameKind::none || probe.kind == FrameKind::incomplete)
      throw TraceError("no whole trace");
    if (probe.kind == FrameKind::block) {
      const auto words = decompressor.decompress(rest.first(probe.size));
      const auto* bytes = reinterpret_cast<const uint8_t*>(words.data());
      messages.push_back({BlockView(words).info().kind, {bytes, bytes + words.size_bytes()}});
    }
    rest = rest.subspan(probe.size);
  }
  return messages;
}

}  // namespace tarry::fuzz
