// IP packets made from what a program said: headers with correct lengths and checksums around its bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/net/stream.h"

namespace tarry {

// RFC 9293, section 3.1
enum TcpFlags : uint8_t { kTcpFin = 1, kTcpSyn = 2, kTcpReset = 4, kTcpPush = 8, kTcpAck = 16 };

struct IpFrame {
  std::vector<uint8_t> bytes;
  uint32_t original_bytes = 0;  // with what is missing of its data
};

struct TcpSegment {
  analysis::Endpoint from, to;
  uint32_t sequence = 0, acknowledged = 0;
  uint8_t flags = 0;
  std::span<const uint8_t> data;
  uint32_t missing = 0;  // bytes after `data` that are not known
};

// Most bytes that one segment or datagram carries.
inline constexpr uint32_t kMostFrameData = 65'000;

// data and missing together at most kMostFrameData; ends of different families are framed as IPv6, IPv4
// mapped.
IpFrame tcpFrame(const TcpSegment& segment);
IpFrame udpFrame(const analysis::Endpoint& from, const analysis::Endpoint& to, std::span<const uint8_t> data,
                 uint32_t missing);

// IPv4 where it is one that is mapped into IPv6.
analysis::Endpoint unmapped(const analysis::Endpoint& endpoint);

}  // namespace tarry
