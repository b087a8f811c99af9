#include "analyzer/net/packet_headers.h"

#include <algorithm>

namespace tarry::analysis {
namespace {

// include/linux/socket.h
constexpr uint16_t kAfInet = 2, kAfInet6 = 10;
// include/uapi/linux/if_ether.h
constexpr size_t kEthernetHeader = 14, kVlanTag = 4;
constexpr uint16_t kVlan = 0x8100, kServiceVlan = 0x88a8;
// include/uapi/linux/in.h, in6.h
constexpr uint8_t kHopByHop = 0, kIcmp = 1, kTcp = 6, kUdp = 17, kRouting = 43, kFragment = 44, kIcmp6 = 58,
                  kDestination = 60;
constexpr int kMostExtensions = 8;

// Reads that find nothing behind the end.
class Cursor {
 public:
  Cursor(std::span<const uint8_t> data, uint32_t length) : data_(data), length_(length) {}

  bool has(size_t bytes) const { return data_.size() >= bytes; }
  uint8_t u8(size_t at) const { return data_[at]; }
  uint16_t u16(size_t at) const { return static_cast<uint16_t>(data_[at] << 8U | data_[at + 1]); }
  uint32_t u32(size_t at) const { return uint32_t{u16(at)} << 16U | u16(at + 2); }
  std::span<const uint8_t> bytes(size_t at, size_t count) const { return data_.subspan(at, count); }
  uint32_t length() const { return length_; }

  void skip(size_t bytes) {
    data_ = data_.subspan(std::min(bytes, data_.size()));
    length_ -= static_cast<uint32_t>(std::min<size_t>(bytes, length_));
  }
  // Behind it is no more of the packet (padding of short frames).
  void end(uint32_t length) {
    if (length >= length_) return;
    length_ = length;
    data_ = data_.first(std::min<size_t>(data_.size(), length));
  }

 private:
  std::span<const uint8_t> data_;
  uint32_t length_;
};

void readTransport(Cursor& at, uint8_t protocol, PacketHeaders& headers) {
  switch (protocol) {
    case kTcp: headers.protocol = PacketProtocol::tcp; break;
    case kUdp: headers.protocol = PacketProtocol::udp; break;
    case kIcmp: headers.protocol = PacketProtocol::icmp; break;
    case kIcmp6: headers.protocol = PacketProtocol::icmp6; break;
    default: headers.payload_length = at.length(); return;
  }
  if (protocol == kIcmp || protocol == kIcmp6) {
    constexpr uint32_t kHeader = 8;
    if (at.length() >= kHeader) headers.payload_length = at.length() - kHeader;
    return;
  }
  if (!at.has(4)) return;
  headers.has_ports = true;
  headers.from.port = at.u16(0);
  headers.to.port = at.u16(2);
  if (protocol == kUdp) {
    constexpr uint32_t kHeader = 8;
    if (at.length() >= kHeader) headers.payload_length = at.length() - kHeader;
    return;
  }
  if (!at.has(16)) return;
  headers.has_tcp = true;
  headers.sequence = at.u32(4);
  headers.acknowledged = at.u32(8);
  headers.flags = at.u8(13);
  headers.window = at.u16(14);
  const uint32_t size = uint32_t{at.u8(12)} / 16 * 4;
  if (size >= 20 && size <= at.length()) headers.payload_length = at.length() - size;
}

Endpoint endpoint(uint16_t family, std::span<const uint8_t> address) {
  Endpoint end;
  end.family = family;
  std::copy(address.begin(), address.end(), end.addr.begin());
  return end;
}

void readIpv4(Cursor at, PacketHeaders& headers) {
  const size_t size = (at.u8(0) & 15U) * size_t{4};
  if (!at.has(20) || size < 20) return;
  headers.protocol = PacketProtocol::ip;
  headers.from = endpoint(kAfInet, at.bytes(12, 4));
  headers.to = endpoint(kAfInet, at.bytes(16, 4));
  // 0: more than fits into the field, by segmentation offload
  if (const uint16_t total = at.u16(2); total != 0) at.end(total);
  const bool later_fragment = (at.u16(6) & 0x1fffU) != 0;
  const uint8_t protocol = at.u8(9);
  at.skip(size);
  if (!later_fragment) readTransport(at, protocol, headers);
}

void readIpv6(Cursor at, PacketHeaders& headers) {
  if (!at.has(40)) return;
  headers.protocol = PacketProtocol::ip;
  headers.from = endpoint(kAfInet6, at.bytes(8, 16));
  headers.to = endpoint(kAfInet6, at.bytes(24, 16));
  if (const uint16_t payload = at.u16(4); payload != 0) at.end(40 + uint32_t{payload});
  uint8_t next = at.u8(6);
  at.skip(40);
  for (int i = 0; i < kMostExtensions; ++i) {
    const bool sized = next == kHopByHop || next == kRouting || next == kDestination;
    if (!sized && next != kFragment) return readTransport(at, next, headers);
    if (!at.has(8)) return;
    if (next == kFragment && (at.u16(2) & 0xfff8U) != 0) return;  // a later one
    next = at.u8(0);
    at.skip(sized ? (size_t{at.u8(1)} + 1) * 8 : 8);
  }
}

}  // namespace

PacketHeaders readPacketHeaders(PacketLink link, std::span<const uint8_t> data, uint32_t length) {
  PacketHeaders headers;
  Cursor at(data, std::max<uint32_t>(length, static_cast<uint32_t>(data.size())));
  if (link != PacketLink::raw_ip) {
    size_t type_at = kEthernetHeader - 2;
    while (at.has(type_at + 2) && (at.u16(type_at) == kVlan || at.u16(type_at) == kServiceVlan) &&
           type_at < kEthernetHeader + kVlanTag)
      type_at += kVlanTag;
    at.skip(type_at + 2);
  }
  if (!at.has(1)) return headers;
  if (at.u8(0) >> 4U == 4) readIpv4(at, headers);
  else if (at.u8(0) >> 4U == 6) readIpv6(at, headers);
  return headers;
}

std::string tcpFlagsText(uint8_t flags) {
  constexpr std::string_view kLetters = "FSRPAUEC";
  std::string text;
  for (size_t i = 0; i < kLetters.size(); ++i) {
    if ((flags >> i & 1U) != 0) text += kLetters[i];
  }
  return text;
}

Label packetProtocolLabel(PacketProtocol protocol) {
  switch (protocol) {
    case PacketProtocol::none: return {};
    case PacketProtocol::ip: return Label("ip");
    case PacketProtocol::tcp: return Label("tcp");
    case PacketProtocol::udp: return Label("udp");
    case PacketProtocol::icmp: return Label("icmp");
    case PacketProtocol::icmp6: return Label("icmp6");
  }
  return {};
}

}  // namespace tarry::analysis
