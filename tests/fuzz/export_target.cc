// The exports of a trace in which two ends of a connection say what the input tells: nothing that a program
// says may break the form of a file that other tools read.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "format/testing/trace_builder.h"
#include "query/export/har.h"
#include "query/export/pcapng.h"
#include "replay/script.h"
#include "tests/fuzz/conversation.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

using tarry::testing::CallSpec;
using tarry::testing::ThreadScript;
using tarry::testing::TraceBuilder;

[[noreturn]] void fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "not a sound export: %s\n%.*s\n", what, 4096, text.c_str());
  std::abort();
}

// One end of the connection: it says some pieces, and hears the others.
struct End {
  ThreadScript& thread;
  ResourceId socket;
  bool tls = false;

  void moves(TraceBuilder& b, bool sends, const ConversationStep& step) {
    // More would only make more frames of nothing, which take long.
    constexpr uint64_t kMostMissing = 1U << 20U;
    const uint64_t length = std::min(step.missing, kMostMissing) + step.bytes.size();
    if (tls) {
      PlaintextEvent event;
      event.thread = thread.id();
      event.ts_ns = thread.now();
      event.direction = sends ? PayloadDirection::in : PayloadDirection::out;
      event.session = 0x1000;
      event.resource = socket;
      event.result = 1;
      event.length = length;
      event.data = step.bytes;
      b.add(event);
    }
    CallSpec call{.args = {3, 0, 0}, .objects = {{0, 3, socket}}};
    call.ret = static_cast<int64_t>(length);
    call.payloads = {{.arg = 1, .direction = sends ? PayloadDirection::in : PayloadDirection::out}};
    if (!tls) call.payloads[0].data.assign(step.bytes.begin(), step.bytes.end());
    call.payloads[0].length = length;
    thread.call(sends ? "sendto" : "recvfrom", call);
  }
};

// A conversation (conversation.h); the second bit of the first byte puts the other end into the trace, too.
void tell(ByteView input, TraceBuilder& b) {
  b.header().snaplen = UINT16_MAX;
  ConversationReader reader(input);
  End client{b.process("client", 100), b.socket("10.0.0.1", 40000, "10.0.0.2", 80), reader.plaintext()};
  End server{b.process("server", 200), b.socket("10.0.0.2", 80, "10.0.0.1", 40000), reader.plaintext()};
  const bool both = !input.empty() && (input[0] & 2U) != 0;
  client.thread.call("connect", {.args = {3, 0, 16}, .objects = {{0, 3, client.socket}}});
  while (const auto step = reader.next()) {
    const bool client_says = !step->received;
    switch (step->kind) {
      case ConversationStep::Kind::piece:
        if (both && !client_says) server.moves(b, true, *step);
        client.moves(b, client_says, *step);
        if (both && client_says) server.moves(b, false, *step);
        break;
      case ConversationStep::Kind::lost:
        b.loss(client.thread.now(), 1, LossSource::syscalls, 1, client.thread.id());
        break;
      case ConversationStep::Kind::ended:
        (client_says ? client : server)
            .thread.call("shutdown",
                         {.args = {3, 1}, .objects = {{0, 3, (client_says ? client : server).socket}}});
        break;
    }
    server.thread.at(client.thread.now());
  }
}

void checkHar(Database& db, const std::string& har, int64_t count) {
  Statement check = db.prepare("SELECT json_valid(?1), json_array_length(?1, '$.log.entries')");
  check.bind(1, har);
  if (!check.step() || check.integer(0) != 1) fail("no JSON", har);
  if (check.integer(1) != count) fail("not as many entries as it says", har);
}

// Blocks follow each other by their lengths, which stand at both ends of each.
void checkPcapng(const std::string& file, int64_t packets) {
  constexpr uint32_t kPacket = 6;
  constexpr size_t kSmallest = 12;
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    std::memcpy(&value, file.data() + at, sizeof value);
    return value;
  };
  int64_t found = 0;
  for (size_t at = 0; at < file.size();) {
    if (file.size() - at < kSmallest) fail("a block that is cut", "");
    const uint32_t length = word(at + 4);
    if (length < kSmallest || length % 4 != 0 || length > file.size() - at) fail("a block's length", "");
    if (word(at + length - 4) != length) fail("a block's second length", "");
    if (word(at) == kPacket) {
      found++;
      if (word(at + 20) > word(at + 24)) fail("more of a packet than there was", "");
    }
    at += length;
  }
  if (found != packets) fail("not as many packets as it says", "");
}

}  // namespace

void fuzzExport(ByteView input) {
  TraceBuilder b;
  tell(input, b);
  TraceReader reader = b.reader();
  std::ostringstream capture;
  const PcapngCounts counts = exportPcapng(reader, capture);
  checkPcapng(capture.str(), counts.packets);
  replay::readScript(reader);
  Database db = loadTrace(reader);
  std::ostringstream har;
  try {
    const int64_t count = exportHar(db, har);
    checkHar(db, har.str(), count);
  } catch (const TraceError&) {
    // There is none.
  }
}

}  // namespace tarry::fuzz
