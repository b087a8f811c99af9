#include "query/export/ip_frames.h"

#include <algorithm>
#include <array>

namespace tarry {
namespace {

using analysis::Endpoint;

// include/linux/socket.h
constexpr uint16_t kIpv4 = 2;
constexpr uint16_t kIpv6 = 10;

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kHops = 64;
constexpr uint16_t kWindow = 65'535;

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void put16(std::vector<uint8_t>& to, uint32_t value) {
  to.push_back(static_cast<uint8_t>(value >> 8U));
  to.push_back(static_cast<uint8_t>(value));
}

void put32(std::vector<uint8_t>& to, uint32_t value) {
  put16(to, value >> 16U);
  put16(to, value & 0xffffU);
}

void set16(std::vector<uint8_t>& in, size_t at, uint32_t value) {
  in[at] = static_cast<uint8_t>(value >> 8U);
  in[at + 1] = static_cast<uint8_t>(value);
}

// RFC 1071: the sum of 16-bit words, folded.
class Checksum {
 public:
  void add(std::span<const uint8_t> bytes) {
    for (size_t i = 0; i + 1 < bytes.size(); i += 2)
      sum_ += static_cast<uint32_t>(bytes[i] << 8U | bytes[i + 1]);
    if (bytes.size() % 2 != 0) sum_ += static_cast<uint32_t>(bytes.back() << 8U);
  }
  void add(uint32_t word) { sum_ += word; }
  uint16_t value() const {
    uint64_t sum = sum_;
    while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<uint16_t>(~sum);
  }

 private:
  uint64_t sum_ = 0;
};

std::array<uint8_t, 16> asIpv6(const Endpoint& endpoint) {
  if (endpoint.family == kIpv6) return endpoint.addr;
  std::array<uint8_t, 16> mapped{};
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), mapped.begin());
  std::copy_n(endpoint.addr.begin(), 4, mapped.begin() + 12);
  return mapped;
}

// `transport` is the header and the data there is, with a checksum of 0 at `checksum_at`.
IpFrame ipFrame(const Endpoint& from, const Endpoint& to, uint8_t protocol, std::vector<uint8_t> transport,
                size_t checksum_at, uint32_t missing) {
  IpFrame frame;
  std::vector<uint8_t>& bytes = frame.bytes;
  const auto length = static_cast<uint32_t>(transport.size()) + missing;
  Checksum sum;
  size_t header = 20;
  if (from.family == kIpv4 && to.family == kIpv4) {
    bytes = {0x45, 0};
    put16(bytes, 20 + length);
    put16(bytes, 0);       // identification
    put16(bytes, 0x4000);  // not to be fragmented
    bytes.push_back(kHops);
    bytes.push_back(protocol);
    put16(bytes, 0);
    bytes.insert(bytes.end(), from.addr.begin(), from.addr.begin() + 4);
    bytes.insert(bytes.end(), to.addr.begin(), to.addr.begin() + 4);
    Checksum own;
    own.add(bytes);
    set16(bytes, 10, own.value());
    sum.add(std::span(bytes).subspan(12, 8));
  } else {
    header = 40;
    bytes = {0x60, 0, 0, 0};
    put16(bytes, length);
    bytes.push_back(protocol);
    bytes.push_back(kHops);
    for (const Endpoint& end : {from, to}) {
      const std::array<uint8_t, 16> addr = asIpv6(end);
      bytes.insert(bytes.end(), addr.begin(), addr.end());
    }
    sum.add(std::span(bytes).subspan(8, 32));
  }
  sum.add(protocol);
  sum.add(length);
  sum.add(transport);
  // Of bytes that are not known nobody can tell the sum; readers do not check what is cut.
  uint16_t value = sum.value();
  if (value == 0 && protocol == kUdp) value = 0xffff;  // RFC 768: 0 means none
  set16(transport, checksum_at, value);
  bytes.insert(bytes.end(), transport.begin(), transport.end());
  frame.original_bytes = static_cast<uint32_t>(header) + length;
  return frame;
}

}  // namespace

Endpoint unmapped(const Endpoint& endpoint) {
  if (endpoint.family != kIpv6 ||
      !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.addr.begin()))
    return endpoint;
  Endpoint plain;
  plain.family = kIpv4;
  plain.port = endpoint.port;
  std::copy_n(endpoint.addr.begin() + 12, 4, plain.addr.begin());
  return plain;
}

IpFrame tcpFrame(const TcpSegment& segment) {
  std::vector<uint8_t> bytes;
  bytes.reserve(20 + segment.data.size());
  put16(bytes, segment.from.port);
  put16(bytes, segment.to.port);
  put32(bytes, segment.sequence);
  put32(bytes, segment.acknowledged);
  bytes.push_back(5U << 4U);  // words of the header
  bytes.push_back(segment.flags);
  put16(bytes, kWindow);
  put16(bytes, 0);  // checksum
  put16(bytes, 0);
  bytes.insert(bytes.end(), segment.data.begin(), segment.data.end());
  return ipFrame(segment.from, segment.to, kTcp, std::move(bytes), 16, segment.missing);
}

IpFrame udpFrame(const Endpoint& from, const Endpoint& to, std::span<const uint8_t> data, uint32_t missing) {
  std::vector<uint8_t> bytes;
  put16(bytes, from.port);
  put16(bytes, to.port);
  put16(bytes, 8 + static_cast<uint32_t>(data.size()) + missing);
  put16(bytes, 0);
  bytes.insert(bytes.end(), data.begin(), data.end());
  return ipFrame(from, to, kUdp, std::move(bytes), 6, missing);
}

}  // namespace tarry
