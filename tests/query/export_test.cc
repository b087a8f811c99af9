#include "query/export/pcapng.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <sstream>
#include <string>

#include "format/testing/trace_builder.h"
#include "query/export/ip_frames.h"
#include "query/export/pcapng_writer.h"

using namespace tarry;
using analysis::Endpoint;

namespace {

Endpoint ipv4(uint8_t last, uint16_t port) {
  Endpoint end;
  end.family = 2;
  end.port = port;
  end.addr = {127, 0, 0, last};
  return end;
}

std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

uint32_t word(std::string_view text, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, text.data() + at, sizeof value);
  return value;
}

}  // namespace

TEST_CASE("A framed segment has the lengths and checksums of RFC 791 and 9293", "[export]") {
  TcpSegment segment;
  segment.from = ipv4(1, 1000);
  segment.to = ipv4(2, 80);
  segment.sequence = 1;
  segment.flags = kTcpAck;
  segment.data = bytesOf("abc");
  const IpFrame frame = tcpFrame(segment);
  CHECK(frame.bytes.size() == 43);
  CHECK(frame.original_bytes == 43);
  // Summed with its checksum, whatever is right gives ones only.
  const auto sum = [](std::span<const uint8_t> bytes, uint32_t start) {
    uint32_t all = start;
    for (size_t i = 0; i < bytes.size(); i++)
      all += static_cast<uint32_t>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
    while (all >> 16U != 0) all = (all & 0xffffU) + (all >> 16U);
    return all;
  };
  const std::span<const uint8_t> bytes = frame.bytes;
  CHECK(sum(bytes.first(20), 0) == 0xffff);
  const uint32_t pseudo = sum(bytes.subspan(12, 8), 6 + 23);
  CHECK(sum(bytes.subspan(20), pseudo) == 0xffff);
}

TEST_CASE("A frame says how long it was where bytes are missing", "[export]") {
  const IpFrame frame = udpFrame(ipv4(1, 1000), ipv4(2, 53), bytesOf("abc"), 500);
  CHECK(frame.bytes.size() == 31);
  CHECK(frame.original_bytes == 531);
  CHECK((frame.bytes[2] << 8 | frame.bytes[3]) == 531);
  CHECK((frame.bytes[24] << 8 | frame.bytes[25]) == 511);
}

TEST_CASE("Ends of both families are framed as IPv6, mapped ones alone as IPv4", "[export]") {
  Endpoint mapped;
  mapped.family = 10;
  mapped.port = 80;
  mapped.addr = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  CHECK(unmapped(mapped) == ipv4(1, 80));
  CHECK(udpFrame(mapped, ipv4(2, 1), {}, 0).bytes[0] == 0x60);
  CHECK(udpFrame(unmapped(mapped), ipv4(2, 1), {}, 0).bytes[0] == 0x45);
}

