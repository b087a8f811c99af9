#include "query/export/recorded_packets.h"

#include "analyzer/net/packet_headers.h"
#include "query/export/ip_frames.h"

namespace tarry {

using analysis::Endpoint;
using analysis::PacketHeaders;
using analysis::PacketProtocol;

RecordedPackets::RecordedPackets(TraceReader& reader) : reader_(reader) {
  ReadFilter filter;
  filter.syscalls = filter.payloads = filter.scheduling = false;
  reader.read(*this, filter);
}

RecordedPackets::Interface RecordedPackets::interfaceOf(const PacketEvent& event) const {
  return {event.interface_index, std::string(reader_.text(event.interface_name)), event.link};
}

// A socket that is bound to no address has its port alone.
RecordedPackets::Conversation RecordedPackets::key(bool datagrams, const Endpoint& local,
                                                   const Endpoint& remote) {
  const Endpoint far = unmapped(remote);
  return {datagrams, local.port, far.family, far.addr, far.port};
}

bool RecordedPackets::has(bool datagrams, const Endpoint& local, const Endpoint& remote) const {
  if (datagrams && remote.port == 0) return datagram_ports_.contains(local.port);
  return !conversations_.empty() && conversations_.contains(key(datagrams, local, remote));
}

void RecordedPackets::onPacket(const PacketEvent& event) {
  interfaces_.try_emplace(interfaceOf(event), 0);
  const PacketHeaders headers = analysis::readPacketHeaders(event.link, event.data, event.length);
  if (!headers.has_ports) return;
  const bool sent = event.direction == PacketDirection::sent;
  const bool datagrams = headers.protocol == PacketProtocol::udp;
  const Endpoint& local = sent ? headers.from : headers.to;
  conversations_.insert(key(datagrams, local, sent ? headers.to : headers.from));
  if (datagrams) datagram_ports_.insert(local.port);
}

}  // namespace tarry
