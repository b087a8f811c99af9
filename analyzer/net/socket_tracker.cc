#include "analyzer/net/socket_tracker.h"

#include <algorithm>

#include "analyzer/resource_label.h"
#include "analyzer/syscall_tracker.h"
#include "format/event_names.h"

namespace tarry::analysis {
namespace {

// include/linux/socket.h, include/linux/net.h
constexpr uint16_t kAfUnix = 1, kAfInet = 2, kAfInet6 = 10, kAfNetlink = 16;
constexpr uint16_t kStream = 1, kDatagram = 2, kRaw = 3, kSeqpacket = 5;
constexpr uint16_t kTcp = 6;

// include/uapi/asm-generic/errno.h: the connect goes on, or had been made before.
constexpr int64_t kEintr = 4, kEisconn = 106, kEalready = 114, kEinprogress = 115;

// Ids of resources are 32 bits wide and cookies count up from small numbers: this keeps them apart.
constexpr uint64_t kNoCookie = uint64_t{1} << 63U;

bool isTcp(const Resource& socket) {
  return socket.kind == ResourceKind::socket && socket.sock_type == kStream &&
         (socket.protocol == kTcp || socket.protocol == 0);
}

Label familyName(uint16_t family) {
  switch (family) {
    case kAfUnix: return Label("unix");
    case kAfInet: return Label("inet");
    case kAfInet6: return Label("inet6");
    case kAfNetlink: return Label("netlink");
    default: return {};
  }
}

Label typeName(uint16_t type) {
  switch (type) {
    case kStream: return Label("stream");
    case kDatagram: return Label("dgram");
    case kRaw: return Label("raw");
    case kSeqpacket: return Label("seqpacket");
    default: return {};
  }
}

NullableInteger orNull(uint32_t id) {
  return id != 0 ? NullableInteger(id) : std::nullopt;
}

int64_t clamped(uint64_t value) {
  return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
}

}  // namespace

bool SocketTracker::isSocket(ResourceId id) const {
  switch (resources_.kindOf(id)) {
    case ResourceKind::socket:
    case ResourceKind::unix_socket:
    case ResourceKind::netlink:
    case ResourceKind::other_socket: return true;
    default: return false;
  }
}

uint64_t SocketTracker::keyOf(const Resource& socket) const {
  return socket.cookie != 0 ? socket.cookie : kNoCookie | socket.id.value;
}

ResourceId SocketTracker::objectAt(const SyscallEvent& event, ObjectRole role) const {
  for (const ObjectRef& object : event.objects) {
    if (object.role == role && isSocket(object.resource)) return object.resource;
  }
  return {};
}

// ---- calls --------------------------------------------------------------------------------------

void SocketTracker::connected(ResourceId socket, int64_t result, int64_t ts, int64_t exit_ts, Utid utid) {
  Use& use = useOf(socket);
  if (result == -kEalready || result == -kEisconn) return;
  use.connect = ts;
  if (use.utid == 0) use.utid = utid;
  use.connect_error = 0;
  if (result == 0) use.established = exit_ts;
  else if (result != -kEinprogress && result != -kEintr) use.connect_error = static_cast<int32_t>(-result);
}

void SocketTracker::call(const SyscallEvent& event, const CallTraits& traits, int64_t ts, int64_t exit_ts,
                         Utid utid) {
  if (event.flags.unfinished || event.objects.empty()) return;
  if (traits.moving != nullptr) {
    const bool on_socket = std::any_of(event.objects.begin(), event.objects.end(),
                                       [&](const ObjectRef& object) { return isSocket(object.resource); });
    if (!on_socket) return;
    movedBytes(event, *traits.moving, moved_);
    for (const MovedBytes& piece : moved_) {
      if (!isSocket(piece.resource)) continue;
      Use& use = useOf(piece.resource);
      uint64_t& sum = piece.flow == Flow::sent ? use.sent : use.received;
      sum += piece.data.size() + piece.missing;
      // Of a connect that did not wait no call tells when it was done.
      if (use.connect && !use.established && event.ret > 0) use.established = ts;
    }
    return;
  }
  const ResourceId first = objectAt(event, ObjectRole::arg0);
  const ResourceId returned = objectAt(event, ObjectRole::returned);
  switch (traits.socket_call) {
    case SocketCall::none: return;
    case SocketCall::create:
    case SocketCall::pair:
    case SocketCall::accept:
      for (const ResourceId made : {returned, objectAt(event, ObjectRole::returned2)}) {
        if (event.ret < 0 || !made) continue;
        Use& use = useOf(made);
        use.created = exit_ts;
        use.utid = utid;
        use.accepted = traits.socket_call == SocketCall::accept;
        use.pair = traits.socket_call == SocketCall::pair;
        if (use.accepted || use.pair) use.established = exit_ts;
      }
      return;
    case SocketCall::bind:
      if (first && event.ret == 0) useOf(first).bound = exit_ts;
      return;
    case SocketCall::listen:
      if (first && event.ret == 0) useOf(first).listen = exit_ts;
      return;
    case SocketCall::connect:
      if (first) connected(first, event.ret, ts, exit_ts, utid);
      return;
    case SocketCall::close:
      if (first && event.ret == 0) useOf(first).close = exit_ts;
      return;
  }
}

void SocketTracker::folded(ResourceId resource, const MovingCall& call, uint64_t bytes) {
  if (!isSocket(resource)) return;
  Use& use = useOf(resource);
  (flowOf(call) == Flow::sent ? use.sent : use.received) += bytes;
}

// ---- the kernel's events ------------------------------------------------------------------------

tables::TcpEventRow SocketTracker::event(const SocketEvent& event, int64_t ts, Utid utid) {
  const auto [known, fresh] = life_of_.try_emplace(event.socket, lives_.size());
  if (fresh) lives_.emplace_back();
  Life& life = lives_[known->second];
  const Resource* resource = resources_.find(event.resource);
  const bool of_request = event.kind == SocketEventKind::synack_retransmit;
  if (resource != nullptr && !of_request) {
    life.resource = event.resource;
    if (resource->cookie != 0) life.cookie = resource->cookie;
  }
  if (event.state != TcpState::unknown) life.state = event.state;
  if (event.has_facts && event.kind != SocketEventKind::established &&
      event.kind != SocketEventKind::accepted)
    life.facts = event.facts;
  if (event.kind != SocketEventKind::facts) life.seen = true;
  switch (event.kind) {
    case SocketEventKind::unknown:
    case SocketEventKind::state:
    case SocketEventKind::retransmit: break;
    case SocketEventKind::connecting:
      life.connect = ts;
      life.established = life.close = life.handshake_ns = std::nullopt;
      life.error = 0;
      if (life.utid == 0) life.utid = utid;
      break;
    case SocketEventKind::established:
      life.established = ts;
      if (life.connect) life.handshake_ns = ts - *life.connect;
      break;
    case SocketEventKind::accepted:
      life.established = ts;
      life.accepted = true;
      if (event.has_facts && event.facts.srtt_us != 0)
        life.handshake_ns = clamped(std::min<uint64_t>(event.facts.srtt_us, UINT32_MAX) * 1000);
      break;
    case SocketEventKind::listening:
      life.listen = ts;
      if (life.utid == 0) life.utid = utid;
      break;
    case SocketEventKind::synack_retransmit: life.synack_retransmits++; break;
    case SocketEventKind::reset_sent: life.resets_sent++; break;
    case SocketEventKind::reset_received: life.resets_received++; break;
    case SocketEventKind::failed:
    case SocketEventKind::closed:
      life.close = ts;
      life.error = event.error;
      break;
    case SocketEventKind::facts: life.living = true; break;
  }
  tables::TcpEventRow row;
  row.ts = ts;
  row.socket_id = static_cast<int64_t>(known->second) + 1;
  row.utid = orNull(utid);
  row.event = Label(socketEventName(event.kind));
  if (event.state != TcpState::unknown) row.state = Label(tcpStateName(event.state));
  if (event.error != 0) row.error = errnoLabel(event.error);
  if (resource != nullptr) {
    detail_ = resources_.nameOf(*resource);
    row.detail = detail_;
  }
  return row;
}

void SocketTracker::waited(ResourceId resource, uint32_t parked, int64_t ns) {
  if (!isSocket(resource)) return;
  int64_t& sum = waits_[{resource.value, parked}];
  sum = ns > INT64_MAX - sum ? INT64_MAX : sum + ns;
}

// ---- the end ------------------------------------------------------------------------------------

void SocketTracker::gather() {
  std::unordered_map<uint64_t, size_t> by_key;
  for (const Life& life : lives_) {
    Whole whole;
    whole.life = wholes_.size() + 1;
    whole.resource = life.resource;
    if (life.cookie != 0) by_key[life.cookie] = wholes_.size();
    if (life.resource) whole_of_.emplace(life.resource.value, wholes_.size());
    wholes_.push_back(whole);
  }
  // A life's own resource comes last: it has its addresses also when the calls do not see them any more.
  for (size_t i = 1; i < resources_.all().size(); i++) {
    const TrackedResource& tracked = resources_.all()[i];
    const Resource& resource = tracked.resource;
    if (!isSocket(resource.id)) continue;
    // Before accept(2) a connection's life is all there is of it.
    if (resource.cookie == 0 && isTcp(resource) && !lives_.empty()) continue;
    const auto [known, fresh] = by_key.try_emplace(keyOf(resource), wholes_.size());
    if (fresh) wholes_.emplace_back();
    Whole& whole = wholes_[known->second];
    whole_of_[resource.id.value] = known->second;
    whole.listening = whole.listening || resource.listening;
    if (whole.owner == 0) whole.owner = tracked.owner;
    const Resource* best = resources_.find(whole.resource);
    const auto rank = [](const Resource& one) {
      return (one.remote_port != 0 || one.peer_inode != 0 ? 2 : 0) +
             (one.local_port != 0 || one.path ? 1 : 0);
    };
    if (best == nullptr || rank(resource) >= rank(*best)) whole.resource = resource.id;
    const auto use = uses_.find(known->first);
    if (use != uses_.end()) whole.use = &use->second;
  }
}

void SocketTracker::addWaits(std::span<const ParkedVerdict> verdicts) {
  for (const auto& [key, ns] : waits_) {
    const auto [resource, parked] = key;
    if (parked < verdicts.size() && verdicts[parked].idle) continue;
    const auto found = whole_of_.find(resource);
    if (found == whole_of_.end()) continue;
    int64_t& sum = wholes_[found->second].wait_ns;
    sum = ns > INT64_MAX - sum ? INT64_MAX : sum + ns;
  }
}

void SocketTracker::fillLife(const Life& life, tables::SocketRow& row) const {
  row.utid = orNull(life.utid);
  row.listen_ts = life.listen;
  row.connect_ts = life.connect;
  row.established_ts = life.established;
  row.close_ts = life.close;
  row.handshake_ns = life.handshake_ns;
  if (life.error != 0) row.error = errnoLabel(life.error);
  if (life.state != TcpState::unknown) row.state = Label(tcpStateName(life.state));
  row.resets_sent = life.resets_sent;
  row.resets_received = life.resets_received;
  if (life.state == TcpState::listen || life.listen) row.retransmits = life.synack_retransmits;
  if (!life.facts) return;
  const TcpFacts& facts = *life.facts;
  if (facts.srtt_us != 0) row.srtt_us = clamped(facts.srtt_us);
  if (facts.min_rtt_us != 0) row.min_rtt_us = clamped(facts.min_rtt_us);
  row.bytes_sent = clamped(facts.bytes_sent - std::min(facts.bytes_sent, facts.bytes_retrans));
  row.bytes_received = clamped(facts.bytes_received);
  row.bytes_retrans = clamped(facts.bytes_retrans);
  row.segs_out = clamped(facts.segs_out);
  row.segs_in = clamped(facts.segs_in);
  row.retransmits = clamped(facts.retransmits);
  row.busy_us = clamped(facts.busy_us);
  row.rwnd_limited_us = clamped(facts.rwnd_limited_us);
  row.sndbuf_limited_us = clamped(facts.sndbuf_limited_us);
  row.cwnd = clamped(facts.cwnd);
  row.mss = clamped(facts.mss);
  if (!life.living) return;
  row.send_queue = clamped(facts.send_queue);
  row.receive_queue = clamped(facts.receive_queue);
}

// Beside what the kernel itself said of it.
void SocketTracker::fillUse(const Use& use, bool of_life, bool all_calls, tables::SocketRow& row) const {
  if (use.utid != 0) row.utid = use.utid;
  row.created_ts = use.created;
  row.bound_ts = use.bound;
  if (!row.listen_ts) row.listen_ts = use.listen;
  if (!row.connect_ts) row.connect_ts = use.connect;
  if (!row.established_ts) row.established_ts = use.established;
  if (of_life) return;
  row.close_ts = use.close;
  if (use.close) row.send_queue = row.receive_queue = std::nullopt;
  if (use.connect_error != 0) row.error = errnoLabel(use.connect_error);
  // What the kernel counted includes what was not read; but it also knows what came before the recording.
  const bool whole = use.created || use.connect || use.accepted;
  if (!all_calls || (row.bytes_sent && !whole)) return;
  row.bytes_sent = clamped(use.sent);
  row.bytes_received = clamped(use.received);
}

Label SocketTracker::roleOf(const Resource& socket, const Whole& whole) const {
  const Life* life = whole.life != 0 ? &lives_[whole.life - 1] : nullptr;
  if (whole.use != nullptr && whole.use->pair) return Label("pair");
  const bool listens =
      whole.listening || (life != nullptr && (life->listen || life->state == TcpState::listen));
  if (listens || (whole.use != nullptr && whole.use->listen)) return Label("listener");
  if (socket.sock_type == kDatagram) return Label("datagram");
  if ((life != nullptr && life->accepted) || (whole.use != nullptr && whole.use->accepted))
    return Label("server");
  if ((life != nullptr && life->connect) || (whole.use != nullptr && whole.use->connect))
    return Label("client");
  switch (resources_.sideOf(socket)) {
    case SocketSide::client: return Label("client");
    case SocketSide::server: return Label("server");
    case SocketSide::unknown: return {};
  }
  return {};
}

void SocketTracker::storeOne(const Whole& whole, int64_t id, const TaskTracker& tasks, bool all_calls,
                             Inserter<tables::kSocket>& into) const {
  tables::SocketRow row;
  row.id = id;
  row.upid = orNull(whole.owner);
  row.wait_ns = whole.wait_ns;
  if (whole.life != 0) fillLife(lives_[whole.life - 1], row);
  const bool seen = whole.life != 0 && lives_[whole.life - 1].seen;
  if (whole.use != nullptr) fillUse(*whole.use, seen, all_calls, row);
  if (whole.owner == 0 && row.utid) row.upid = orNull(tasks.thread(static_cast<Utid>(*row.utid)).upid);

  std::string local, remote, path;
  if (const Resource* socket = resources_.find(whole.resource)) {
    row.resource_id = socket->id.value;
    row.kind = Label(resourceKindName(socket->kind));
    row.family = familyName(socket->family);
    row.type = typeName(socket->sock_type);
    const std::string_view protocol = protocolName(*socket);
    if (!protocol.empty()) row.protocol = Label(protocol);
    row.role = roleOf(*socket, whole);
    if (socket->cookie != 0) row.cookie = static_cast<int64_t>(socket->cookie);
    // At level waits nobody is seen to accept it.
    const bool taken = whole.life != 0 && lives_[whole.life - 1].accepted && socket->cookie != 0;
    if (!row.upid && taken) row.upid = orNull(resources_.listenerOwner(*socket));
    if (socket->kind == ResourceKind::socket) {
      local = addressText(socket->family, socket->local_addr);
      if (socket->local_port != 0) row.local_port = socket->local_port;
      if (!local.empty() && row.local_port) row.local_addr = local;
      if (!socket->listening && socket->remote_port != 0) {
        remote = addressText(socket->family, socket->remote_addr);
        row.remote_addr = remote;
        row.remote_port = socket->remote_port;
      }
    }
    path = displayPath(resources_.pathOf(*socket));
    if (!path.empty()) row.path = path;
    const SocketPeer peer = resources_.peerOf(*socket, tasks);
    row.peer_upid = orNull(peer.process);
    const auto other = whole_of_.find(peer.resource.value);
    if (peer.resource && other != whole_of_.end())
      row.peer_socket_id = static_cast<int64_t>(other->second) + 1;
  } else {  // it has begun to connect, and nothing else was seen of it
    row.kind = Label("socket");
    row.protocol = Label("TCP");
    row.type = Label("stream");
    row.role = Label("client");
  }
  into.insert(row);
}

void SocketTracker::store(Database& db, const TaskTracker& tasks, std::span<const ParkedVerdict> verdicts,
                          bool all_calls) {
  gather();
  addWaits(verdicts);
  Inserter<tables::kSocket> into(db);
  for (size_t i = 0; i < wholes_.size(); i++)
    storeOne(wholes_[i], static_cast<int64_t>(i) + 1, tasks, all_calls, into);
}

}  // namespace tarry::analysis
