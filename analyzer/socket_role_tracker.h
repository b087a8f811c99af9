// Whose turn it is on a socket: `answer` where this side waits for the peer, `idle` where it is a
// server that nobody asks.
//
// A client (it connected, or the ports say so) waits for an answer, whatever part of it has come
// already. A server waits idly, for a connection as for the next request. Where the sides are not
// known, and between equals (Unix sockets, UDP), the one that spoke last waits for an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "analyzer/resource_tracker.h"
#include "analyzer/run_state.h"

namespace tarry::analysis {

class SocketRoleTracker {
 public:
  explicit SocketRoleTracker(const ResourceTracker& resources) : resources_(resources) {}

  void connected(ResourceId socket) { entry(socket).side = SocketSide::client; }
  void accepted(ResourceId socket) { entry(socket).side = SocketSide::server; }
  void sent(ResourceId socket);
  void received(ResourceId socket);
  // It is not known any more who spoke last. No-op for what is no socket.
  void lostTrack(ResourceId resource);

  // A client has asked here and has got nothing yet: known from its calls only.
  bool owed(ResourceId socket) const;

  // It is there for others to connect to or to ask on.
  bool serves(ResourceId socket) const;

  // For a wait until this socket can be read.
  WaitRole reading(ResourceId socket) const;

 private:
  struct Entry {
    SocketSide side = SocketSide::unknown;
    bool spoke_first = false;
    bool spoke_last = false;
    bool used = false;
  };
  Entry& entry(ResourceId socket) { return entries_[resources_.socketKey(socket)]; }

  const ResourceTracker& resources_;
  std::unordered_map<uint64_t, Entry> entries_;
};

}  // namespace tarry::analysis
