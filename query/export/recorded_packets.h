// The packets that a trace has, as an export needs to know of them before its first one: which interfaces
// they went through, and for which conversations they stand.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "analyzer/net/stream.h"
#include "format/trace_reader.h"

namespace tarry {

class RecordedPackets : private TraceVisitor {
 public:
  struct Interface {
    uint32_t index = 0;
    std::string name;
    PacketLink link = PacketLink::raw_ip;
    auto operator<=>(const Interface&) const = default;
  };

  // A pass over the trace.
  explicit RecordedPackets(TraceReader& reader);

  // With a number that is free for the caller to set.
  std::map<Interface, uint32_t>& interfaces() { return interfaces_; }
  Interface interfaceOf(const PacketEvent& event) const;
  // Are there packets of what a socket with this port says to, and hears from, `remote`? Of datagrams whose
  // other end is not known: any packets of that port.
  bool has(bool datagrams, const analysis::Endpoint& local, const analysis::Endpoint& remote) const;

 private:
  // Protocol, local port, the remote end.
  using Conversation = std::tuple<bool, uint16_t, uint16_t, std::array<uint8_t, 16>, uint16_t>;
  static Conversation key(bool datagrams, const analysis::Endpoint& local, const analysis::Endpoint& remote);
  void onPacket(const PacketEvent& event) override;

  TraceReader& reader_;
  std::map<Interface, uint32_t> interfaces_;
  std::set<Conversation> conversations_;
  std::set<uint16_t> datagram_ports_;
};

}  // namespace tarry
