#include <nghttp2/nghttp2.h>

#include <catch2/catch.hpp>
#include <random>

#include "analyzer/net/http2_flow.h"
#include "tests/analyzer/net/conversation.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

constexpr Flow kSent = Flow::sent, kReceived = Flow::received;
constexpr uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8;

std::string frame(FrameType type, uint8_t flags, uint32_t stream, const std::string& payload) {
  std::string text;
  for (const int shift : {16, 8, 0})
    text += static_cast<char>(payload.size() >> static_cast<unsigned>(shift));
  text += static_cast<char>(type);
  text += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(stream >> static_cast<unsigned>(shift));
  return text + payload;
}

// Frames in the order in which they are encoded, which the operands of + are not.
std::string all(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

// One side's encoder.
class Encoder {
 public:
  Encoder() { REQUIRE(nghttp2_hd_deflate_new(&deflater_, 65'536) == 0); }
  ~Encoder() { nghttp2_hd_deflate_del(deflater_); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  std::string block(std::vector<std::pair<std::string, std::string>> fields) {
    std::vector<nghttp2_nv> pairs;
    for (auto& [name, value] : fields)
      pairs.push_back({reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()),
                       name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    std::string out(nghttp2_hd_deflate_bound(deflater_, pairs.data(), pairs.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<uint8_t*>(out.data()), out.size(),
                                               pairs.data(), pairs.size());
    REQUIRE(size >= 0);
    out.resize(static_cast<size_t>(size));
    return out;
  }
  void tableSize(size_t bytes) { nghttp2_hd_deflate_change_table_size(deflater_, bytes); }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

// Requests and responses as one would send them.
struct Peers {
  Encoder client, server;
  std::string start = std::string(kHttp2Preface) + frame(FrameType::settings, 0, 0, "");

  std::string requestBlock(const std::string& path, const std::string& method = "GET") {
    return client.block({{":method", method},
                         {":scheme", "http"},
                         {":authority", "h"},
                         {":path", path},
                         {"x-agent", "test"}});
  }
  std::string get(uint32_t stream, const std::string& path) {
    return frame(FrameType::headers, kEndStream | kEndHeaders, stream, requestBlock(path));
  }
  std::string answerBlock(const std::string& status, const std::string& more = "text/plain") {
    return server.block({{":status", status}, {"content-type", more}});
  }
  std::string answer(uint32_t stream, const std::string& status) {
    return frame(FrameType::headers, kEndHeaders, stream, answerBlock(status));
  }
  static std::string data(uint32_t stream, const std::string& text, bool end = true) {
    return frame(FrameType::data, end ? kEndStream : 0, stream, text);
  }
};

}  // namespace

TEST_CASE("Streams that run at the same time are told apart", "[http2]") {
  Peers p;
  const std::string get = p.get(1, "/one");
  const std::string post = frame(FrameType::headers, kEndHeaders, 3, p.requestBlock("/up", "POST"));
  checkEveryCut({{kSent, p.start + get + post + Peers::data(3, "ab", false)},
                 {kReceived, frame(FrameType::settings, 0, 0, "") + frame(FrameType::settings, kAck, 0, "")},
                 {kSent, frame(FrameType::settings, kAck, 0, "") + Peers::data(3, "cd") +
                             frame(FrameType::ping, 0, 0, "12345678")},
                 {kReceived, all({p.answer(3, "201"), p.answer(1, "200"), Peers::data(1, "he", false),
                                  Peers::data(3, ""), Peers::data(1, "llo")})}},
                "GET http://h/one [] -> 200  [hello]\nPOST http://h/up [abcd] -> 201  []");
}

TEST_CASE("Padding, priorities, continuations, interim responses and trailers", "[http2]") {
  Peers p;
  const std::string block = p.requestBlock("/long");
  std::string headers =
      frame(FrameType::headers, kEndStream | kPadded | 0x20, 1,
            std::string(1, '\3') + std::string("\0\0\0\0\20", 5) + block.substr(0, 3) + std::string(3, '\0'));
  headers += frame(FrameType::continuation, 0, 1, block.substr(3, 4));
  headers += frame(FrameType::continuation, kEndHeaders, 1, block.substr(7));
  // Encoded in the order in which they are sent: the answer's own block comes between the two.
  Peers q;
  const std::string e = frame(FrameType::headers, kEndHeaders, 1, q.answerBlock("103"));
  const std::string a = q.answer(1, "200");
  const std::string l =
      frame(FrameType::headers, kEndHeaders | kEndStream, 1, q.server.block({{"grpc-status", "0"}}));
  checkEveryCut(
      {{kReceived, p.start + headers},
       {kSent, e + a +
                   frame(FrameType::data, kPadded, 1, std::string(1, '\4') + "hello" + std::string(4, '\0')) +
                   l}},
      "GET http://h/long [] -> 200  [hello] trailers");
}

TEST_CASE("Header fields of HTTP/2 are lines as those of HTTP/1", "[http2]") {
  Peers p;
  Conversation c;
  c.sent(p.start + p.get(1, "/")).received(p.answer(1, "200") + Peers::data(1, "x")).over();
  const HttpExchange& exchange = c.log.exchanges().front();
  CHECK(exchange.request.headers == "x-agent: test\r\n");
  CHECK(exchange.response.headers == "content-type: text/plain\r\n");
  CHECK(exchange.version == "2");
  CHECK(exchange.stream == 1);
  CHECK(exchange.host == "h");
}

TEST_CASE("Bytes that are missing within data are only those of that body", "[http2]") {
  Peers p;
  Conversation c;
  c.sent(p.start + p.get(1, "/1"));
  const std::string data = Peers::data(1, "0123456789");
  c.received(p.answer(1, "200") + data.substr(0, 12), data.size() - 12);
  c.sent(p.get(3, "/2")).received(p.answer(3, "200") + Peers::data(3, "all")).over();
  CHECK(c.told() ==
        "GET http://h/1 [] -> 200  [012] of 10 incomplete\n"
        "GET http://h/2 [] -> 200  [all]");
}

TEST_CASE("After bytes of a header are missing no header of that side can be read", "[http2]") {
  Peers p;
  Conversation c;
  const std::string first = p.get(1, "/1");
  c.sent(p.start).sent(first.substr(0, first.size() - 2), 2);
  c.sent(p.get(3, "/2"));
  c.received(all({p.answer(1, "200"), Peers::data(1, "one"), p.answer(3, "404"), Peers::data(3, "two")}))
      .over();
  CHECK(c.told() ==
        "  [] truncated -> 200  [one]\n"
        "  [] truncated -> 404  [two]");
}

TEST_CASE("After frames are lost it goes on at a piece that begins like one", "[http2]") {
  Peers p;
  Conversation c;
  c.sent(p.start + p.get(1, "/1")).received(p.answer(1, "200") + Peers::data(1, "one", false)).lost();
  c.received("\xff\xff\xff\xff garbage").received(Peers::data(1, "two"));
  c.sent(p.get(3, "/2")).received(p.answer(3, "200") + Peers::data(3, "x")).over();
  CHECK(c.told() ==
        "GET http://h/1 [] -> 200  [onetwo] size? incomplete\n"
        "  [] truncated -> ?  [x] truncated");
}

TEST_CASE("Streams that are reset, refused or never answered", "[http2]") {
  Peers p;
  Conversation c;
  c.sent(all({p.start, p.get(1, "/reset"), p.get(3, "/open"), p.get(5, "/refused")}));
  c.received(frame(FrameType::reset, 0, 1, std::string("\0\0\0\2", 4)));
  c.received(frame(FrameType::go_away, 0, 0, std::string("\0\0\0\3\0\0\0\0", 8))).over();
  CHECK(c.told() ==
        "GET http://h/reset [] -> ?  (not seen) reset\n"
        "GET http://h/open [] -> ?  (not seen)\n"
        "GET http://h/refused [] -> ?  (not seen) reset");
}

TEST_CASE("A promise of the server is a request of its own", "[http2]") {
  Peers p;
  Conversation c;
  c.sent(p.start + p.get(1, "/page"));
  const std::string promised =
      p.server.block({{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/style.css"}});
  c.received(frame(FrameType::push_promise, kEndHeaders, 1, std::string("\0\0\0\2", 4) + promised));
  c.received(all({p.answer(1, "200"), Peers::data(1, "page"), p.answer(2, "200"), Peers::data(2, "style")}))
      .over();
  CHECK(c.told() == "GET http://h/page [] -> 200  [page]\nGET http://h/style.css [] -> 200  [style]");
}

TEST_CASE("A size of the header table counts from its acknowledgement on", "[http2]") {
  Peers p;
  Conversation c;
  const auto setting = [](uint32_t size) {
    std::string payload("\0\1", 2);
    for (const int shift : {24, 16, 8, 0}) payload += static_cast<char>(size >> static_cast<unsigned>(shift));
    return frame(FrameType::settings, 0, 0, payload);
  };
  c.sent(p.start + p.get(1, "/1")).received(p.answer(1, "200") + Peers::data(1, ""));
  c.received(setting(0)).sent(p.get(3, "/2"));  // not acknowledged yet
  p.client.tableSize(0);
  c.sent(frame(FrameType::settings, kAck, 0, "") + p.get(5, "/3"));
  c.over();
  CHECK(
      c.told() ==
      "GET http://h/1 [] -> 200  []\nGET http://h/2 [] -> ?  (not seen)\nGET http://h/3 [] -> ?  (not seen)");
}

TEST_CASE("HTTP/1.1 is left for HTTP/2 by an Upgrade", "[http2]") {
  Peers p;
  checkEveryCut(
      {{kSent,
        "GET /up HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABk\r\n\r\n"},
       {kReceived, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" +
                       frame(FrameType::settings, 0, 0, "") + p.answer(1, "200") + Peers::data(1, "first")},
       {kSent, p.start + p.get(3, "/next")},
       {kReceived, p.answer(3, "204") + Peers::data(3, "")}},
      "GET http://h/up [] -> 200  [first]\nGET http://h/next [] -> 204  []");
}

TEST_CASE("In TLS a server may be the first to speak", "[http2]") {
  Peers p;
  Conversation c;
  c.channel.plaintext = true;
  c.received(frame(FrameType::settings, 0, 0, std::string("\0\3\0\0\0\144", 6)));
  c.sent(p.start + p.get(1, "/1")).received(p.answer(1, "200") + Peers::data(1, "x")).over();
  CHECK(c.told() == "GET http://h/1 [] -> 200  [x]");
  CHECK(c.log.exchanges().front().client);
}

TEST_CASE("Endless header blocks and streams take bounded memory", "[http2]") {
  Peers p;
  Conversation c(size_t{8} << 20U);
  c.sent(p.start + frame(FrameType::headers, 0, 1, std::string(16'000, '\x82')));
  for (int i = 0; i < 2000; i++) c.sent(frame(FrameType::continuation, 0, 1, std::string(16'000, '\x82')));
  c.sent(frame(FrameType::continuation, kEndHeaders, 1, ""));
  CHECK(c.log.exchanges().size() == 1);
  CHECK(c.log.exchanges().front().request.truncated);
  for (uint32_t stream = 3; stream < 200'000; stream += 2)
    c.sent(frame(FrameType::headers, kEndHeaders, stream, "x"));
  CHECK(c.log.exchanges().size() < 20'000);
}
