// What fuzzing of the decoders of HTTP begins with.
#include "tests/fuzz/conversation.h"
#include "tests/fuzz/seeds.h"

namespace tarry::fuzz {
namespace {

using namespace std::string_literals;

// RFC 9113, 4.1: length, type, flags, stream.
std::string frame(uint8_t type, uint8_t flags, uint8_t stream, const std::string& payload) {
  std::string text = {'\0', static_cast<char>(payload.size() >> 8U), static_cast<char>(payload.size())};
  text += {static_cast<char>(type), static_cast<char>(flags), '\0', '\0', '\0', static_cast<char>(stream)};
  return text + payload;
}

constexpr uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPush = 5, kContinuation = 9;
constexpr uint8_t kEndStream = 1, kEndHeaders = 4, kPadded = 8;

// RFC 7541, C.3.1 and C.5.1's kind: GET http / with :authority, :status 200 with an indexed field.
const std::string kRequest = "\x82\x86\x84\x41\x0f"s + "www.example.com";
const std::string kAgain = "\x82\x86\x84\xbe"s;
const std::string kResponse = "\x88\x40\x01x\x03yes"s;

}  // namespace

std::vector<std::pair<std::string, Bytes>> httpSeeds() {
  std::vector<std::pair<std::string, Bytes>> seeds;
  ConversationWriter plain;
  plain.say(false, "GET /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /b HTTP/1.1\r\nHost: h\r\n\r\n");
  plain.say(true, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhel")
      .say(true, "lo");
  plain.say(true, "HTTP/1.1 304 Not Modified\r\n\r\n");
  seeds.emplace_back("plain", plain.bytes());

  ConversationWriter chunked;
  chunked.say(true,
              "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  chunked.say(false, "HTTP/1.1 100 Continue\r\n\r\n").say(true, "3;x=1\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
  chunked.say(false, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: deflate\r\n\r\n");
  chunked.say(false, "b\r\n\x78\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27\r\n0\r\n\r\n"s);
  seeds.emplace_back("chunked", chunked.bytes());

  ConversationWriter gaps;
  gaps.say(false, "GET /long HTTP/1.1\r\nHost: h\r\nCoo", 100)
      .say(true, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab", 48);
  gaps.lost().say(false, "GET /2 HTTP/1.1\r\n\r\n").say(true, "HTTP/1.0 200 OK\r\n\r\nall of it", 255);
  seeds.emplace_back("gaps", gaps.bytes());

  const std::string start = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, "\0\1\0\0\1\0"s);
  ConversationWriter streams;
  streams.say(false, start + frame(kHeaders, kEndStream | kEndHeaders, 1, kRequest) +
                         frame(kHeaders, kEndStream, 3, kAgain.substr(0, 2)) +
                         frame(kContinuation, kEndHeaders, 3, kAgain.substr(2)));
  streams.say(true, frame(kSettings, 0, 0, "") + frame(kSettings, 1, 0, "") +
                        frame(kHeaders, kEndHeaders, 1, kResponse));
  streams.say(true, frame(kData, kPadded, 1, "\2hello\0\0"s), 200)
      .say(true, frame(kReset, 0, 3, "\0\0\0\2"s));
  streams.say(true, frame(kPush, kEndHeaders, 1, "\0\0\0\2"s + kAgain) + frame(kData, kEndStream, 1, "end"));
  seeds.emplace_back("streams", streams.bytes());

  ConversationWriter upgrade(true);
  upgrade.say(false, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
  upgrade.say(true, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + frame(kSettings, 0, 0, "") +
                        frame(kHeaders, kEndHeaders, 1, kResponse) + frame(kData, kEndStream, 1, "x"));
  upgrade.say(false, start);
  seeds.emplace_back("upgrade", upgrade.bytes());
  return seeds;
}

}  // namespace tarry::fuzz
