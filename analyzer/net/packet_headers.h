// What the headers of a packet say: Ethernet, IP, TCP, UDP, ICMP. Of bytes that may be cut anywhere, or lie.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "analyzer/net/stream.h"
#include "analyzer/table.h"
#include "format/events.h"

namespace tarry::analysis {

enum class PacketProtocol : uint8_t { none, ip, tcp, udp, icmp, icmp6 };  // none: no IP

struct PacketHeaders {
  PacketProtocol protocol = PacketProtocol::none;
  Endpoint from, to;       // family 0: not there; port 0: it has none
  bool has_ports = false;  // TCP, UDP
  // Of TCP, where that much of it is there.
  bool has_tcp = false;
  uint8_t flags = 0;
  uint32_t sequence = 0, acknowledged = 0;
  uint16_t window = 0;
  std::optional<uint32_t> payload_length;  // behind the last header that is known
};

// `length`: bytes there were.
PacketHeaders readPacketHeaders(PacketLink link, std::span<const uint8_t> data, uint32_t length);

inline constexpr uint8_t kTcpAcknowledges = 0x10;

// A letter a flag, FSRPAUEC; "" where none is set.
std::string tcpFlagsText(uint8_t flags);

Label packetProtocolLabel(PacketProtocol protocol);

}  // namespace tarry::analysis
