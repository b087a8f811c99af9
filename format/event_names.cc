#include "format/event_names.h"

namespace tarry {

std::string_view levelName(Level level) {
  switch (level) {
    case Level::waits: return "waits";
    case Level::syscalls: return "syscalls";
    case Level::full: return "full";
  }
  return "unknown";
}

std::string_view targetKindName(TargetKind kind) {
  switch (kind) {
    case TargetKind::command: return "command";
    case TargetKind::pids: return "pids";
    case TargetKind::cgroup: return "cgroup";
    case TargetKind::unit: return "unit";
    case TargetKind::all: return "all";
  }
  return "unknown";
}

std::string_view endReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::unknown: return "unknown";
    case EndReason::target_ended: return "target_ended";
    case EndReason::duration: return "duration";
    case EndReason::interrupted: return "interrupted";
    case EndReason::max_size: return "max_size";
    case EndReason::error: return "error";
  }
  return "unknown";
}

std::string_view lossSourceName(LossSource source) {
  switch (source) {
    case LossSource::unknown: return "unknown";
    case LossSource::syscalls: return "syscalls";
    case LossSource::switches: return "switches";
    case LossSource::wakes: return "wakes";
    case LossSource::lifecycle: return "lifecycle";
    case LossSource::definitions: return "definitions";
    case LossSource::payload: return "payload";
    case LossSource::encoder: return "encoder";
    case LossSource::signals: return "signals";
    case LossSource::sockets: return "sockets";
    case LossSource::packets: return "packets";
    case LossSource::plaintext: return "plaintext";
  }
  return "unknown";
}

std::string_view socketEventName(SocketEventKind kind) {
  switch (kind) {
    case SocketEventKind::unknown: return "unknown";
    case SocketEventKind::connecting: return "connecting";
    case SocketEventKind::established: return "established";
    case SocketEventKind::accepted: return "accepted";
    case SocketEventKind::listening: return "listening";
    case SocketEventKind::state: return "state";
    case SocketEventKind::retransmit: return "retransmit";
    case SocketEventKind::synack_retransmit: return "synack-retransmit";
    case SocketEventKind::reset_sent: return "reset-sent";
    case SocketEventKind::reset_received: return "reset-received";
    case SocketEventKind::failed: return "failed";
    case SocketEventKind::closed: return "closed";
    case SocketEventKind::facts: return "facts";
  }
  return "unknown";
}

std::string_view tcpStateName(TcpState state) {
  switch (state) {
    case TcpState::unknown: return "unknown";
    case TcpState::established: return "ESTAB";
    case TcpState::syn_sent: return "SYN-SENT";
    case TcpState::syn_recv: return "SYN-RECV";
    case TcpState::fin_wait1: return "FIN-WAIT-1";
    case TcpState::fin_wait2: return "FIN-WAIT-2";
    case TcpState::time_wait: return "TIME-WAIT";
    case TcpState::close: return "CLOSE";
    case TcpState::close_wait: return "CLOSE-WAIT";
    case TcpState::last_ack: return "LAST-ACK";
    case TcpState::listen: return "LISTEN";
    case TcpState::closing: return "CLOSING";
  }
  return "unknown";
}

std::string_view foldKindName(FoldKind kind) {
  switch (kind) {
    case FoldKind::unknown: return "unknown";
    case FoldKind::calls: return "calls";
    case FoldKind::payload: return "payload";
  }
  return "unknown";
}

std::string_view tlsLibraryName(TlsLibrary library) {
  switch (library) {
    case TlsLibrary::unknown: return "unknown";
    case TlsLibrary::openssl: return "openssl";
    case TlsLibrary::gnutls: return "gnutls";
  }
  return "unknown";
}

std::string_view packetDirectionName(PacketDirection direction) {
  return direction == PacketDirection::sent ? "sent" : "received";
}

std::string_view payloadDirectionName(PayloadDirection direction) {
  return direction == PayloadDirection::in ? "in" : "out";
}

}  // namespace tarry
