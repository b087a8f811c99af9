#include "analyzer/socket_phase_tracker.h"

#include <algorithm>
#include <array>

namespace tarry::analysis {
namespace {

// What TLS 1.3 servers say unasked after the handshake (RFC 8446, 4.6.1): two tickets by OpenSSL.
constexpr int64_t kTicketBytes = 1024;
constexpr int64_t kEagain = 11, kEinprogress = 115;

bool isSocket(ResourceKind kind) {
  return kind == ResourceKind::socket || kind == ResourceKind::unix_socket;
}

bool isNameServer(const Resource& socket) {
  return socket.remote_port == 53 || socket.remote_port == 5353;  // domain, mdns
}

// IANA's registry of port numbers; 8443 is what everybody uses beside 443.
bool speaksTls(const Resource& socket) {
  constexpr std::array<uint16_t, 13> kPorts = {443, 465, 563, 636, 853,  989, 990,
                                               992, 993, 994, 995, 5061, 8443};
  constexpr uint16_t kSockStream = 1;
  return socket.sock_type == kSockStream &&
         std::find(kPorts.begin(), kPorts.end(), socket.remote_port) != kPorts.end();
}

// Content types of TLS records (RFC 8446, 5.1). A client's last flight begins with the first one in TLS 1.3,
// which has it for the sake of middleboxes, and in older versions where a session is taken up again.
constexpr uint8_t kChangeCipherSpec = 20, kHandshake = 22;

// Of the record that begins here, of any version since SSL 3.0; 0: none does.
uint8_t recordType(const SyscallEvent& event) {
  if (event.payloads.empty()) return 0;
  const std::span<const uint8_t> data = event.payloads.front().data;
  return data.size() >= 3 && data[1] == 3 && data[2] <= 4 ? data[0] : 0;
}

// write, send and sendto say how much they want to send; of the others it is not known.
bool isShort(const CurrentCall& call) {
  const std::string_view name = call.traits->name.text;
  return (name == "write" || name == "send" || name == "sendto") && call.result >= 0 &&
         call.result < call.args[2];
}

}  // namespace

const SocketPhaseTracker::Entry* SocketPhaseTracker::find(ResourceId socket) const {
  const auto found = entries_.find(resources_.socketKey(socket));
  return found == entries_.end() ? nullptr : &found->second;
}

void SocketPhaseTracker::entered(const SyscallEvent& event, const CurrentCall& call, Utid utid) {
  if (!call.finished || call.object_count == 0 || !isSocket(call.objects[0].kind)) return;
  const ResourceId socket = call.objects[0].id;
  switch (call.traits->wait) {
    case WaitCall::send: {
      if (call.result == -kEagain) {
        entry(socket).full = true;
        return;
      }
      if (call.result <= 0) return;
      Entry& e = entry(socket);
      const Resource* resource = resources_.find(socket);
      const uint8_t record = recordType(event);
      const bool last_flight = payload_ ? record == kChangeCipherSpec
                                        : e.used && !e.spoke_last && !e.answered_once &&
                                              resource != nullptr && speaksTls(*resource);
      if (last_flight) e.ticket_bytes = kTicketBytes;
      e.answered_once = e.answered_once || (e.used && !e.spoke_last);
      e.used = e.spoke_last = true;
      e.connecting = false;
      e.full = isShort(call);
      e.handshake = record == kHandshake || record == kChangeCipherSpec;
      e.sender = utid;
      e.sent_ts = call.enter_ts;
      return;
    }
    case WaitCall::receive: {
      if (call.result <= 0) return;
      Entry& e = entry(socket);
      e.receiver = utid;
      return;
    }
    default: return;
  }
}

void SocketPhaseTracker::left(const CurrentCall& call) {
  const EvidenceResource& object = call.objects[0];
  if (!isSocket(object.kind)) return;
  if (call.traits->wait == WaitCall::connect) {
    Entry& e = entry(object.id);
    e.begun = true;
    e.connecting = call.result == -kEinprogress;
  } else if (call.traits->wait == WaitCall::receive && call.result > 0) {
    Entry& e = entry(object.id);
    e.used = e.heard = true;
    e.connecting = false;
    e.ticket_bytes = std::max<int64_t>(e.ticket_bytes - call.result, 0);
    if (e.ticket_bytes == 0) e.spoke_last = false;
  }
}

void SocketPhaseTracker::event(const SocketEvent& event, int64_t ts) {
  if (!event.resource) return;
  switch (event.kind) {
    case SocketEventKind::connecting: entry(event.resource).in_kernel_connecting = true; return;
    case SocketEventKind::established:
    case SocketEventKind::failed: {
      Entry& e = entry(event.resource);
      e.in_kernel_connecting = false;
      e.connected_ts = ts;
      return;
    }
    default: return;
  }
}

void SocketPhaseTracker::plaintext(const PlaintextEvent& event, int64_t ts) {
  if (!event.resource || event.result <= 0) return;
  Entry& e = entry(event.resource);
  e.plain = true;
  if (event.direction == PayloadDirection::in) {
    e.plain_sent_ts = ts;
  } else {
    e.plain_received_before_ts = e.plain_received_ts;
    e.plain_received_ts = ts + event.dur_ns;
  }
}

// Of what was last sent before the instant some answer had come by then.
bool SocketPhaseTracker::answered(const Entry& e, int64_t ts) {
  if (!e.plain) return e.used && !e.spoke_last;
  const int64_t received_ts = e.plain_received_ts <= ts ? e.plain_received_ts : e.plain_received_before_ts;
  return received_ts > e.plain_sent_ts;
}

void SocketPhaseTracker::lostTrack(ResourceId resource) {
  const auto found = entries_.find(resources_.socketKey(resource));
  if (found != entries_.end()) found->second.used = found->second.full = found->second.handshake = false;
}

WaitPhase SocketPhaseTracker::phaseOf(const Wait& wait) const {
  const Resource* socket = resources_.find(wait.socket);
  if (socket == nullptr || socket->listening || wait.role == WaitRole::idle || wait.call == nullptr)
    return WaitPhase::none;
  if (isNameServer(*socket)) return WaitPhase::dns;
  if (wait.call->wait == WaitCall::connect) return WaitPhase::connect;
  const Entry* known = find(wait.socket);
  const Entry e = known != nullptr ? *known : Entry{};
  if (e.connecting || e.in_kernel_connecting || e.connected_ts >= wait.begin) return WaitPhase::connect;
  const bool receives = wait.call->wait == WaitCall::receive;
  if (wait.call->wait == WaitCall::send || (e.full && !receives)) return WaitPhase::sending;
  // Of a choice of calls those that a program has used on a socket are taken to be all it uses there.
  if (wait.role != WaitRole::answer || !(wait.calls_known || e.used)) return WaitPhase::none;
  const bool first_exchange = e.used && !e.heard;
  if (e.spoke_last && (payload_ ? e.handshake : first_exchange && speaksTls(*socket)))
    return WaitPhase::tls_handshake;
  if (!e.used && !e.begun) return WaitPhase::none;
  return answered(e, wait.begin) ? WaitPhase::receiving : WaitPhase::first_byte;
}

Utid SocketPhaseTracker::peerOf(const Wait& wait, WaitPhase phase) const {
  const ResourceId other_end = resources_.otherEnd(wait.socket);
  const Entry* other = other_end ? find(other_end) : nullptr;
  if (other == nullptr) return 0;
  const bool sent = other->sent_ts >= wait.begin && other->sent_ts <= wait.end;
  if (phase != WaitPhase::sending && sent) return other->sender;
  return other->receiver;
}

}  // namespace tarry::analysis
