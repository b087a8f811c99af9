// PcapngWriter: a capture file as Wireshark and tcpdump read it, block by block.
//
// Format: draft-ietf-opsawg-pcapng, "PCAP Next Generation (pcapng) Capture File Format". Little-endian, one
// section.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace tarry {

// https://www.tcpdump.org/linktypes.html
enum class LinkType : uint16_t { ethernet = 1, raw_ip = 101 };

enum class PacketWay : uint8_t { unknown = 0, in = 1, out = 2 };  // as in epb_flags

struct CapturedPacket {
  uint32_t interface = 0;          // as addInterface() numbered it
  int64_t time_ns = 0;             // since 1970-01-01 UTC
  std::span<const uint8_t> bytes;  // what there is of it
  uint32_t original_bytes = 0;     // how long it was
  std::string_view comment;        // UTF-8; empty: none
  PacketWay way = PacketWay::unknown;
};

class PcapngWriter {
 public:
  // Begins the section. `out` must outlive it; its errors are the caller's to look for.
  PcapngWriter(std::ostream& out, std::string_view application, std::string_view os);

  uint32_t addInterface(LinkType link, std::string_view name, std::string_view description);
  void write(const CapturedPacket& packet);

 private:
  void block(uint32_t type);

  std::ostream& out_;
  std::string body_;
  uint32_t interfaces_ = 0;
};

}  // namespace tarry
