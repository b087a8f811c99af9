// What programs said to each other, put together from the calls that moved the bytes: channels, their pieces
// in order, and what takes them in.
//
// A channel is one socket (all resources with its cookie), one pipe, or one TLS session's plaintext. Each has
// two flows, named as the program that uses it sees them. What is sent counts from the enter of its call,
// what is received from the return, so that an answer comes after what was asked also where one thread reads
// while another writes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "analyzer/task_tracker.h"
#include "format/events.h"

namespace tarry::analysis {

enum class Flow : uint8_t { sent = 0, received = 1 };

inline Flow oppositeOf(Flow flow) {
  return flow == Flow::sent ? Flow::received : Flow::sent;
}

struct Endpoint {
  uint16_t family = 0;  // AF_*, 0: not known
  uint16_t port = 0;
  std::array<uint8_t, 16> addr{};  // network order; IPv4 in the first 4 bytes

  bool operator==(const Endpoint&) const = default;
};

struct Channel {
  uint64_t id = 0;        // from 1, in the order of appearance
  ResourceId resource{};  // the row that was used last
  ResourceKind kind = ResourceKind::unknown;
  bool datagrams = false;  // each piece is a message
  bool plaintext = false;  // of a TLS session over `resource`, which may be none
  uint64_t session = 0;    // of plaintext
  Endpoint local, remote;
};

// Table that a piece's bytes stand in.
enum class PieceSource : uint8_t { none = 0, payload = 1, plaintext = 2 };

// Bytes that one call moved. The data is valid until the decoder returns.
struct Piece {
  Flow flow = Flow::sent;
  int64_t ts = 0;        // when they were said: see above
  int64_t enter_ts = 0;  // of the call
  Utid utid = 0;
  Upid upid = 0;
  int64_t syscall_id = 0;  // 0: not in the table
  PieceSource source = PieceSource::none;
  int64_t source_id = 0;  // payload.id or plaintext.id; 0: not in the table
  // Datagrams: where it went to or came from. Of a connected socket that is the channel's.
  Endpoint remote;
  std::span<const uint8_t> data;
  uint64_t missing = 0;  // bytes after `data` that were moved too, but are not in the trace
};

// What takes in a channel. One object serves one channel; calls come in the order of time.
class ChannelDecoder {
 public:
  ChannelDecoder() = default;
  ChannelDecoder(const ChannelDecoder&) = delete;
  ChannelDecoder& operator=(const ChannelDecoder&) = delete;
  virtual ~ChannelDecoder() = default;

  // May be without data: then only `missing` says something.
  virtual void piece(const Channel& channel, const Piece& piece) = 0;
  // Sending or receiving failed with this errno, other than for the moment (EAGAIN, EINTR). `piece` has what
  // it tried to send; nothing was moved. kSomeError: poll reported an error, which it does not name.
  static constexpr int32_t kSomeError = -1;
  virtual void failed(const Channel& /*channel*/, const Piece& /*piece*/, int32_t /*error*/) {}
  // Calls were lost here: any number of bytes, also none, may be missing in both flows.
  virtual void lost(const Channel& channel, int64_t ts) = 0;
  // Nothing more comes in this flow: the peer's end was read, the socket was shut down, or (both flows) the
  // trace ends.
  virtual void ended(const Channel& channel, Flow flow, int64_t ts) = 0;
};

}  // namespace tarry::analysis
