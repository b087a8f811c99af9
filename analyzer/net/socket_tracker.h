// Sockets over their lives: from the calls on them, the kernel's events (TCP), and the rows of resources
// that stand for one socket.
//
// Two views are joined at the end: what calls used, by the cookie that a socket's resources share; and the
// lives of TCP sockets, by the recording's number, which has no cookie before accept(2).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyzer/call_traits.h"
#include "analyzer/net/moved_bytes.h"
#include "analyzer/net/socket_tables.h"
#include "analyzer/resource_tracker.h"
#include "analyzer/sqlite.h"
#include "analyzer/task_tracker.h"
#include "analyzer/thread_state.h"

namespace tarry::analysis {

class SocketTracker {
 public:
  explicit SocketTracker(const ResourceTracker& resources) : resources_(resources) {}

  void call(const SyscallEvent& event, const CallTraits& traits, int64_t ts, int64_t exit_ts, Utid utid);
  // Calls that the trace has as a count alone.
  void folded(ResourceId resource, const MovingCall& call, uint64_t bytes);
  // A row of tcp_event without id; its text is valid until the next call.
  tables::TcpEventRow event(const SocketEvent& event, int64_t ts, Utid utid);
  // A thread waited for it. `parked`: see ThreadState.
  void waited(ResourceId resource, uint32_t parked, int64_t ns);
  // Once, at the end. `all_calls`: each is in the trace, so that sums over them say something.
  void store(Database& db, const TaskTracker& tasks, std::span<const ParkedVerdict> verdicts, bool all_calls);

 private:
  using Time = std::optional<int64_t>;
  struct Life {
    uint64_t cookie = 0;
    ResourceId resource;  // the last one
    Time listen, connect, established, close;
    bool accepted = false;
    int32_t error = 0;
    TcpState state = TcpState::unknown;
    std::optional<TcpFacts> facts;  // at the end
    bool living = false;  // they are of the end of the recording, or of a moment before its close(2)
    bool seen = false;    // to change: otherwise there are facts only
    std::optional<int64_t> handshake_ns;
    int64_t synack_retransmits = 0, resets_sent = 0, resets_received = 0;
    Utid utid = 0;
  };
  struct Use {  // by calls
    Time created, bound, listen, connect, established, close;
    bool accepted = false, pair = false;
    int32_t connect_error = 0;
    Utid utid = 0;
    uint64_t sent = 0, received = 0;
  };
  // All that stands for one socket.
  struct Whole {
    ResourceId resource;  // with most of its addresses, the last such
    bool listening = false;
    Upid owner = 0;
    const Use* use = nullptr;
    size_t life = 0;  // index + 1
    int64_t wait_ns = 0;
  };

  bool isSocket(ResourceId id) const;
  uint64_t keyOf(const Resource& socket) const;
  Use& useOf(ResourceId id) { return uses_[keyOf(*resources_.find(id))]; }
  ResourceId objectAt(const SyscallEvent& event, ObjectRole role) const;
  void connected(ResourceId socket, int64_t result, int64_t ts, int64_t exit_ts, Utid utid);
  void gather();
  void addWaits(std::span<const ParkedVerdict> verdicts);
  void fillLife(const Life& life, tables::SocketRow& row) const;
  void fillUse(const Use& use, bool tcp, bool all_calls, tables::SocketRow& row) const;
  Label roleOf(const Resource& socket, const Whole& whole) const;
  void storeOne(const Whole& whole, int64_t id, const TaskTracker& tasks, bool all_calls,
                Inserter<tables::kSocket>& into) const;

  const ResourceTracker& resources_;
  std::unordered_map<uint64_t, Use> uses_;
  std::vector<Life> lives_;
  std::unordered_map<uint32_t, size_t> life_of_;            // by the recording's number: index
  std::map<std::pair<uint32_t, uint32_t>, int64_t> waits_;  // by resource and what turns out about it
  std::vector<MovedBytes> moved_;
  std::string detail_;

  // at the end
  std::vector<Whole> wholes_;                      // index + 1 is socket.id; lives come first
  std::unordered_map<uint32_t, size_t> whole_of_;  // by resource: index
};

}  // namespace tarry::analysis
