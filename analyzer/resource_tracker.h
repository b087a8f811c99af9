// What stood behind fds: every resource of the trace, who had it open first, and, for sockets, which
// resource and process are at the other end on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/id_map.h"
#include "analyzer/task_tracker.h"
#include "analyzer/text_pool.h"
#include "format/events.h"

namespace tarry::analysis {

// Which end of a connection a socket is.
enum class SocketSide : uint8_t { unknown, client, server };

struct TrackedResource {
  Resource resource;
  Upid owner = 0;
};

struct SocketPeer {
  ResourceId resource;  // none: the other end is not in the trace
  Upid process = 0;     // 0: not known
};

class ResourceTracker {
 public:
  explicit ResourceTracker(TextPool& texts) : texts_(texts) {}

  void define(const Resource& resource);
  void opened(const OpenFd& fd, Upid process);
  // A call of `process` used it.
  void used(ResourceId id, Upid process) {
    const uint32_t index = index_.get(id);
    if (index != 0 && resources_[index].owner == 0) resources_[index].owner = process;
  }

  // The process that used it first, 0: none is known.
  Upid ownerOf(ResourceId id) const { return resources_[index_.get(id)].owner; }
  // nullptr where unknown; valid until the next define().
  const Resource* find(ResourceId id) const {
    const uint32_t index = index_.get(id);
    return index != 0 ? &resources_[index].resource : nullptr;
  }
  // A file of a file system that the kernel makes up.
  bool isPseudo(ResourceId id) const;
  ResourceKind kindOf(ResourceId id) const {
    const Resource* resource = find(id);
    return resource != nullptr ? resource->kind : ResourceKind::unknown;
  }

  // What /proc/PID/fd said at the start. None where not known.
  ResourceId openFd(Upid process, int32_t fd) const;

  // Client or server by what else is in the trace: a listener with the same port on one of the sides.
  SocketSide sideOf(const Resource& socket) const;
  // Who listens where this connection came in, 0: not known.
  Upid listenerOwner(const Resource& socket) const;
  SocketPeer peerOf(const Resource& socket, const TaskTracker& tasks) const;
  // The other end's resource of a connected Unix socket or internet socket, none where not known.
  ResourceId otherEnd(ResourceId socket) const;
  // The same for all resources that are one socket: its cookie, where it has one.
  uint64_t socketKey(ResourceId id) const;

  std::string nameOf(const Resource& resource) const;
  std::string_view pathOf(const Resource& resource) const { return texts_.text(resource.path); }
  const std::vector<TrackedResource>& all() const { return resources_; }  // [0] is not one
  size_t count() const { return resources_.size() - 1; }
  struct FdEntry {
    Upid process;
    int32_t fd;
    ResourceId resource;
  };
  const std::vector<FdEntry>& openFds() const { return open_fds_; }

 private:
  // Protocol, addresses (IPv4 mapped into IPv6) and ports of one connection, seen from one side.
  static std::string tupleKey(const Resource& socket, bool mirrored);
  const Resource* listenerFor(const Resource& socket, bool at_remote) const;

  TextPool& texts_;
  IdMap<ResourceId> index_;
  std::vector<TrackedResource> resources_ = std::vector<TrackedResource>(1);
  std::unordered_map<std::string, uint32_t> by_tuple_;
  std::unordered_multimap<uint16_t, uint32_t> listeners_;  // by port
  std::unordered_map<uint64_t, uint32_t> unix_by_inode_;
  std::vector<FdEntry> open_fds_;
  std::unordered_map<uint64_t, ResourceId> open_by_fd_;
};

}  // namespace tarry::analysis
