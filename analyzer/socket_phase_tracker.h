// How far the conversation on a socket had come while a thread waited on it, and which thread had its other
// end.
//
// Told by the calls made before: what was sent, tried, received, and the first bytes of what was sent, where
// payload is recorded (a TLS handshake goes on as long as the last thing that this side sent began with one
// of its records, RFC 8446, 5.1). Without payload the first exchange on a port that is assigned to a protocol
// over TLS is taken for the handshake. Where only blocking calls are recorded, little of it is known.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "analyzer/resource_tracker.h"
#include "analyzer/run_state.h"
#include "analyzer/syscall_tracker.h"
#include "format/events.h"

namespace tarry::analysis {

class SocketPhaseTracker {
 public:
  // `payload`: what was sent is recorded, at least its first bytes.
  SocketPhaseTracker(const ResourceTracker& resources, bool payload)
      : resources_(resources), payload_(payload) {}

  // A thread makes a call that sends, receives or connects.
  void entered(const SyscallEvent& event, const CurrentCall& call, Utid utid);
  // The call is over: what came in it counts from now on.
  void left(const CurrentCall& call);
  void event(const SocketEvent& event, int64_t ts);
  void plaintext(const PlaintextEvent& event, int64_t ts);
  // Calls on it are known as a count alone: not in which order.
  void lostTrack(ResourceId resource);

  struct Wait {
    ResourceId socket;
    WaitRole role = WaitRole::none;
    const CallTraits* call = nullptr;
    int64_t begin = 0, end = 0;
    bool calls_known = false;  // all calls are recorded, not just those that block
  };
  WaitPhase phaseOf(const Wait& wait) const;
  // The thread that answered within the wait, or else has read last what was sent; 0: not recorded, or
  // unknown.
  Utid peerOf(const Wait& wait, WaitPhase phase) const;

 private:
  struct Entry {
    bool begun = false;  // in the recording
    bool used = false;
    bool spoke_last = false;
    bool heard = false;                // something has come
    bool answered_once = false;        // and something was sent after it
    bool connecting = false;           // as its calls say
    bool full = false;                 // the last send could not send all
    bool handshake = false;            // what was sent last began with a record of a TLS handshake
    int64_t ticket_bytes = 0;          // so many may come after a TLS handshake that are no answer
    int64_t connected_ts = INT64_MIN;  // when connecting ended, as the kernel says
    bool in_kernel_connecting = false;
    Utid sender = 0, receiver = 0;
    int64_t sent_ts = INT64_MIN;
    // Of its plaintext: when the last was sent, and when those that came last had come.
    bool plain = false;
    int64_t plain_sent_ts = INT64_MIN;
    int64_t plain_received_ts = INT64_MIN, plain_received_before_ts = INT64_MIN;
  };
  static bool answered(const Entry& entry, int64_t ts);
  const Entry* find(ResourceId socket) const;
  Entry& entry(ResourceId socket) { return entries_[resources_.socketKey(socket)]; }

  const ResourceTracker& resources_;
  const bool payload_;
  std::unordered_map<uint64_t, Entry> entries_;
};

}  // namespace tarry::analysis
