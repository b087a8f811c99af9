#include "analyzer/socket_role_tracker.h"

namespace tarry::analysis {

void SocketRoleTracker::sent(ResourceId socket) {
  Entry& e = entry(socket);
  if (!e.used) e.spoke_first = true;
  e.used = true;
  e.spoke_last = true;
}

void SocketRoleTracker::received(ResourceId socket) {
  Entry& e = entry(socket);
  e.used = true;
  e.spoke_last = false;
}

void SocketRoleTracker::lostTrack(ResourceId resource) {
  const auto found = entries_.find(resources_.socketKey(resource));
  if (found != entries_.end()) found->second.used = false;
}

bool SocketRoleTracker::owed(ResourceId socket) const {
  const auto found = entries_.find(resources_.socketKey(socket));
  return found != entries_.end() && found->second.used && found->second.spoke_last &&
         found->second.side != SocketSide::server && reading(socket) == WaitRole::answer;
}

bool SocketRoleTracker::serves(ResourceId socket) const {
  const Resource* resource = resources_.find(socket);
  if (resource == nullptr) return false;
  if (resource->kind == ResourceKind::socket || resource->listening) return reading(socket) == WaitRole::idle;
  // Two connected Unix sockets are as often a loop's own means to wake itself up.
  const auto found = entries_.find(resources_.socketKey(socket));
  return found != entries_.end() && found->second.side == SocketSide::server;
}

WaitRole SocketRoleTracker::reading(ResourceId socket) const {
  const Resource* resource = resources_.find(socket);
  if (resource == nullptr) return WaitRole::none;
  if (resource->kind != ResourceKind::socket && resource->kind != ResourceKind::unix_socket)
    return WaitRole::none;
  if (resource->listening) return WaitRole::idle;

  const auto found = entries_.find(resources_.socketKey(socket));
  const Entry known = found != entries_.end() ? found->second : Entry{};
  SocketSide side = known.side;
  if (side == SocketSide::unknown) side = resources_.sideOf(*resource);
  if (resource->kind == ResourceKind::socket) {
    if (side == SocketSide::client) return WaitRole::answer;
    if (side == SocketSide::server) return WaitRole::idle;
    constexpr uint16_t kSockDgram = 2;
    if (resource->sock_type == kSockDgram && known.used) {
      return known.spoke_first ? WaitRole::answer : WaitRole::idle;
    }
  } else if (side == SocketSide::server) {
    return WaitRole::idle;
  }
  if (known.used) return known.spoke_last ? WaitRole::answer : WaitRole::idle;
  // It has connected and said nothing yet: the peer speaks first.
  return side == SocketSide::client ? WaitRole::answer : WaitRole::none;
}

}  // namespace tarry::analysis
