// Headers of packets: what they say, and that bytes which are cut or lie say nothing.
#include "analyzer/net/packet_headers.h"

#include <catch2/catch.hpp>
#include <random>

#include "analyzer/resource_label.h"
#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::analysis;
using namespace tarry::testing;

namespace {

using Packet = std::vector<uint8_t>;

Packet operator+(Packet head, const Packet& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

const Packet kEthernet4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0};
const Packet kTagged4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, 0, 5, 8, 0};

// From 10.0.0.1 to 10.0.0.2.
Packet ipv4(uint8_t protocol, uint16_t total, uint16_t fragment = 0) {
  return {0x45,
          0,
          static_cast<uint8_t>(total >> 8U),
          static_cast<uint8_t>(total),
          0,
          0,
          static_cast<uint8_t>(fragment >> 8U),
          static_cast<uint8_t>(fragment),
          64,
          protocol,
          0,
          0,
          10,
          0,
          0,
          1,
          10,
          0,
          0,
          2};
}

// From ::1 to ::2.
Packet ipv6(uint8_t next, uint16_t payload) {
  Packet head(40);
  head[0] = 0x60;
  head[4] = static_cast<uint8_t>(payload >> 8U);
  head[5] = static_cast<uint8_t>(payload);
  head[6] = next;
  head[23] = 1;
  head[39] = 2;
  return head;
}

// 4000 to 80, seq 1, ack 0x01020304, PSH and ACK, window 256, 4 bytes of options.
const Packet kTcp{15, 160, 0, 80, 0, 0, 0, 1, 1, 2, 3, 4, 0x60, 0x18, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1};
const Packet kUdp{0, 53, 15, 160, 0, 11, 0, 0};

void checkTcp(const PacketHeaders& headers, uint32_t payload) {
  CHECK(headers.protocol == PacketProtocol::tcp);
  CHECK(headers.from.port == 4000);
  CHECK(headers.to.port == 80);
  REQUIRE(headers.has_tcp);
  CHECK(headers.sequence == 1);
  CHECK(headers.acknowledged == 0x01020304);
  CHECK(headers.window == 256);
  CHECK(tcpFlagsText(headers.flags) == "PA");
  CHECK(headers.payload_length == payload);
}

}  // namespace

