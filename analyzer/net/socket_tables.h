// The tables of sockets: see analyzer/tables.h for how a table is declared.
#pragma once

#include "analyzer/table.h"

namespace tarry::tables {

struct SocketRow {
  int64_t id = 0;
  NullableInteger resource_id;
  Label kind;
  Label family;
  Label type;
  Label protocol;
  Label role;
  NullableInteger upid;
  NullableInteger utid;
  NullableInteger created_ts;
  NullableInteger bound_ts;
  NullableInteger listen_ts;
  NullableInteger connect_ts;
  NullableInteger established_ts;
  NullableInteger close_ts;
  std::string_view local_addr;
  NullableInteger local_port;
  std::string_view remote_addr;
  NullableInteger remote_port;
  std::string_view path;
  NullableInteger peer_socket_id;
  NullableInteger peer_upid;
  Label state;
  Label error;
  NullableInteger handshake_ns;
  NullableInteger srtt_us;
  NullableInteger min_rtt_us;
  NullableInteger bytes_sent;
  NullableInteger bytes_received;
  NullableInteger segs_out;
  NullableInteger segs_in;
  NullableInteger retransmits;
  NullableInteger bytes_retrans;
  NullableInteger resets_sent;
  NullableInteger resets_received;
  NullableInteger busy_us;
  NullableInteger rwnd_limited_us;
  NullableInteger sndbuf_limited_us;
  NullableInteger send_queue;
  NullableInteger receive_queue;
  NullableInteger cwnd;
  NullableInteger mss;
  NullableInteger cookie;
  int64_t wait_ns = 0;
};
inline constexpr Table<SocketRow, 44> kSocket{
    "socket",
    "Every socket that was seen, one row over its life (table resource has a row for each way it was "
    "addressed). Of TCP what the kernel counted, which needs a recording by eBPF; of the others what their "
    "calls moved.",
    {{{"id", &SocketRow::id, "unique in this trace", "PRIMARY KEY"},
      {"resource_id", &SocketRow::resource_id, "resource.id, the last one that has its addresses"},
      {"kind", &SocketRow::kind, "socket (internet), unix, netlink, other_socket"},
      {"family", &SocketRow::family, "inet, inet6, unix, netlink; NULL: another"},
      {"type", &SocketRow::type, "stream, dgram, seqpacket, raw"},
      {"protocol", &SocketRow::protocol, "TCP, UDP, UNIX-STREAM, ..."},
      {"role", &SocketRow::role,
       "client, server (the side that was connected to), listener, datagram, pair (socketpair)"},
      {"upid", &SocketRow::upid, "process that first had it; NULL: nobody has accepted it, or not known"},
      {"utid", &SocketRow::utid, "thread that made, accepted or connected it"},
      {"created_ts", &SocketRow::created_ts, "socket(2), accept(2); NULL: before the recording, or not seen"},
      {"bound_ts", &SocketRow::bound_ts, "bind(2)"},
      {"listen_ts", &SocketRow::listen_ts, "listen(2)"},
      {"connect_ts", &SocketRow::connect_ts, "when it began to connect, the last time"},
      {"established_ts", &SocketRow::established_ts,
       "when the connection stood; of a server that may be before accept(2)"},
      {"close_ts", &SocketRow::close_ts,
       "of TCP: when the kernel was done with the connection; else the last close(2)"},
      {"local_addr", &SocketRow::local_addr, "this side's address"},
      {"local_port", &SocketRow::local_port, "this side's port"},
      {"remote_addr", &SocketRow::remote_addr, "the other side's address"},
      {"remote_port", &SocketRow::remote_port, "the other side's port"},
      {"path", &SocketRow::path, "name a Unix socket is bound to (@: abstract)"},
      {"peer_socket_id", &SocketRow::peer_socket_id, "socket.id of the other end, on this machine"},
      {"peer_upid", &SocketRow::peer_upid, "process at the other end, on this machine"},
      {"state", &SocketRow::state, "of TCP, the last one, as ss names them: ESTAB, LISTEN, CLOSE, ..."},
      {"error", &SocketRow::error, "errno with which its connect failed, or the connection ended"},
      {"handshake_ns", &SocketRow::handshake_ns,
       "from the SYN until it was established; of a server from its answer to the SYN on"},
      {"srtt_us", &SocketRow::srtt_us, "smoothed round trip at the end"},
      {"min_rtt_us", &SocketRow::min_rtt_us, "shortest round trip of late"},
      {"bytes_sent", &SocketRow::bytes_sent, "TCP: without what was sent again; else what its calls moved"},
      {"bytes_received", &SocketRow::bytes_received, "likewise"},
      {"segs_out", &SocketRow::segs_out, "segments sent"},
      {"segs_in", &SocketRow::segs_in, "segments received"},
      {"retransmits", &SocketRow::retransmits, "segments sent again; of a listener: its answers to SYNs"},
      {"bytes_retrans", &SocketRow::bytes_retrans, "bytes sent again"},
      {"resets_sent", &SocketRow::resets_sent, "how many"},
      {"resets_received", &SocketRow::resets_received, "how many"},
      {"busy_us", &SocketRow::busy_us, "time with something to send or to be acknowledged; of that:"},
      {"rwnd_limited_us", &SocketRow::rwnd_limited_us, "the peer's receive window was full"},
      {"sndbuf_limited_us", &SocketRow::sndbuf_limited_us, "the own send buffer was full"},
      {"send_queue", &SocketRow::send_queue, "bytes not acknowledged when the recording ended; NULL: closed"},
      {"receive_queue", &SocketRow::receive_queue, "bytes not read when the recording ended; NULL: closed"},
      {"cwnd", &SocketRow::cwnd, "congestion window at the end, segments"},
      {"mss", &SocketRow::mss, "largest segment"},
      {"cookie", &SocketRow::cookie, "resource.cookie; NULL: nobody has accepted it"},
      {"wait_ns", &SocketRow::wait_ns, "time that recorded threads waited for it, idle ones left out"}}},
    {"resource_id", "upid"}};

struct TcpEventRow {
  int64_t id = 0;
  int64_t ts = 0;
  int64_t socket_id = 0;
  NullableInteger utid;
  Label event;
  Label state;
  Label error;
  std::string_view detail;
};
inline constexpr Table<TcpEventRow, 8> kTcpEvent{
    "tcp_event",
    "What happened to TCP sockets, most of it in interrupts. Needs a recording by eBPF.",
    {{{"id", &TcpEventRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &TcpEventRow::ts, "when"},
      {"socket_id", &TcpEventRow::socket_id, "socket.id"},
      {"utid", &TcpEventRow::utid, "thread that did it; NULL: an interrupt"},
      {"event", &TcpEventRow::event,
       "connecting, established, accepted (by the kernel, for accept(2) to fetch), listening, state, "
       "retransmit, synack-retransmit, reset-sent, reset-received, failed, closed, facts (counted at the "
       "end of the recording)"},
      {"state", &TcpEventRow::state, "from now on: SYN-SENT, ESTAB, FIN-WAIT-1, CLOSE-WAIT, ..."},
      {"error", &TcpEventRow::error, "name of the errno"},
      {"detail", &TcpEventRow::detail, "both ends as they were then"}}},
    {"socket_id"}};

}  // namespace tarry::tables
