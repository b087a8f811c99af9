#include "query/export/pcapng_writer.h"

#include <algorithm>

namespace tarry {
namespace {

// Block types
constexpr uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr uint32_t kInterface = 1;
constexpr uint32_t kEnhancedPacket = 6;

// Options
constexpr uint16_t kEnd = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kSectionOs = 3;
constexpr uint16_t kSectionApplication = 4;
constexpr uint16_t kInterfaceName = 2;
constexpr uint16_t kInterfaceDescription = 3;
constexpr uint16_t kTimeResolution = 9;
constexpr uint16_t kPacketFlags = 2;

constexpr size_t kMostOption = 1024;

void put(std::string& to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) to += static_cast<char>(value >> 8 * i);
}

void pad(std::string& to) {
  while (to.size() % 4 != 0) to += '\0';
}

void option(std::string& to, uint16_t code, std::string_view value) {
  value = value.substr(0, kMostOption);
  put(to, code, 2);
  put(to, value.size(), 2);
  to += value;
  pad(to);
}

}  // namespace

PcapngWriter::PcapngWriter(std::ostream& out, std::string_view application, std::string_view os) : out_(out) {
  put(body_, 0x1A2B3C4D, 4);  // the byte order
  put(body_, 1, 2);           // version 1.0
  put(body_, 0, 2);
  put(body_, UINT64_MAX, 8);  // length of the section: not said
  option(body_, kSectionOs, os);
  option(body_, kSectionApplication, application);
  option(body_, kEnd, "");
  block(kSectionHeader);
}

uint32_t PcapngWriter::addInterface(LinkType link, std::string_view name, std::string_view description) {
  put(body_, static_cast<uint16_t>(link), 2);
  put(body_, 0, 2);
  put(body_, 0, 4);  // no limit of length
  option(body_, kInterfaceName, name);
  option(body_, kInterfaceDescription, description);
  option(body_, kTimeResolution, "\x09");  // nanoseconds
  option(body_, kEnd, "");
  block(kInterface);
  return interfaces_++;
}

void PcapngWriter::write(const CapturedPacket& packet) {
  const auto time = static_cast<uint64_t>(std::max<int64_t>(packet.time_ns, 0));
  put(body_, packet.interface, 4);
  put(body_, time >> 32U, 4);
  put(body_, time & UINT32_MAX, 4);
  put(body_, packet.bytes.size(), 4);
  put(body_, std::max<size_t>(packet.original_bytes, packet.bytes.size()), 4);
  body_.append(reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size());
  pad(body_);
  if (!packet.comment.empty()) option(body_, kComment, packet.comment);
  if (packet.way != PacketWay::unknown) {
    put(body_, kPacketFlags, 2);
    put(body_, 4, 2);
    put(body_, static_cast<uint32_t>(packet.way), 4);
  }
  if (!packet.comment.empty() || packet.way != PacketWay::unknown) option(body_, kEnd, "");
  block(kEnhancedPacket);
}

void PcapngWriter::block(uint32_t type) {
  std::string head;
  const size_t length = body_.size() + 12;
  put(head, type, 4);
  put(head, length, 4);
  std::string tail;
  put(tail, length, 4);
  out_ << head << body_ << tail;
  body_.clear();
}

}  // namespace tarry
