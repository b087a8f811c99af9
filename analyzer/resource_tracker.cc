#include "analyzer/resource_tracker.h"

#include <algorithm>

#include "analyzer/resource_label.h"

namespace tarry::analysis {
namespace {

constexpr uint16_t kAfInet = 2;
using Address = std::array<uint8_t, 16>;

// IPv4 as IPv6 holds it, so that both ends of a connection compare whatever their family.
Address mapped(uint16_t family, const Address& address) {
  if (family != kAfInet) return address;
  Address result{};
  result[10] = result[11] = 0xff;
  std::copy_n(address.begin(), 4, result.begin() + 12);
  return result;
}

bool isAny(const Address& mapped_address) {
  const bool v4 = mapped_address[10] == 0xff && mapped_address[11] == 0xff;
  return std::all_of(mapped_address.begin() + (v4 ? 12 : 0), mapped_address.end(),
                     [](uint8_t b) { return b == 0; });
}

bool isLoopback(const Address& a) {
  const bool v4 = std::all_of(a.begin(), a.begin() + 10, [](uint8_t b) { return b == 0; }) && a[10] == 0xff;
  if (v4) return a[12] == 127;
  return std::all_of(a.begin(), a.begin() + 15, [](uint8_t b) { return b == 0; }) && a[15] == 1;
}

uint64_t fdKey(Upid process, int32_t fd) {
  return (static_cast<uint64_t>(process) << 32U) | static_cast<uint32_t>(fd);
}

}  // namespace

std::string ResourceTracker::tupleKey(const Resource& socket, bool mirrored) {
  Address local = mapped(socket.family, socket.local_addr);
  Address remote = mapped(socket.family, socket.remote_addr);
  uint16_t local_port = socket.local_port;
  uint16_t remote_port = socket.remote_port;
  if (mirrored) {
    std::swap(local, remote);
    std::swap(local_port, remote_port);
  }
  std::string key;
  key.reserve(40);
  key.append(reinterpret_cast<const char*>(local.data()), local.size());
  key.append(reinterpret_cast<const char*>(remote.data()), remote.size());
  for (const uint16_t number : {local_port, remote_port, socket.sock_type}) {
    key.push_back(static_cast<char>(number & 0xffU));
    key.push_back(static_cast<char>(number >> 8U));
  }
  return key;
}

void ResourceTracker::define(const Resource& resource) {
  if (!resource.id || index_.get(resource.id) != 0) return;  // repeated in each epoch, never changed
  const auto index = static_cast<uint32_t>(resources_.size());
  resources_.push_back({resource, 0});
  index_.set(resource.id, index);
  if (resource.kind == ResourceKind::socket) {
    if (resource.listening) {
      listeners_.emplace(resource.local_port, index);
    } else if (resource.remote_port != 0 && resource.local_port != 0) {
      // A connection that nobody has accepted yet has no inode; afterwards it is another resource.
      const auto [known, fresh] = by_tuple_.try_emplace(tupleKey(resource, false), index);
      if (!fresh && resource.inode != 0) known->second = index;
    }
  } else if (resource.kind == ResourceKind::unix_socket) {
    unix_by_inode_[resource.inode] = index;
  }
}

void ResourceTracker::opened(const OpenFd& fd, Upid process) {
  used(fd.resource, process);
  open_fds_.push_back({process, fd.fd, fd.resource});
  open_by_fd_[fdKey(process, fd.fd)] = fd.resource;
}

// By where such file systems are mounted everywhere: the trace does not tell the type of one. They have no
// device, so what is mounted from a disk below /sys by way of exception is not taken for one.
bool ResourceTracker::isPseudo(ResourceId id) const {
  const Resource* resource = find(id);
  if (resource == nullptr || resource->dev_major != 0) return false;
  const std::string_view path = texts_.text(resource->path);
  return path.starts_with("/proc/") || path.starts_with("/sys/");
}

ResourceId ResourceTracker::openFd(Upid process, int32_t fd) const {
  const auto found = open_by_fd_.find(fdKey(process, fd));
  return found != open_by_fd_.end() ? found->second : ResourceId{};
}

const Resource* ResourceTracker::listenerFor(const Resource& socket, bool at_remote) const {
  const uint16_t port = at_remote ? socket.remote_port : socket.local_port;
  const Address address = mapped(socket.family, at_remote ? socket.remote_addr : socket.local_addr);
  const Resource* wildcard = nullptr;
  const auto [begin, end] = listeners_.equal_range(port);
  for (auto it = begin; it != end; ++it) {
    const Resource& listener = resources_[it->second].resource;
    if (listener.sock_type != socket.sock_type) continue;
    const Address bound = mapped(listener.family, listener.local_addr);
    if (bound == address) return &listener;
    if (isAny(bound)) wildcard = &listener;
  }
  return wildcard;
}

SocketSide ResourceTracker::sideOf(const Resource& socket) const {
  if (socket.kind != ResourceKind::socket) return SocketSide::unknown;
  if (socket.listening) return SocketSide::server;
  if (socket.remote_port == 0) return SocketSide::unknown;
  if (listenerFor(socket, false) != nullptr) return SocketSide::server;
  // A listener with the remote port tells only where the remote address is one of this machine's.
  const Address remote = mapped(socket.family, socket.remote_addr);
  const Address local = mapped(socket.family, socket.local_addr);
  if ((remote == local || isLoopback(remote)) && listenerFor(socket, true) != nullptr)
    return SocketSide::client;
  // Linux gives clients ports from 32768 on (ip_local_port_range); servers choose theirs below, mostly.
  constexpr uint16_t kFirstEphemeral = 32768;
  if (socket.local_port >= kFirstEphemeral && socket.remote_port < kFirstEphemeral) return SocketSide::client;
  if (socket.local_port < kFirstEphemeral && socket.remote_port >= kFirstEphemeral) return SocketSide::server;
  return SocketSide::unknown;
}

ResourceId ResourceTracker::otherEnd(ResourceId id) const {
  const Resource* socket = find(id);
  if (socket == nullptr) return {};
  if (socket->kind == ResourceKind::unix_socket && socket->peer_inode != 0) {
    const auto found = unix_by_inode_.find(socket->peer_inode);
    if (found != unix_by_inode_.end()) return resources_[found->second].resource.id;
  }
  if (socket->kind == ResourceKind::socket && socket->remote_port != 0) {
    const auto found = by_tuple_.find(tupleKey(*socket, true));
    if (found != by_tuple_.end()) return resources_[found->second].resource.id;
  }
  return {};
}

uint64_t ResourceTracker::socketKey(ResourceId id) const {
  const Resource* socket = find(id);
  if (socket != nullptr && socket->cookie != 0) return socket->cookie;
  // Ids are 32 bits and cookies count up from small numbers: keep them apart.
  return (uint64_t{1} << 63U) | id.value;
}

Upid ResourceTracker::listenerOwner(const Resource& socket) const {
  const Resource* listener = listenerFor(socket, false);
  return listener != nullptr ? resources_[index_.get(listener->id)].owner : 0;
}

SocketPeer ResourceTracker::peerOf(const Resource& socket, const TaskTracker& tasks) const {
  SocketPeer peer;
  peer.resource = otherEnd(socket.id);
  if (peer.resource) peer.process = resources_[index_.get(peer.resource)].owner;
  if (peer.process != 0) return peer;
  if (socket.kind == ResourceKind::unix_socket) {
    if (socket.peer_pid > 0) peer.process = tasks.findPid(socket.peer_pid);
    return peer;
  }
  if (socket.kind != ResourceKind::socket || socket.remote_port == 0 || socket.listening) return peer;
  const Address remote = mapped(socket.family, socket.remote_addr);
  const bool here = isLoopback(remote) || remote == mapped(socket.family, socket.local_addr);
  const Resource* listener = here ? listenerFor(socket, true) : nullptr;
  if (listener != nullptr) peer.process = resources_[index_.get(listener->id)].owner;
  return peer;
}

std::string ResourceTracker::nameOf(const Resource& resource) const {
  std::string_view peer_path;
  if (resource.kind == ResourceKind::unix_socket && !resource.path) {
    const Resource* peer = find(otherEnd(resource.id));
    if (peer != nullptr) peer_path = texts_.text(peer->path);
  }
  return resourceName(resource, texts_.text(resource.path), peer_path);
}

}  // namespace tarry::analysis