TEST_CASE("Blocks of a capture file are padded and say their length at both ends", "[export]") {
  std::ostringstream out;
  PcapngWriter writer(out, "tarry", "Linux");
  CHECK(writer.addInterface(LinkType::raw_ip, "one", "first") == 0);
  CHECK(writer.addInterface(LinkType::raw_ip, "two", "second") == 1);
  writer.write({1, 1'500'000'000, bytesOf("abcde"), 9, "who"});
  const std::string file = out.str();
  size_t at = 0;
  std::vector<uint32_t> kinds;
  while (at + 12 <= file.size()) {
    kinds.push_back(word(file, at));
    const uint32_t length = word(file, at + 4);
    REQUIRE(length % 4 == 0);
    REQUIRE(at + length <= file.size());
    CHECK(word(file, at + length - 4) == length);
    if (kinds.back() == 6) {
      CHECK(word(file, at + 8) == 1);
      CHECK(word(file, at + 16) == 1'500'000'000);
      CHECK(word(file, at + 20) == 5);
      CHECK(word(file, at + 24) == 9);
      CHECK(file.substr(at + 28, 8) == std::string("abcde\0\0\0", 8));
    }
    at += length;
  }
  CHECK(at == file.size());
  CHECK(kinds == std::vector<uint32_t>{0x0A0D0D0A, 1, 1, 6});
}

TEST_CASE("Recorded packets are exported as they are, those of the loopback interface once", "[export]") {
  using namespace tarry::testing;
  TraceBuilder builder;
  auto& client = builder.process("client", 100);
  const ResourceId socket = builder.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  // The same was said by a call: it is not framed a second time.
  client.call("sendto", {.args = {3, 0, 3},
                         .ret = 3,
                         .objects = {{0, 3, socket}},
                         .payloads = {{1, PayloadDirection::in, "abc", 3}}});
  TcpSegment segment;
  segment.from = {2, 4000, {10, 0, 0, 1}};
  segment.to = {2, 80, {10, 0, 0, 2}};
  segment.flags = kTcpAck;
  segment.data = bytesOf("abc");
  const IpFrame frame = tcpFrame(segment);
  std::vector<uint8_t> on_ethernet(14);
  on_ethernet[12] = 8;
  on_ethernet.insert(on_ethernet.end(), frame.bytes.begin(), frame.bytes.end());
  PacketEvent packet;
  packet.ts_ns = 5_ms;
  packet.resource = socket;
  const auto add = [&](PacketDirection direction, PacketLink link, std::string_view name,
                       const std::vector<uint8_t>& bytes) {
    packet.direction = direction;
    packet.thread = direction == PacketDirection::sent ? client.id() : ThreadId{};
    packet.link = link;
    packet.interface_index = static_cast<uint32_t>(link) + 1;
    packet.interface_name = builder.text(name);
    packet.length = static_cast<uint32_t>(bytes.size()) + 100;
    packet.data = bytes;
    builder.add(packet);
    packet.ts_ns += 1_ms;
  };
  add(PacketDirection::sent, PacketLink::loopback, "lo", on_ethernet);
  add(PacketDirection::received, PacketLink::loopback, "lo", on_ethernet);
  add(PacketDirection::received, PacketLink::ethernet, "eth0", on_ethernet);
  add(PacketDirection::received, PacketLink::raw_ip, "tun0", frame.bytes);
  std::ostringstream out;
  TraceReader reader = builder.reader();
  CHECK(exportPcapng(reader, out).packets == 3);
  const std::string file = out.str();
  std::vector<std::string> interfaces, packets;
  for (size_t at = 0; at + 12 <= file.size(); at += word(file, at + 4)) {
    const std::string block = file.substr(at, word(file, at + 4));
    if (word(block, 0) == 1) interfaces.push_back(block);
    if (word(block, 0) == 6) packets.push_back(block);
  }
  REQUIRE(interfaces.size() == 5);  // with those of what is framed
  REQUIRE(packets.size() == 3);
  const auto came_by = [&](const std::string& block) { return interfaces[word(block, 8)]; };
  const std::string in("\2\0\4\0\1\0\0\0", 8), way_out("\2\0\4\0\2\0\0\0", 8);
  CHECK(came_by(packets[0]).find("lo") != std::string::npos);
  CHECK((word(came_by(packets[0]), 8) & 0xffffU) == 1);
  CHECK(word(packets[0], 20) == on_ethernet.size());
  CHECK(word(packets[0], 24) == on_ethernet.size() + 100);
  CHECK(packets[0].find(way_out) != std::string::npos);
  CHECK(packets[0].find("client (pid 100, tid 100)") != std::string::npos);
  CHECK(came_by(packets[1]).find("eth0") != std::string::npos);
  CHECK(packets[1].find(in) != std::string::npos);
  CHECK(packets[1].find("received by client (pid 100)") != std::string::npos);
  CHECK(came_by(packets[2]).find("tun0") != std::string::npos);
  CHECK((word(came_by(packets[2]), 8) & 0xffffU) == 101);
}

TEST_CASE("A call that claims to have moved more than there is does not make frames without end",
          "[export]") {
  using namespace tarry::testing;
  TraceBuilder builder;
  auto& client = builder.process("client", 100);
  const ResourceId socket = builder.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  for (int i = 0; i < 2; i++) {
    client.call("sendto", {.args = {3, 0, 3}, .ret = INT64_MAX, .objects = {{0, 3, socket}}});
    client.call("sendto", {.args = {3, 0, 3},
                           .ret = 3,
                           .objects = {{0, 3, socket}},
                           .payloads = {{1, PayloadDirection::in, "abc", 3}}});
  }
  std::ostringstream out;
  TraceReader reader = builder.reader();
  const PcapngCounts counts = exportPcapng(reader, out);
  CHECK(counts.missing_bytes == 2 * static_cast<uint64_t>(INT64_MAX));
  CHECK(counts.packets == (1 << 16) + 2);
}

TEST_CASE("A connection that connect is asked of again has one handshake", "[export]") {
  using namespace tarry::testing;
  const auto packets = [](std::initializer_list<int64_t> results) {
    TraceBuilder builder;
    auto& client = builder.process("redis-cli", 100);
    const ResourceId socket = builder.socket("10.0.0.1", 4000, "10.0.0.2", 6379);
    for (const int64_t result : results)
      client.call("connect", {.args = {3, 0, 16}, .ret = result, .objects = {{0, 3, socket}}});
    std::ostringstream out;
    TraceReader reader = builder.reader();
    return exportPcapng(reader, out).packets;
  };
  CHECK(packets({0}) == 3);
  CHECK(packets({-115}) == 1);                    // EINPROGRESS
  CHECK(packets({-115, 0}) == 3);                 // as hiredis does
  CHECK(packets({-115, -114, -114, -106}) == 3);  // EALREADY, EISCONN
  CHECK(packets({-111, -111}) == 4);              // refused twice
}
