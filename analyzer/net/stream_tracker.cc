#include "analyzer/net/stream_tracker.h"

#include <algorithm>
#include <utility>

namespace tarry::analysis {
namespace {

// include/linux/net.h
constexpr uint16_t kDatagram = 2;
constexpr uint16_t kRaw = 3;

// Decoders that live at once: who has more connections open than this has not been seen closing them.
constexpr size_t kMostDecoders = 65'536;

// Waiting::error of a piece of which nothing is known.
constexpr int32_t kUnknownBytes = -2;
static_assert(kUnknownBytes != ChannelDecoder::kSomeError);

// In a key's kind: a TLS session of the process in the low half.
constexpr uint64_t kSession = uint64_t{1} << 40U;

bool isSocket(ResourceKind kind) {
  return kind == ResourceKind::socket || kind == ResourceKind::unix_socket;
}

Endpoint endpoint(const Resource& socket, const std::array<uint8_t, 16>& addr, uint16_t port) {
  if (socket.kind != ResourceKind::socket) return {};
  return {socket.family, port, addr};
}

// For the heap: the earliest in front.
constexpr auto kLater = [](const auto& a, const auto& b) {
  return a.piece.ts != b.piece.ts ? a.piece.ts > b.piece.ts : a.order > b.order;
};

}  // namespace

StreamTracker::State* StreamTracker::stateOf(ResourceId id) {
  State* known = by_resource_.get(id);
  if (known != nullptr) return known;
  const Resource* resource = resources_.find(id);
  if (resource == nullptr) return nullptr;
  const bool socket = isSocket(resource->kind);
  if (!socket && resource->kind != ResourceKind::pipe && resource->kind != ResourceKind::fifo) return nullptr;
  Key key{static_cast<uint64_t>(resource->kind), resource->inode};
  if (socket && resource->cookie != 0) key = {0, resource->cookie};
  else if (!socket)
    key.kind |= static_cast<uint64_t>(resource->dev_major) << 8U ^ static_cast<uint64_t>(resource->dev_minor)
                                                                       << 20U;
  std::unique_ptr<State>& state = states_[key];
  if (state == nullptr) {
    state = std::make_unique<State>();
    state->channel.id = next_channel_++;
    state->channel.kind = resource->kind;
    state->channel.datagrams = socket && (resource->sock_type == kDatagram || resource->sock_type == kRaw);
    state->used = used_.end();
  }
  by_resource_.set(id, state.get());
  return state.get();
}

void StreamTracker::call(const SyscallEvent& event, const MovingCall& call, const MovingCallFacts& facts) {
  if (event.ret < 0) {
    failed(event, call, facts);
    return;
  }
  movedBytes(event, call, moved_);
  for (const MovedBytes& moved : moved_) {
    State* state = stateOf(moved.resource);
    if (state == nullptr) continue;
    Piece piece;
    touch(*state, moved, piece);
    piece.flow = moved.flow;
    piece.enter_ts = facts.ts;
    piece.ts = moved.flow == Flow::sent ? facts.ts : std::max(facts.ts, facts.exit_ts);
    piece.utid = facts.utid;
    piece.upid = facts.upid;
    piece.syscall_id = facts.syscall_id;
    if (moved.payload >= 0 && facts.first_payload > 0) {
      piece.source = PieceSource::payload;
      piece.source_id = facts.first_payload + moved.payload;
    }
    piece.data = moved.data;
    piece.missing = moved.missing;
    const bool end = moved.end && !state->channel.datagrams;
    if (moved.unknown) skip(*state, piece);
    else if (piece.ts > facts.ts) hold(*state, piece, end);
    else say(*state, piece, end);
  }
}

// An address may be used again for a session over another socket.
StreamTracker::State& StreamTracker::sessionOf(const PlaintextEvent& event, Upid upid) {
  State* below = stateOf(event.resource);
  std::unique_ptr<State>& state = states_[{kSession | upid, event.session}];
  if (state != nullptr && below != nullptr && state->channel.resource &&
      stateOf(state->channel.resource) != below) {
    if (state->decoder != nullptr) close(*state, state->last_ts);
    retired_.push_back(std::exchange(state, nullptr));
  }
  if (state == nullptr) {
    state = std::make_unique<State>();
    state->channel.id = next_channel_++;
    state->channel.plaintext = true;
    state->channel.session = event.session;
    state->used = used_.end();
  }
  if (below != nullptr) {
    below->has_plaintext = true;
    state->channel.kind = below->channel.kind;
  }
  return *state;
}

void StreamTracker::plaintext(const PlaintextEvent& event, int64_t ts, Utid utid, Upid upid,
                              int64_t plaintext_id) {
  if (event.result <= 0 || event.length == 0) return;
  State& state = sessionOf(event, upid);
  Piece piece;
  if (event.resource && resources_.find(event.resource) != nullptr) {
    MovedBytes moved;
    moved.resource = event.resource;
    touch(state, moved, piece);
  }
  piece.flow = event.direction == PayloadDirection::in ? Flow::sent : Flow::received;
  piece.enter_ts = ts;
  piece.ts = piece.flow == Flow::sent ? ts : ts + std::max<int64_t>(event.dur_ns, 0);
  piece.utid = utid;
  piece.upid = upid;
  if (plaintext_id > 0) {
    piece.source = PieceSource::plaintext;
    piece.source_id = plaintext_id;
  }
  piece.data = event.data.first(std::min<size_t>(event.data.size(), event.length));
  piece.missing = event.length - piece.data.size();
  if (piece.ts > ts) hold(state, piece, false);
  else say(state, piece, false);
}

bool StreamTracker::hasPlaintext(ResourceId resource) const {
  const State* state = by_resource_.get(resource);
  return state != nullptr && state->has_plaintext;
}

void StreamTracker::touch(State& state, const MovedBytes& moved, Piece& piece) {
  state.channel.resource = moved.resource;
  const Resource& resource = *resources_.find(moved.resource);
  state.channel.local = endpoint(resource, resource.local_addr, resource.local_port);
  state.channel.remote = endpoint(resource, resource.remote_addr, resource.remote_port);
  piece.remote = moved.remote.family != 0 ? moved.remote : state.channel.remote;
}

void StreamTracker::failed(const SyscallEvent& event, const MovingCall& call, const MovingCallFacts& facts) {
  const std::optional<MovedBytes> tried = failedMove(event, call);
  State* state = tried ? stateOf(tried->resource) : nullptr;
  if (state == nullptr) return;
  Piece piece;
  touch(*state, *tried, piece);
  piece.flow = tried->flow;
  piece.enter_ts = facts.ts;
  piece.ts = tried->flow == Flow::sent ? facts.ts : std::max(facts.ts, facts.exit_ts);
  piece.utid = facts.utid;
  piece.upid = facts.upid;
  piece.syscall_id = facts.syscall_id;
  piece.data = tried->data;
  const auto error = static_cast<int32_t>(-event.ret);
  if (piece.ts > facts.ts) hold(*state, piece, false, error);
  else fail(*state, piece, error);
}

void StreamTracker::reported(ResourceId resource, const MovingCallFacts& facts) {
  State* state = stateOf(resource);
  if (state == nullptr || state->decoder == nullptr) return;
  MovedBytes nothing;
  nothing.resource = resource;
  Piece piece;
  touch(*state, nothing, piece);
  piece.flow = Flow::received;
  piece.enter_ts = facts.ts;
  piece.ts = std::max(facts.ts, facts.exit_ts);
  piece.utid = facts.utid;
  piece.upid = facts.upid;
  hold(*state, piece, false, ChannelDecoder::kSomeError);
}

void StreamTracker::fail(State& state, const Piece& piece, int32_t error) {
  if (state.decoder == nullptr && piece.data.empty()) return;
  open(state);
  if (state.decoder != nullptr) state.decoder->failed(state.channel, piece, error);
}

void StreamTracker::folded(ResourceId resource, const MovingCall& call, int64_t ts, uint64_t bytes) {
  State* state = bytes > 0 ? stateOf(resource) : nullptr;
  if (state == nullptr) return;
  Piece piece;
  piece.flow = flowOf(call);
  piece.ts = piece.enter_ts = ts;
  piece.missing = bytes;
  say(*state, piece, false);
}

// Other messages of the same call may be waiting for their time: what follows them does so, too.
void StreamTracker::skip(State& state, const Piece& piece) {
  if (piece.ts > piece.enter_ts) hold(state, piece, false, kUnknownBytes);
  else gap(state, piece.ts);
}

void StreamTracker::gap(State& state, int64_t ts) {
  if (state.decoder != nullptr) state.decoder->lost(state.channel, ts);
}

void StreamTracker::hold(State& state, const Piece& piece, bool end, int32_t error) {
  waiting_.push_back({piece, {piece.data.begin(), piece.data.end()}, &state, end, error, order_++});
  std::push_heap(waiting_.begin(), waiting_.end(), kLater);
}

void StreamTracker::release(int64_t ts) {
  while (!waiting_.empty() && waiting_.front().piece.ts <= ts) {
    std::pop_heap(waiting_.begin(), waiting_.end(), kLater);
    Waiting next = std::move(waiting_.back());
    waiting_.pop_back();
    next.piece.data = next.data;
    if (next.error == kUnknownBytes) gap(*next.state, next.piece.ts);
    else if (next.error != 0) fail(*next.state, next.piece, next.error);
    else say(*next.state, next.piece, next.end);
  }
}

void StreamTracker::open(State& state) {
  if (state.decoder == nullptr) {
    state.decoder = make_(state.channel);
    if (state.decoder == nullptr) return;
    state.ended = {};
    if (used_.size() >= kMostDecoders) close(*used_.back(), state.last_ts);
    used_.push_front(&state);
    state.used = used_.begin();
  } else {
    used_.splice(used_.begin(), used_, state.used);
  }
}

void StreamTracker::close(State& state, int64_t ts) {
  for (const Flow flow : {Flow::sent, Flow::received}) {
    if (!state.ended[static_cast<size_t>(flow)]) state.decoder->ended(state.channel, flow, ts);
  }
  state.decoder.reset();
  used_.erase(state.used);
  state.used = used_.end();
}

void StreamTracker::say(State& state, const Piece& piece, bool end) {
  const bool empty = piece.data.empty() && piece.missing == 0 && !state.channel.datagrams;
  if (empty && (!end || state.decoder == nullptr)) return;
  const int64_t before_ts = std::exchange(state.last_ts, piece.ts);
  open(state);
  if (state.decoder == nullptr) return;
  if (const auto found = lost_.find(piece.upid);
      found != lost_.end() && found->second >= before_ts && before_ts != INT64_MIN)
    state.decoder->lost(state.channel, piece.ts);
  if (!empty) state.decoder->piece(state.channel, piece);
  if (!end) return;
  bool& ended = state.ended[static_cast<size_t>(piece.flow)];
  if (!ended) state.decoder->ended(state.channel, piece.flow, piece.ts);
  ended = true;
  if (state.ended[static_cast<size_t>(oppositeOf(piece.flow))]) close(state, piece.ts);
}

void StreamTracker::finish(int64_t end_ts) {
  release(INT64_MAX);
  // In the order of their channels, so that a trace always gives the same rows.
  std::vector<State*> open(used_.begin(), used_.end());
  std::sort(open.begin(), open.end(),
            [](const State* a, const State* b) { return a->channel.id < b->channel.id; });
  for (State* state : open) close(*state, end_ts);
}

}  // namespace tarry::analysis
