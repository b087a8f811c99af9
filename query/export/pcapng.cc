#include "query/export/pcapng.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/net/stream_reader.h"
#include "query/export/ip_frames.h"
#include "query/export/pcapng_writer.h"
#include "query/export/recorded_packets.h"
#include "query/render/units.h"

namespace tarry {
namespace {

using analysis::Channel;
using analysis::ChannelDecoder;
using analysis::ConnectFacts;
using analysis::Endpoint;
using analysis::Flow;
using analysis::Piece;

// include/uapi/linux/in.h, asm-generic/errno.h
constexpr uint16_t kTcp = 6;
constexpr uint16_t kUdp = 17;
constexpr int32_t kIsConnected = 106;
constexpr int32_t kRefused = 111;
constexpr int32_t kAlready = 114;
constexpr int32_t kInProgress = 115;

// As a network card would take them off the sender's hands.
constexpr uint32_t kSegmentData = 16'384;
// Frames without data that stand for missing bytes, in the whole file: for 4 GiB, as many as sequence numbers
// tell apart. What is missing beyond them only moves these on: a row of a hostile trace may claim anything.
constexpr uint32_t kMostGapFrames = 1U << 16U;
// Of a sender that is recorded, datagrams whose receipt is expected.
constexpr size_t kMostExpected = 4096;

// In the order in which they are added.
constexpr uint32_t kSockets = 0;
constexpr uint32_t kTls = 1;

// Port on which the protocol is spoken that a port has over TLS: readers tell conversations apart by
// addresses and ports alone, and protocols by ports.
uint16_t plainPort(uint16_t port) {
  constexpr std::pair<uint16_t, uint16_t> kPlain[] = {{443, 80},  {8443, 8080}, {465, 25},   {563, 119},
                                                      {636, 389}, {853, 53},    {990, 21},   {993, 143},
                                                      {995, 110}, {5671, 5672}, {6697, 6667}};
  for (const auto& [secure, plain] : kPlain) {
    if (port == secure) return plain;
  }
  return static_cast<uint16_t>(port + 10'000);
}

constexpr size_t indexOf(bool from_second) {
  return from_second ? 1 : 0;
}

// What both of its ends call the connection.
struct Tuple {
  Endpoint first, second;

  static int compare(const Endpoint& a, const Endpoint& b) {
    if (a.family != b.family) return a.family < b.family ? -1 : 1;
    if (a.addr != b.addr) return a.addr < b.addr ? -1 : 1;
    return a.port == b.port ? 0 : a.port < b.port ? -1 : 1;
  }
  bool operator<(const Tuple& other) const {
    const int order = compare(first, other.first);
    return order != 0 ? order < 0 : compare(second, other.second) < 0;
  }
};

struct Connection {
  Tuple ends;
  uint32_t interface = 0;
  // By sender: ends.first, ends.second.
  std::array<uint32_t, 2> next{1, 1};  // sequence number of the next byte
  std::array<bool, 2> speaks{};        // its own process is in the trace
  std::array<bool, 2> finished{};
  ResourceId opened_by{};       // socket whose connect is framed
  bool handshake_open = false;  // a SYN has been framed, the answer has not
  bool client_is_second = false;
  bool accepted = false;
  bool packets = false;  // its own were recorded, nothing is framed

  const Endpoint& end(bool second) const { return second ? ends.second : ends.first; }
};

// Datagrams that were framed as they were sent, and will be received.
class Expected {
 public:
  void add(const Endpoint& to, std::span<const uint8_t> data) {
    if (order_.size() == kMostExpected) {
      forget(order_.front());
      order_.erase(order_.begin());
    }
    order_.push_back(key(to, data));
    counts_[order_.back()]++;
  }
  bool take(const Endpoint& to, std::span<const uint8_t> data) {
    const std::string wanted = key(to, data);
    if (!counts_.contains(wanted)) return false;
    forget(wanted);
    order_.erase(std::find(order_.begin(), order_.end(), wanted));
    return true;
  }

 private:
  static std::string key(const Endpoint& to, std::span<const uint8_t> data) {
    std::string key(data.begin(), data.end());
    return key + static_cast<char>(to.port >> 8U) + static_cast<char>(to.port);
  }
  void forget(const std::string& key) {
    const auto found = counts_.find(key);
    if (--found->second == 0) counts_.erase(found);
  }

  std::vector<std::string> order_;
  std::map<std::string, int> counts_;
};

class Exporter {
 public:
  Exporter(TraceReader& trace, std::ostream& out)
      : realtime_ns_(trace.header().start.realtime_ns),
        writer_(out, "tarry " + trace.header().tarry_version,
                trace.header().os_name + ", Linux " + trace.header().kernel_release),
        recorded_(trace),
        streams_(trace, [this](const Channel& channel) { return decoderFor(channel); }) {
    writer_.addInterface(LinkType::raw_ip, "sockets", "what programs sent and received, framed by tarry");
    writer_.addInterface(LinkType::raw_ip, "tls",
                         "the same before it was encrypted and after it was decrypted");
    for (auto& [interface, number] : recorded_.interfaces()) {
      number =
          writer_.addInterface(interface.link == PacketLink::raw_ip ? LinkType::raw_ip : LinkType::ethernet,
                               interface.name, "packets as they were recorded");
    }
    streams_.onPacket([this](const PacketEvent& event, int64_t ts) { recordedPacket(event, ts); });
    streams_.onConnect([this](const ConnectFacts& facts) { connected(facts); });
    streams_.onTime([this](int64_t ts) { release(ts); });
  }

  PcapngCounts run() {
    streams_.run();
    release(INT64_MAX);
    return counts_;
  }

 private:
  struct Timed {
    int64_t ts = 0;
    uint64_t order = 0;
    uint32_t interface = 0;
    IpFrame frame;
    std::string comment;
    PacketWay way = PacketWay::unknown;
    bool operator<(const Timed& other) const {  // the earliest is the greatest, for the heap
      return ts != other.ts ? ts > other.ts : order > other.order;
    }
  };
  class Decoder;

  std::unique_ptr<ChannelDecoder> decoderFor(const Channel& channel);

  void put(int64_t ts, uint32_t interface, IpFrame frame, std::string comment,
           PacketWay way = PacketWay::unknown) {
    waiting_.push_back({ts, order_++, interface, std::move(frame), std::move(comment), way});
    std::push_heap(waiting_.begin(), waiting_.end());
  }
  void release(int64_t ts) {
    while (!waiting_.empty() && waiting_.front().ts <= ts) {
      std::pop_heap(waiting_.begin(), waiting_.end());
      const Timed& next = waiting_.back();
      CapturedPacket packet;
      packet.interface = next.interface;
      packet.time_ns = realtime_ns_ + next.ts;
      packet.bytes = next.frame.bytes;
      packet.original_bytes = next.frame.original_bytes;
      packet.comment = next.comment;
      packet.way = next.way;
      writer_.write(packet);
      counts_.packets++;
      waiting_.pop_back();
    }
  }

  std::string comment(analysis::Utid utid, bool receives) const {
    if (utid == 0) return {};
    const analysis::TrackedThread& thread = streams_.tasks().thread(utid);
    const analysis::TrackedProcess& process = streams_.tasks().process(thread.upid);
    return fmt::format("{}{} (pid {}, tid {})", receives ? "received by " : "",
                       printable(streams_.text(process.comm)), process.pid, thread.tid);
  }

  // Who is known to use the socket, where no thread is.
  std::string ownerComment(ResourceId socket, bool receives) const {
    const analysis::Upid owner = streams_.resources().ownerOf(socket);
    if (owner == 0) return {};
    const analysis::TrackedProcess& process = streams_.tasks().process(owner);
    return fmt::format("{}{} (pid {})", receives ? "received by " : "",
                       printable(streams_.text(process.comm)), process.pid);
  }

  // nullptr: its ends are not known. `from_second`: `local` is its second end.
  Connection* find(uint32_t interface, const Endpoint& local, const Endpoint& remote, bool& local_is_second) {
    if (local.port == 0 || remote.port == 0) return nullptr;
    Tuple tuple{unmapped(local), unmapped(remote)};
    local_is_second = Tuple::compare(tuple.second, tuple.first) < 0;
    if (local_is_second) std::swap(tuple.first, tuple.second);
    Connection& connection = connections_[interface][tuple];
    if (connection.ends.first.port == 0) {
      connection.ends = tuple;
      connection.interface = interface;
      counts_.connections += interface == kSockets ? 1 : 0;
    }
    connection.packets = interface == kSockets && recorded_.has(false, local, remote);
    return &connection;
  }

  void connected(const ConnectFacts& facts);
  void recordedPacket(const PacketEvent& event, int64_t ts);
  void segment(const Connection& connection, bool from_second, uint8_t flags, int64_t ts, std::string comment,
               uint32_t sequence, std::span<const uint8_t> data = {}, uint32_t missing = 0);
  void answerHandshake(Connection& connection, int64_t ts);
  bool isSameSocket(ResourceId id, const Resource& socket) const;
  void stream(const Channel& channel, const Piece& piece);
  void datagram(const Channel& channel, const Piece& piece);
  void ended(const Channel& channel, Flow flow, int64_t ts);

  const int64_t realtime_ns_;
  PcapngWriter writer_;
  PcapngCounts counts_;
  RecordedPackets recorded_;
  std::array<std::map<Tuple, Connection>, 2> connections_;  // by interface
  Expected expected_;
  Expected looped_;  // packets that come back
  std::vector<Timed> waiting_;
  uint64_t order_ = 0;
  uint32_t gap_frames_ = 0;
  analysis::StreamReader streams_;
};

class Exporter::Decoder final : public ChannelDecoder {
 public:
  explicit Decoder(Exporter& exporter) : exporter_(exporter) {}
  void piece(const Channel& channel, const Piece& piece) override {
    if (channel.datagrams) exporter_.datagram(channel, piece);
    else exporter_.stream(channel, piece);
  }
  // How much is not known; what follows is framed as if nothing were missing.
  void lost(const Channel& /*channel*/, int64_t /*ts*/) override {}
  void ended(const Channel& channel, Flow flow, int64_t ts) override { exporter_.ended(channel, flow, ts); }

 private:
  Exporter& exporter_;
};

std::unique_ptr<ChannelDecoder> Exporter::decoderFor(const Channel& channel) {
  if (channel.kind != ResourceKind::socket) return nullptr;
  const Resource* socket = streams_.resources().find(channel.resource);
  const uint16_t wanted = channel.datagrams ? kUdp : kTcp;
  if (socket == nullptr || (socket->protocol != 0 && socket->protocol != wanted)) return nullptr;
  return std::make_unique<Decoder>(*this);
}

void Exporter::segment(const Connection& connection, bool from_second, uint8_t flags, int64_t ts,
                       std::string comment, uint32_t sequence, std::span<const uint8_t> data,
                       uint32_t missing) {
  if (connection.packets) return;
  TcpSegment segment;
  segment.from = connection.end(from_second);
  segment.to = connection.end(!from_second);
  segment.flags = flags;
  segment.sequence = sequence;
  if ((flags & kTcpAck) != 0) segment.acknowledged = connection.next[indexOf(!from_second)];
  segment.data = data;
  segment.missing = missing;
  put(ts, connection.interface, tcpFrame(segment), std::move(comment));
}

void Exporter::answerHandshake(Connection& connection, int64_t ts) {
  if (!std::exchange(connection.handshake_open, false)) return;
  segment(connection, !connection.client_is_second, kTcpSyn | kTcpAck, ts, {}, 0);
  segment(connection, connection.client_is_second, kTcpAck, ts, {}, 1);
}

bool Exporter::isSameSocket(ResourceId id, const Resource& socket) const {
  const Resource* other = id ? streams_.resources().find(id) : nullptr;
  return other != nullptr && other->cookie == socket.cookie && other->inode == socket.inode;
}

void Exporter::connected(const ConnectFacts& facts) {
  const Resource& socket = *streams_.resources().find(facts.resource);
  if (socket.kind != ResourceKind::socket || socket.protocol != kTcp) return;
  bool second = false;
  Connection* connection = find(kSockets, {socket.family, socket.local_port, socket.local_addr},
                                {socket.family, socket.remote_port, socket.remote_addr}, second);
  if (connection == nullptr) return;
  if (facts.accepted) {
    // Its client may be in the trace, and have begun it.
    if (connection->opened_by && !std::exchange(connection->accepted, true)) {
      answerHandshake(*connection, facts.exit_ts);
      return;
    }
    second = !second;
  } else if (connection->client_is_second == second && isSameSocket(connection->opened_by, socket) &&
             (facts.error == 0 || facts.error == kIsConnected || facts.error == kAlready)) {
    // Asked by another call of connect how far the first one has come.
    if (facts.error != kAlready) answerHandshake(*connection, facts.exit_ts);
    return;
  }
  // The same addresses may be used for one connection after the other.
  const Tuple ends = connection->ends;
  const bool packets = connection->packets;
  *connection = Connection{};
  connection->ends = ends;
  connection->packets = packets;
  connection->opened_by = facts.resource;
  connection->accepted = facts.accepted;
  connection->client_is_second = second;
  connection->handshake_open = true;
  const int64_t begin_ts = facts.accepted ? facts.exit_ts : facts.ts;
  segment(*connection, second, kTcpSyn, begin_ts, facts.accepted ? "" : comment(facts.utid, false), 0);
  if (facts.error == kInProgress) return;
  if (facts.error == 0) {
    answerHandshake(*connection, facts.exit_ts);
  } else {
    connection->handshake_open = false;
    if (facts.error == kRefused) segment(*connection, !second, kTcpReset | kTcpAck, facts.exit_ts, {}, 0);
  }
}

// Of the loopback interface once, as libpcap does.
void Exporter::recordedPacket(const PacketEvent& event, int64_t ts) {
  const bool received = event.direction == PacketDirection::received;
  if (event.link == PacketLink::loopback) {
    if (received && looped_.take({}, event.data)) return;
    if (!received) looped_.add({}, event.data);
  }
  IpFrame frame;
  frame.bytes.assign(event.data.begin(), event.data.end());
  frame.original_bytes = event.length;
  const analysis::Utid utid = event.thread ? streams_.tasks().utid(event.thread) : 0;
  put(ts, recorded_.interfaces()[recorded_.interfaceOf(event)], std::move(frame),
      utid != 0 ? comment(utid, received) : ownerComment(event.resource, received),
      received ? PacketWay::in : PacketWay::out);
}

void Exporter::stream(const Channel& channel, const Piece& piece) {
  bool local_is_second = false;
  Connection* connection = find(kSockets, channel.local, channel.remote, local_is_second);
  if (connection != nullptr && channel.plaintext) {
    // Who connected, or, of a connection that was there before, has the higher port, is the client.
    Endpoint local = channel.local, remote = channel.remote;
    const bool local_is_client =
        connection->opened_by ? connection->client_is_second == local_is_second : local.port >= remote.port;
    (local_is_client ? remote : local).port = plainPort((local_is_client ? remote : local).port);
    connection = find(kTls, local, remote, local_is_second);
  }
  if (connection == nullptr) return;
  const bool received = piece.flow == Flow::received;
  const bool from_second = local_is_second != received;
  if (received && connection->speaks[indexOf(from_second)]) return;
  if (!received) connection->speaks[indexOf(from_second)] = true;
  answerHandshake(*connection, piece.ts);
  const std::string who = comment(piece.utid, received);
  std::span<const uint8_t> data = piece.data;
  uint64_t missing = piece.missing;
  if (!channel.plaintext && !connection->packets) counts_.missing_bytes += missing;
  uint32_t& next = connection->next[indexOf(from_second)];
  while (!data.empty() || missing > 0) {
    if (data.empty() && ++gap_frames_ > kMostGapFrames) {
      next += static_cast<uint32_t>(missing);  // modulo 2^32, as they are
      return;
    }
    const std::span<const uint8_t> part = data.first(std::min<size_t>(data.size(), kSegmentData));
    data = data.subspan(part.size());
    const uint64_t room = kMostFrameData - part.size();
    const auto cut = static_cast<uint32_t>(data.empty() ? std::min(missing, room) : 0);
    missing -= cut;
    segment(*connection, from_second, kTcpPush | kTcpAck, piece.ts, who, next, part, cut);
    next += static_cast<uint32_t>(part.size()) + cut;
  }
}

void Exporter::datagram(const Channel& channel, const Piece& piece) {
  const Endpoint local = unmapped(channel.local), remote = unmapped(piece.remote);
  if (remote.family == 0 || recorded_.has(true, local, remote)) return;
  const bool received = piece.flow == Flow::received;
  if (received && expected_.take(local, piece.data)) return;
  if (!received) expected_.add(remote, piece.data);
  const auto missing = static_cast<uint32_t>(std::min<uint64_t>(
      piece.missing, kMostFrameData - std::min<uint64_t>(kMostFrameData, piece.data.size())));
  counts_.missing_bytes += missing;
  const std::span<const uint8_t> data = piece.data.first(std::min<size_t>(piece.data.size(), kMostFrameData));
  Endpoint here = local;
  if (here.family == 0) here.family = remote.family;
  put(piece.ts, kSockets,
      received ? udpFrame(remote, here, data, missing) : udpFrame(here, remote, data, missing),
      comment(piece.utid, received));
}

void Exporter::ended(const Channel& channel, Flow flow, int64_t ts) {
  if (channel.datagrams || channel.plaintext || streams_.atEnd()) return;
  bool local_is_second = false;
  Connection* connection = find(kSockets, channel.local, channel.remote, local_is_second);
  if (connection == nullptr) return;
  const bool from_second = local_is_second != (flow == Flow::received);
  if (std::exchange(connection->finished[indexOf(from_second)], true)) return;
  uint32_t& next = connection->next[indexOf(from_second)];
  segment(*connection, from_second, kTcpFin | kTcpAck, ts, {}, next);
  next++;
}

}  // namespace

PcapngCounts exportPcapng(TraceReader& reader, std::ostream& out) {
  return Exporter(reader, out).run();
}

}  // namespace tarry
