// StreamTracker: from system calls, in the order of their enters, to the channels of stream.h, each piece in
// the order in which it was said. What a call received waits here until it returned; that is one piece a
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "analyzer/net/moved_bytes.h"
#include "analyzer/net/stream.h"
#include "analyzer/resource_tracker.h"

namespace tarry::analysis {

// A call that moved bytes, as the loader knows it.
struct MovingCallFacts {
  int64_t ts = 0, exit_ts = 0;
  Utid utid = 0;
  Upid upid = 0;
  int64_t syscall_id = 0;     // 0: not in the table
  int64_t first_payload = 0;  // payload.id of the event's first payload; 0: not in the table
};

class StreamTracker {
 public:
  // Makes what takes in a new channel; nullptr: nobody wants it.
  using MakeDecoder = std::function<std::unique_ptr<ChannelDecoder>(const Channel&)>;

  StreamTracker(const ResourceTracker& resources, MakeDecoder make)
      : resources_(resources), make_(std::move(make)) {}

  void call(const SyscallEvent& event, const MovingCall& call, const MovingCallFacts& facts);
  // A call of a TLS library: a channel of its own for each session. plaintext_id: 0: not in the table.
  void plaintext(const PlaintextEvent& event, int64_t ts, Utid utid, Upid upid, int64_t plaintext_id);
  // Was what was said on it also seen before it was encrypted, or after it was decrypted?
  bool hasPlaintext(ResourceId resource) const;
  // poll found an error on it.
  void reported(ResourceId resource, const MovingCallFacts& facts);
  // Calls that the trace has as a count alone.
  void folded(ResourceId resource, const MovingCall& call, int64_t ts, uint64_t bytes);
  // Calls of this process were lost.
  void lost(Upid process, int64_t ts) { lost_[process] = ts; }
  // Time goes on: nothing earlier follows. Called with every event.
  void advance(int64_t ts) {
    if (!waiting_.empty() && waiting_.front().piece.ts <= ts) release(ts);
  }
  // Nothing more comes: what waits here is said.
  void release() { release(INT64_MAX); }
  // Once: both flows of every channel end.
  void finish(int64_t end_ts);

 private:
  struct Key {
    uint64_t kind = 0, number = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return static_cast<size_t>((key.number ^ key.kind << 56U) * 0x9E3779B97F4A7C15U >> 16U);
    }
  };
  struct State {
    Channel channel;
    std::unique_ptr<ChannelDecoder> decoder;
    std::array<bool, 2> ended{};
    bool has_plaintext = false;  // by TLS sessions over it
    int64_t last_ts = INT64_MIN;
    std::list<State*>::iterator used;  // in used_, where there is a decoder
  };
  struct Waiting {
    Piece piece;
    std::vector<uint8_t> data;
    State* state = nullptr;
    bool end = false;
    int32_t error = 0;  // the call failed with it
    uint64_t order = 0;
  };

  State* stateOf(ResourceId resource);
  State& sessionOf(const PlaintextEvent& event, Upid upid);
  // The channel's newest row and the piece's remote end, from the call that used it.
  void touch(State& state, const MovedBytes& moved, Piece& piece);
  void failed(const SyscallEvent& event, const MovingCall& call, const MovingCallFacts& facts);
  void say(State& state, const Piece& piece, bool end);
  void fail(State& state, const Piece& piece, int32_t error);
  void skip(State& state, const Piece& piece);
  static void gap(State& state, int64_t ts);
  void hold(State& state, const Piece& piece, bool end, int32_t error = 0);
  void release(int64_t ts);
  void open(State& state);
  void close(State& state, int64_t ts);

  const ResourceTracker& resources_;
  const MakeDecoder make_;
  std::unordered_map<Key, std::unique_ptr<State>, KeyHash> states_;
  IdMap<ResourceId, State*> by_resource_;
  std::vector<std::unique_ptr<State>> retired_;  // what waits may refer to them
  std::list<State*> used_;                       // with decoders, the one used last in front
  std::vector<Waiting> waiting_;                 // a heap, the earliest in front
  std::unordered_map<Upid, int64_t> lost_;
  std::vector<MovedBytes> moved_;
  uint64_t order_ = 0;
  uint64_t next_channel_ = 1;
};

}  // namespace tarry::analysis