TEST_CASE("Headers of TCP over IPv4 and IPv6, on Ethernet and without", "[packet]") {
  const Packet four = ipv4(6, 47) + kTcp + Packet{'a', 'b', 'c'};
  checkTcp(readPacketHeaders(PacketLink::raw_ip, four, 47), 3);
  checkTcp(readPacketHeaders(PacketLink::ethernet, kEthernet4 + four, 61), 3);
  checkTcp(readPacketHeaders(PacketLink::loopback, kTagged4 + four, 65), 3);
  // A short frame is padded; a cut one says how long it was.
  checkTcp(readPacketHeaders(PacketLink::raw_ip, four + Packet(10), 57), 3);
  checkTcp(readPacketHeaders(PacketLink::raw_ip, ipv4(6, 1044) + kTcp, 1044), 1000);
  // More than the field holds.
  checkTcp(readPacketHeaders(PacketLink::raw_ip, ipv4(6, 0) + kTcp, 70'044), 70'000);
  const PacketHeaders six = readPacketHeaders(PacketLink::raw_ip, ipv6(6, 30) + kTcp, 70);
  checkTcp(six, 6);
  CHECK(addressText(six.from.family, six.from.addr) == "::1");
  CHECK(addressText(six.to.family, six.to.addr) == "::2");
  const Packet extension{6, 0, 0, 0, 0, 0, 0, 0};
  checkTcp(readPacketHeaders(PacketLink::raw_ip, ipv6(0, 32) + extension + kTcp, 72), 0);
  checkTcp(readPacketHeaders(PacketLink::raw_ip, ipv6(44, 32) + extension + kTcp, 72), 0);
}

TEST_CASE("Headers of other protocols", "[packet]") {
  const PacketHeaders udp = readPacketHeaders(PacketLink::raw_ip, ipv4(17, 31) + kUdp, 31);
  CHECK(udp.protocol == PacketProtocol::udp);
  CHECK(udp.has_ports);
  CHECK(udp.from.port == 53);
  CHECK(udp.payload_length == 3);
  CHECK_FALSE(udp.has_tcp);
  const PacketHeaders icmp = readPacketHeaders(PacketLink::raw_ip, ipv4(1, 84) + Packet(64), 84);
  CHECK(icmp.protocol == PacketProtocol::icmp);
  CHECK(icmp.payload_length == 56);
  CHECK_FALSE(icmp.has_ports);
  CHECK(readPacketHeaders(PacketLink::raw_ip, ipv6(58, 8) + Packet(8), 48).protocol == PacketProtocol::icmp6);
  CHECK(readPacketHeaders(PacketLink::raw_ip, ipv4(47, 40) + Packet(20), 40).protocol == PacketProtocol::ip);
  // A later fragment has no header of TCP.
  const PacketHeaders later = readPacketHeaders(PacketLink::raw_ip, ipv4(6, 44, 0x2001) + kTcp, 44);
  CHECK(later.protocol == PacketProtocol::ip);
  CHECK_FALSE(later.has_ports);
  const PacketHeaders arp = readPacketHeaders(PacketLink::ethernet, Packet(60), 60);
  CHECK(arp.protocol == PacketProtocol::none);
  CHECK(arp.from.family == 0);
}

TEST_CASE("Headers that are cut anywhere or lie say only what is there", "[packet]") {
  for (const Packet& whole :
       {kEthernet4 + ipv4(6, 44) + kTcp, kTagged4 + ipv6(0, 32) + Packet{6, 0, 0, 0, 0, 0, 0, 0} + kTcp,
        kEthernet4 + ipv4(17, 28) + kUdp}) {
    for (size_t size = 0; size <= whole.size(); ++size) {
      const Packet cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      const PacketHeaders headers =
          readPacketHeaders(PacketLink::ethernet, cut, static_cast<uint32_t>(whole.size()));
      if (size < kEthernet4.size() + 20) CHECK_FALSE(headers.has_ports);
      if (size < kEthernet4.size() + 20 + 16) CHECK_FALSE(headers.has_tcp);
      readPacketHeaders(PacketLink::raw_ip, cut, 0);
    }
  }
  std::minstd_rand random(1);
  for (int i = 0; i < 20'000; ++i) {
    Packet bytes = (i % 2 == 0 ? ipv4(6, 44) : ipv6(0, 60)) + Packet(random() % 80);
    for (uint8_t& byte : bytes) byte = random() % 4 == 0 ? static_cast<uint8_t>(random()) : byte;
    const auto length = static_cast<uint32_t>(random());
    const PacketHeaders headers = readPacketHeaders(static_cast<PacketLink>(random() % 3), bytes, length);
    if (headers.payload_length) CHECK(*headers.payload_length <= std::max<size_t>(length, bytes.size()));
  }
}

TEST_CASE("packets become rows with who sent them", "[packet]") {
  TraceBuilder builder;
  auto& p = builder.process("p", 100);
  const ResourceId socket = builder.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  const Packet bytes = ipv4(6, 47) + kTcp + Packet{'a', 'b', 'c'};
  PacketEvent packet;
  packet.ts_ns = 1_ms;
  packet.thread = p.id();
  packet.resource = socket;
  packet.direction = PacketDirection::sent;
  packet.interface_index = 2;
  packet.interface_name = builder.text("eth0");
  packet.length = 47;
  packet.data = bytes;
  builder.add(packet);
  packet.ts_ns = 2_ms;
  packet.thread = {};
  packet.direction = PacketDirection::received;
  packet.data = std::span(bytes).first(22);
  builder.add(packet);
  Loaded loaded(builder, {.payloads = true});
  CHECK(loaded.rows(
            "SELECT p.id, p.ts, t.tid, r.remote_port, direction, interface, length, captured, p.protocol, "
            "src_addr, src_port, dst_addr, dst_port, flags, seq, ack, window, payload_length, length(data) "
            "FROM packet p LEFT JOIN thread t USING (utid) LEFT JOIN resource r ON r.id = p.resource_id") ==
        "1 1000000 100 80 sent eth0 47 47 tcp 10.0.0.1 4000 10.0.0.2 80 PA 1 16909060 256 3 47\n"
        "2 2000000 - 80 received eth0 47 22 tcp 10.0.0.1 - 10.0.0.2 - - - - - - 22");
  CHECK(loaded.number("SELECT value FROM stats WHERE name = 'packets'") == 2);
}
