#include <catch2/catch.hpp>

#include "format/testing/trace_builder.h"
#include "tests/format/event_text.h"

namespace tarry::testing {
namespace {

TEST_CASE("TraceBuilder tells a small story in the order of time") {
  TraceBuilder b;
  auto& server = b.process("server", 90);
  auto& client = b.process("python3", 100, 1_ms, false);
  const ResourceId socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  client.runsFor(10_ms).call("openat", {.args = {-100, 0, 0}, .ret = 3, .strings = {{1, "/etc/hosts"}}});
  client
      .blocksIn("recvfrom",
                {.args = {4, 0, 100},
                 .ret = 5,
                 .objects = {{0, 4, socket}},
                 .payloads = {{1, PayloadDirection::out, "hello"}}},
                2_s, 1_ms)
      .wokenBy(server, "sendto", socket);
  client.exits(0);

  TraceReader reader = b.reader();
  const Transcript got = transcribe(reader);
  CHECK(reader.report().clean());
  CHECK(reader.report().problems.empty());
  REQUIRE(reader.trailer().has_value());
  CHECK(reader.trailer()->reason == EndReason::target_ended);
  const int64_t t0 = TraceBuilder::kStartNs;
  CHECK(reader.startNs() == t0);
  CHECK(reader.endNs() == t0 + 1_ms + 10_ms + 1000 + 2_s + 1_ms);

  struct Seen : TraceVisitor {
    std::vector<std::string> lines;
    void onLife(const LifeEvent& e) override {
      lines.push_back(fmt::format("life{}", static_cast<int>(e.kind)));
    }
    void onSyscall(const SyscallEvent& e) override {
      lines.push_back(fmt::format("call{} {} {}", e.nr, e.call_seq, e.payloads.empty() ? "" : "payload"));
    }
    void onSwitch(const SwitchEvent& e) override { lines.push_back(e.in ? "in" : "out"); }
    void onWake(const WakeEvent& e) override { lines.push_back(fmt::format("wake by {}", e.waker.value)); }
  } seen;
  reader.read(seen);
  CHECK(seen.lines == std::vector<std::string>{"life1", "in", "life1", "in", "call257 1 ", "call45 2 payload",
                                               "out", "wake by 1", "in", "life5", "out"});
}

}  // namespace
}  // namespace tarry::testing
