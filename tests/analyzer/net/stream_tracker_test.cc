#include "analyzer/net/stream_tracker.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "analyzer/net/protocol_router.h"

using namespace tarry;
using namespace tarry::analysis;

namespace {

// What came to a channel, as one text: `3 > GET`, `5 < 200 +7` (7 bytes missing), `lost`, `<|` (end).
class Notes final : public ChannelDecoder {
 public:
  explicit Notes(std::vector<std::string>& lines) : lines_(lines) {}
  void piece(const Channel& channel, const Piece& piece) override {
    std::string line = fmt::format("#{} {} {} {}", channel.id, piece.ts, piece.flow == Flow::sent ? '>' : '<',
                                   std::string(piece.data.begin(), piece.data.end()));
    if (piece.missing > 0) line += fmt::format(" +{}", piece.missing);
    if (channel.datagrams) line += fmt::format(" port {}", piece.remote.port);
    lines_.push_back(line);
  }
  void lost(const Channel& channel, int64_t /*ts*/) override {
    lines_.push_back(fmt::format("#{} lost", channel.id));
  }
  void ended(const Channel& channel, Flow flow, int64_t ts) override {
    lines_.push_back(fmt::format("#{} {} {}|", channel.id, ts, flow == Flow::sent ? '>' : '<'));
  }

 private:
  std::vector<std::string>& lines_;
};

struct Buffer {
  uint8_t arg = 1;
  uint16_t part = 0;
  std::string bytes;
  uint64_t length = 0;  // 0: as many as there are
};

std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Calls by name, given in the order of their enters.
class Story {
 public:
  Story() {
    Resource socket;
    socket.kind = ResourceKind::socket;
    socket.family = 2;
    socket.sock_type = 1;
    socket.id = kTcp;
    socket.cookie = 77;
    resources.define(socket);
    socket.id = kTcpConnected;  // the same socket
    socket.remote_port = 80;
    resources.define(socket);
    socket.id = kUdp;
    socket.sock_type = 2;
    socket.cookie = 78;
    socket.remote_port = 0;
    resources.define(socket);
    Resource pipe;
    pipe.id = kPipe;
    pipe.kind = ResourceKind::pipe;
    pipe.inode = 5;
    resources.define(pipe);
    Resource file;
    file.id = kFile;
    file.kind = ResourceKind::file;
    resources.define(file);
  }

  void call(std::string_view name, int64_t enter, int64_t exit, ResourceId object, int64_t ret,
            const std::vector<Buffer>& buffers = {}, std::array<int64_t, kMaxArgs> args = {3, 0, 100},
            ResourceId other = {}) {
    const MovingCall* moving = findMovingCall(name);
    REQUIRE(moving != nullptr);
    SyscallEvent event;
    event.ret = ret;
    event.args = args;
    std::vector<ObjectRef> objects = {{ObjectRole::arg0, 3, object}};
    if (other) objects.push_back({ObjectRole::arg2, 4, other});
    event.objects = objects;
    std::vector<PayloadRef> payloads;
    for (const Buffer& buffer : buffers) {
      PayloadRef payload;
      payload.arg = buffer.arg;
      payload.part = buffer.part;
      payload.direction = flowOf(*moving) == Flow::sent ? PayloadDirection::in : PayloadDirection::out;
      payload.data = bytesOf(buffer.bytes);
      payload.length = buffer.length != 0 ? buffer.length : buffer.bytes.size();
      payloads.push_back(payload);
    }
    event.payloads = payloads;
    streams.advance(enter);
    MovingCallFacts facts;
    facts.ts = enter;
    facts.exit_ts = exit;
    facts.upid = 1;
    streams.call(event, *moving, facts);
  }

  void tls(PayloadDirection direction, int64_t enter, int64_t dur, ResourceId socket, std::string_view bytes,
           uint64_t session = 0x55, uint64_t length = 0) {
    PlaintextEvent event;
    event.dur_ns = dur;
    event.direction = direction;
    event.resource = socket;
    event.session = session;
    event.data = bytesOf(bytes);
    event.length = length != 0 ? length : bytes.size();
    event.result = static_cast<int64_t>(event.length);
    streams.advance(enter);
    streams.plaintext(event, enter, 1, 1, 9);
  }

  std::string told() {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }

  static constexpr ResourceId kTcp{1}, kTcpConnected{2}, kUdp{3}, kPipe{4}, kFile{5};
  std::vector<std::string> lines;
  TextPool texts{[](StringId) { return std::string_view(); }};
  ResourceTracker resources{texts};
  StreamTracker streams{resources, [this](const Channel&) { return std::make_unique<Notes>(lines); }};
};

}  // namespace

