#include "replay/script.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "analyzer/net/stream_reader.h"

namespace tarry::replay {
namespace {

using analysis::Channel;
using analysis::ChannelDecoder;
using analysis::ConnectFacts;
using analysis::Flow;
using analysis::Piece;

// include/uapi/asm-generic/errno.h, include/linux/socket.h
constexpr int32_t kInProgress = 115;
constexpr int32_t kRefused = 111;
constexpr uint16_t kInternet6 = 10;

enum class Side : uint8_t { unknown, client, server };

// One side's view of a connection, or of all that went over a datagram socket.
struct View {
  uint64_t cookie = 0;
  Side side = Side::unknown;
  Endpoint local, remote;
  RecordedConnection said;
  std::vector<RecordedQuery> queries;
  int64_t connected_ts = 0;
  int64_t asked_ts = 0;  // of the last question, or the connection
  bool client_ended = false;
  uint64_t missing = 0;
};

class Scribe {
 public:
  explicit Scribe(TraceReader& trace)
      : streams_(trace, [this](const Channel& channel) { return decoderFor(channel); }) {
    streams_.onConnect([this](const ConnectFacts& facts) { connected(facts); });
  }
  ReplayScript write();

 private:
  class Decoder;
  struct Connect {
    Side side = Side::client;
    int64_t begin_ts = 0, end_ts = 0;
  };

  std::unique_ptr<ChannelDecoder> decoderFor(const Channel& channel);
  void connected(const ConnectFacts& facts);
  void stream(View& view, const Piece& piece);
  static void datagram(View& view, const Piece& piece);

  std::map<uint64_t, Connect> connects_;  // by the socket's number
  std::vector<std::unique_ptr<View>> views_;
  ReplayScript script_;
  analysis::StreamReader streams_;
};

class Scribe::Decoder final : public ChannelDecoder {
 public:
  Decoder(Scribe& scribe, View& view) : scribe_(scribe), view_(view) {}
  void piece(const Channel& channel, const Piece& piece) override {
    view_.local = channel.local;
    view_.remote = channel.remote;
    view_.missing += piece.missing;
    if (channel.datagrams) datagram(view_, piece);
    else scribe_.stream(view_, piece);
  }
  void lost(const Channel& /*channel*/, int64_t /*ts*/) override { view_.missing++; }
  void ended(const Channel& /*channel*/, Flow flow, int64_t /*ts*/) override {
    if (scribe_.streams_.atEnd()) return;
    const bool by_us = flow == Flow::sent;
    if (by_us == (view_.side == Side::server)) view_.said.server_ends = true;
  }

