// What damaged, foreign and hostile files are made of, and how they are tried.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "format/block_output.h"
#include "format/errors.h"
#include "format/header_codec.h"
#include "format/int_column.h"
#include "format/testing/trace_builder.h"
#include "tests/format/event_text.h"

namespace tarry::testing {

inline void tellSmallStory(TraceBuilder& b) {
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

inline std::vector<uint8_t> smallFile(const WriterOptions& options = {}) {
  TraceBuilder b;
  b.options() = options;
  tellSmallStory(b);
  return b.bytes();
}

// Reads all there is; the number of events, or -1 if the file was refused.
inline int64_t readAll(std::vector<uint8_t> bytes, ReadReport* report = nullptr) {
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

// What is said of a file that is no trace; nothing if it is one.
inline std::string refusal(std::vector<uint8_t> bytes) {
  try {
    TraceReader::fromMemory(std::move(bytes), "x.tarry");
    return "";
  } catch (const TraceError& e) {
    return e.what();
  }
}

// A file of a good header and one block that `fill` makes.
inline std::vector<uint8_t> hostile(uint32_t rows, const std::function<void(schema::Block::Builder)>& fill) {
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

inline void fillCalls(schema::Syscalls::Builder calls) {
  calls.setBaseNs(5);
  calls.setThreads({1});
  auto shape = calls.initShapes(1)[0];
  shape.setArgMask(1);
  const uint8_t role = 0;
  shape.setRoles(kj::arrayPtr(&role, 1));
  calls.initArgs(kMaxArgs);
}

}  // namespace tarry::testing