TEST_CASE("What was received counts from the return of its call", "[streams]") {
  Story s;
  s.call("recvfrom", 1, 9, Story::kTcp, 3, {{.bytes = "200"}});
  s.call("sendto", 2, 3, Story::kTcpConnected, 3, {{.bytes = "GET"}});
  s.call("write", 10, 11, Story::kTcpConnected, 1, {{.bytes = "x"}});
  s.streams.finish(20);
  CHECK(s.told() == "#1 2 > GET\n#1 9 < 200\n#1 10 > x\n#1 20 >|\n#1 20 <|\n");
}

TEST_CASE("Bytes that were moved and not kept are missing, those that were offered only are not there",
          "[streams]") {
  Story s;
  s.call("write", 1, 2, Story::kTcp, 10, {{.bytes = "abcd", .length = 10}});
  s.call("write", 3, 4, Story::kTcp, 2, {{.bytes = "abcd", .length = 10}});
  s.call("write", 5, 6, Story::kTcp, 5);
  s.call("sendfile", 7, 8, Story::kTcp, 1000);
  s.call("write", 9, 9, Story::kTcp, -11, {{.bytes = "abcd"}});
  CHECK(s.told() == "#1 1 > abcd +6\n#1 3 > ab\n#1 5 >  +5\n#1 7 >  +1000\n");
}

TEST_CASE("Vectors, messages and several messages are read where their bytes are", "[streams]") {
  Story s;
  s.call("writev", 1, 1, Story::kTcp, 4, {{.part = 2, .bytes = "iovec"}, {.part = 3, .bytes = "abcd"}});
  s.call("sendmsg", 2, 2, Story::kTcp, 4, {{.part = 0, .bytes = "header"}, {.part = 3, .bytes = "efgh"}});
  const std::string to_53("\2\0\0\65\x7f\0\0\1\0\0\0\0\0\0\0\0", 16);
  s.call("sendmmsg", 3, 3, Story::kUdp, 2,
         {{.part = 8 + 1, .bytes = to_53},
          {.part = 8 + 3, .bytes = "one"},
          {.part = 16 + 3, .bytes = "two"},
          {.part = 24 + 3, .bytes = "not sent"}});
  s.call("sendto", 4, 4, Story::kUdp, 1, {{.bytes = "q"}, {.arg = 4, .bytes = to_53}});
  CHECK(s.told() == "#1 1 > abcd\n#1 2 > efgh\n#2 3 > one port 53\n#2 3 > two port 0\n#2 4 > q port 53\n");
}

TEST_CASE("Of several messages those that are not in the trace are a gap", "[streams]") {
  Story s;
  s.call("sendmmsg", 1, 1, Story::kTcp, 3,
         {{.part = 8 + 3, .bytes = "one", .length = 5}, {.part = 8 * 3 + 3, .bytes = "three"}});
  s.call("recvmmsg", 2, 3, Story::kTcp, 1024,
         {{.part = 8 + 3, .bytes = "first"}, {.part = 8 * 1024 + 3, .bytes = "last"}});
  s.streams.advance(4);
  REQUIRE(s.lines.size() == 3 + 1024);
  s.lines.erase(s.lines.begin() + 5, s.lines.end() - 1);
  CHECK(s.told() == "#1 1 > one +2\n#1 lost\n#1 1 > three\n#1 3 < first\n#1 lost\n#1 3 < last\n");
}

TEST_CASE("Looking at bytes does not take them", "[streams]") {
  Story s;
  constexpr int64_t kPeek = 2;
  s.call("recvfrom", 1, 1, Story::kTcp, 3, {{.bytes = "abc"}}, {3, 0, 100, kPeek});
  s.call("recvmsg", 2, 2, Story::kTcp, 3, {{.part = 3, .bytes = "abc"}}, {3, 0, kPeek});
  s.call("recvfrom", 3, 3, Story::kTcp, 3, {{.bytes = "abc"}}, {3, 0, 100, 0});
  CHECK(s.told() == "#1 3 < abc\n");
}

TEST_CASE("A flow ends when nothing is read from it, or the socket is shut down", "[streams]") {
  Story s;
  s.call("sendto", 1, 1, Story::kTcp, 1, {{.bytes = "a"}});
  s.call("recvfrom", 2, 2, Story::kTcp, 0, {}, {3, 0, 0});  // asked for nothing
  s.call("recvfrom", 3, 3, Story::kTcp, 0);
  s.call("shutdown", 4, 4, Story::kTcp, 0, {}, {3, 1});
  s.call("sendto", 5, 5, Story::kUdp, 0);  // an empty datagram is a message
  s.call("recvfrom", 6, 6, Story::kUdp, 0);
  s.streams.finish(7);
  CHECK(s.told() == "#1 1 > a\n#1 3 <|\n#1 4 >|\n#2 5 >  port 0\n#2 6 <  port 0\n#2 7 >|\n#2 7 <|\n");
}

