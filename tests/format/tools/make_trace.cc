// Writes a small trace with every kind of block to standard output, for tests with other tools.
#include <cstdio>

#include "format/testing/trace_builder.h"

int main() {
  using namespace tarry;
  using namespace tarry::testing;
  TraceBuilder b;
  auto& server = b.process("server", 90);
  auto& client = b.process("python3", 100);
  const ResourceId socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  b.openFd(server, 3, socket);
  client.runsFor(10_ms).call("openat", {.args = {-100, 0, 0}, .ret = 3, .strings = {{1, "/etc/hosts"}}});
  client
      .blocksIn("recvfrom",
                {.args = {4},
                 .ret = 5,
                 .objects = {{0, 4, socket}},
                 .payloads = {{1, PayloadDirection::out, "hello"}}},
                2_s)
      .wokenBy(server)
      .kernelStack(b.stack({"schedule", "tcp_recvmsg"}));
  b.loss(1_s, 1_ms, LossSource::wakes, 3);
  client.exits(0);
  const std::vector<uint8_t> bytes = b.bytes();
  return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() ? 0 : 1;
}
