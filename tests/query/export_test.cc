#include "query/export/pcapng.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <sstream>
#include <string>

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
