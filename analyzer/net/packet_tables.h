// The table of packets.
#pragma once

#include "analyzer/table.h"

namespace tarry::tables {

struct PacketRow {
  int64_t id = 0;
  int64_t ts = 0;
  NullableInteger utid;
  NullableInteger resource_id;
  Label direction;
  std::string_view interface;
  int64_t length = 0;
  int64_t captured = 0;
  Label protocol;
  std::string_view src_addr;
  NullableInteger src_port;
  std::string_view dst_addr;
  NullableInteger dst_port;
  std::string_view flags;
  NullableInteger seq;
  NullableInteger ack;
  NullableInteger window;
  NullableInteger payload_length;
  Bytes data;
};
inline constexpr Table<PacketRow, 19> kPacket{
    "packet",
    "Packets of the sockets of recorded processes, each as an interface was given it or gave it to the "
    "protocols. "
    "Needs record --packets. What goes through the loopback interface is there twice, sent and received.",
    {{{"id", &PacketRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &PacketRow::ts, "when"},
      {"utid", &PacketRow::utid,
       "thread that sent it; NULL: received, or the kernel sent it on its own (acknowledgements, what is "
       "sent "
       "again)"},
      {"resource_id", &PacketRow::resource_id,
       "resource.id of the socket; of a handshake that has no socket yet: the listener"},
      {"direction", &PacketRow::direction, "sent, received"},
      {"interface", &PacketRow::interface, "name of the network interface"},
      {"length", &PacketRow::length,
       "bytes with all headers; may be more than the link carries, where the interface cuts it into "
       "segments"},
      {"captured", &PacketRow::captured, "bytes in data"},
      {"protocol", &PacketRow::protocol, "tcp, udp, icmp, icmp6, ip (another); NULL: no IP"},
      {"src_addr", &PacketRow::src_addr, "address it came from"},
      {"src_port", &PacketRow::src_port, "port it came from; NULL: has none"},
      {"dst_addr", &PacketRow::dst_addr, "address it goes to"},
      {"dst_port", &PacketRow::dst_port, "port it goes to"},
      {"flags", &PacketRow::flags,
       "of TCP: a letter each of FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, in this order: FSRPAUEC"},
      {"seq", &PacketRow::seq, "of TCP: sequence number, absolute"},
      {"ack", &PacketRow::ack, "of TCP: acknowledged up to; NULL: says nothing"},
      {"window", &PacketRow::window, "of TCP: as it stands in the header, not scaled"},
      {"payload_length", &PacketRow::payload_length, "bytes behind the headers of TCP, UDP, ICMP"},
      {"data", &PacketRow::data, "first bytes, from the Ethernet header on where the interface has one"}}},
    {"resource_id"}};

}  // namespace tarry::tables