 private:
  Scribe& scribe_;
  View& view_;
};

uint64_t numberOf(const Resource& socket) {
  return socket.cookie != 0 ? socket.cookie : socket.inode;
}

std::unique_ptr<ChannelDecoder> Scribe::decoderFor(const Channel& channel) {
  const Resource* socket = streams_.resources().find(channel.resource);
  if (channel.plaintext || channel.kind != ResourceKind::socket || socket == nullptr) return nullptr;
  View& view = *views_.emplace_back(std::make_unique<View>());
  view.cookie = numberOf(*socket);
  view.local = channel.local;
  view.remote = channel.remote;
  if (const auto found = connects_.find(view.cookie); found != connects_.end()) {
    view.side = found->second.side;
    view.asked_ts = found->second.end_ts;
    view.said.connect_ns = found->second.end_ts - found->second.begin_ts;
  } else if (!channel.datagrams) {
    // It was there before. Who listens mostly does so on the lower port.
    view.side = channel.remote.port <= channel.local.port ? Side::client : Side::server;
  }
  return std::make_unique<Decoder>(*this, view);
}

void Scribe::connected(const ConnectFacts& facts) {
  const Resource& socket = *streams_.resources().find(facts.resource);
  if (socket.kind != ResourceKind::socket) return;
  if (facts.error == kRefused) {
    script_.refused.push_back({socket.family, socket.remote_port, socket.remote_addr});
    return;
  }
  if (facts.error != 0 && facts.error != kInProgress) return;
  Connect& connect = connects_[numberOf(socket)];
  connect.side = facts.accepted ? Side::server : Side::client;
  connect.begin_ts = facts.accepted ? facts.exit_ts : facts.ts;
  connect.end_ts = facts.exit_ts;
}

void Scribe::stream(View& view, const Piece& piece) {
  std::vector<Turn>& turns = view.said.turns;
  const bool asks = (piece.flow == Flow::sent) == (view.side == Side::client);
  if (asks) {
    if (turns.empty() || !turns.back().answers.empty()) turns.emplace_back();
    Turn& turn = turns.back();
    turn.asked.insert(turn.asked.end(), piece.data.begin(), piece.data.end());
    turn.missing += piece.missing;
    view.asked_ts = piece.ts;
    return;
  }
  if (turns.empty()) turns.emplace_back();
  Turn& turn = turns.back();
  turn.missing += piece.missing;
  if (piece.data.empty()) return;
  turn.answers.push_back(
      {std::max<int64_t>(piece.ts - view.asked_ts, 0), {piece.data.begin(), piece.data.end()}});
}

void Scribe::datagram(View& view, const Piece& piece) {
  // Who speaks first asks.
  if (view.side == Side::unknown) view.side = piece.flow == Flow::sent ? Side::client : Side::server;
  const bool asks = (piece.flow == Flow::sent) == (view.side == Side::client);
  if (asks) {
    RecordedQuery& query = view.queries.emplace_back();
    query.server = piece.flow == Flow::sent ? piece.remote : view.local;
    query.asked.assign(piece.data.begin(), piece.data.end());
    view.asked_ts = piece.ts;
  } else if (!view.queries.empty()) {
    // Several questions may be under way: it belongs to the one that it repeats the beginning of (as DNS does
    // its id), otherwise to the last.
    auto query = std::find_if(view.queries.rbegin(), view.queries.rend(), [&](const RecordedQuery& one) {
      return one.answers.empty() && one.asked.size() >= 2 && piece.data.size() >= 2 &&
             std::equal(one.asked.begin(), one.asked.begin() + 2, piece.data.begin());
    });
    if (query == view.queries.rend()) query = view.queries.rbegin();
    query->answers.push_back(
        {std::max<int64_t>(piece.ts - view.asked_ts, 0), {piece.data.begin(), piece.data.end()}});
  }
}

ReplayScript Scribe::write() {
  streams_.run();
  // A connection with both ends in the trace is the client's.
  std::set<std::pair<std::string, std::string>> by_clients;
  for (const auto& view : views_) {
    if (view->side == Side::client) by_clients.emplace(endpointText(view->local), endpointText(view->remote));
  }
  for (const auto& view : views_) {
    if (view->side == Side::server &&
        by_clients.contains({endpointText(view->remote), endpointText(view->local)}))
      continue;
    script_.missing_bytes += view->missing;
    for (RecordedQuery& query : view->queries) {
      if (query.server.port != 0) script_.queries.push_back(std::move(query));
    }
    view->said.server = view->side == Side::client ? view->remote : view->local;
    if (!view->said.turns.empty() && view->said.server.port != 0)
      script_.connections.push_back(std::move(view->said));
  }
  return std::move(script_);
}

}  // namespace

ReplayScript readScript(TraceReader& reader) {
  return Scribe(reader).write();
}

std::string endpointText(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(endpoint.family == kInternet6 ? AF_INET6 : AF_INET, endpoint.addr.data(), text, sizeof text);
  return endpoint.family == kInternet6 ? fmt::format("[{}]:{}", text, endpoint.port)
                                       : fmt::format("{}:{}", text, endpoint.port);
}

}  // namespace tarry::replay