TEST_CASE("Pipes are channels, files are not; a splice is in both of its ends", "[streams]") {
  Story s;
  s.call("write", 1, 1, Story::kFile, 1, {{.bytes = "f"}});
  s.call("write", 2, 2, Story::kPipe, 1, {{.bytes = "p"}});
  s.call("splice", 3, 3, Story::kPipe, 9, {}, {3, 0, 4}, Story::kTcp);
  CHECK(s.told() == "#1 2 > p\n#1 3 <  +9\n#2 3 >  +9\n");
}

TEST_CASE("A loss is told once, to the channels that were there before it", "[streams]") {
  Story s;
  s.call("write", 1, 1, Story::kTcp, 1, {{.bytes = "a"}});
  s.streams.lost(1, 5);
  s.call("write", 6, 6, Story::kTcp, 1, {{.bytes = "b"}});
  s.call("write", 7, 7, Story::kTcp, 1, {{.bytes = "c"}});
  s.call("write", 8, 8, Story::kPipe, 1, {{.bytes = "d"}});
  s.streams.lost(2, 9);
  s.call("write", 10, 10, Story::kTcp, 1, {{.bytes = "e"}});
  CHECK(s.told() == "#1 1 > a\n#1 lost\n#1 6 > b\n#1 7 > c\n#2 8 > d\n#1 10 > e\n");
}

TEST_CASE("What a TLS session is given and gives is a channel of its own", "[streams]") {
  Story s;
  s.call("write", 1, 1, Story::kTcp, 2, {{.bytes = "ch"}});
  s.tls(PayloadDirection::out, 2, 9, Story::kTcp, "answer");
  s.tls(PayloadDirection::in, 3, 2, Story::kTcpConnected, "question", 0x55, 20);
  s.tls(PayloadDirection::in, 12, 2, {}, "no socket");  // known from the calls before
  s.tls(PayloadDirection::in, 13, 2, {}, "another", 0x66);
  s.tls(PayloadDirection::in, 14, 2, Story::kUdp, "again");  // the address is used for a new session
  CHECK(s.streams.hasPlaintext(Story::kTcp));
  CHECK_FALSE(s.streams.hasPlaintext(Story::kPipe));
  CHECK(s.told() ==
        "#1 1 > ch\n#2 3 > question +12\n#2 11 < answer\n#2 12 > no socket\n#3 13 > another\n#2 12 >|\n#2 12 "
        "<|\n"
        "#5 14 > again\n");
}

// ---- the router -------------------------------------------------------------------------------

namespace {

class Greeting final : public Protocol {
 public:
  explicit Greeting(std::vector<std::string>& lines) : lines_(lines) {}
  Verdict recognise(const Channel&, const Piece&, std::span<const uint8_t> start) const override {
    constexpr std::string_view kHello = "HELLO";
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    if (text.starts_with(kHello)) return Verdict::yes;
    return kHello.starts_with(text) ? Verdict::maybe : Verdict::no;
  }
  std::unique_ptr<ChannelDecoder> decoder() override { return std::make_unique<Notes>(lines_); }

 private:
  std::vector<std::string>& lines_;
};

std::vector<std::string> routed(const std::vector<std::pair<Flow, std::string>>& pieces) {
  std::vector<std::string> lines;
  std::vector<std::unique_ptr<Protocol>> protocols;
  protocols.push_back(std::make_unique<Greeting>(lines));
  const std::unique_ptr<ChannelDecoder> router = routeChannel(protocols);
  Channel channel;
  channel.id = 1;
  for (const auto& [flow, text] : pieces) {
    Piece piece;
    piece.flow = flow;
    piece.data = bytesOf(text);
    router->piece(channel, piece);
  }
  return lines;
}

}  // namespace

TEST_CASE("A protocol is recognised by a beginning that comes in small pieces, of which none is lost",
          "[streams]") {
  using V = std::vector<std::string>;
  const auto sent = Flow::sent, received = Flow::received;
  CHECK(routed({{sent, "HELLO you"}, {received, "yes"}}) == V{"#1 0 > HELLO you", "#1 0 < yes"});
  CHECK(routed({{sent, "H"}, {sent, "EL"}, {sent, "LO!"}}) == V{"#1 0 > H", "#1 0 > EL", "#1 0 > LO!"});
  CHECK(routed({{sent, "noise"}, {sent, "HEL"}, {received, "HELLO"}}) == V{"#1 0 > HEL", "#1 0 < HELLO"});
  CHECK(routed({{sent, "HE"}, {sent, "RE"}, {sent, "HELLO"}}) == V{"#1 0 > HELLO"});
  CHECK(routed(std::vector<std::pair<Flow, std::string>>(100, {sent, "noise"})).empty());
}
