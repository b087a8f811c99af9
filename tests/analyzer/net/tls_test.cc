// TLS: hellos, and sessions put together from records.
#include "analyzer/net/tls.h"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::analysis;
using namespace tarry::testing;

namespace {

std::string number(size_t value, int size) {
  std::string text;
  for (int i = size - 1; i >= 0; i--) text += static_cast<char>(value >> (8 * i) & 0xFFU);
  return text;
}
std::string vector(const std::string& bytes, int size) {
  return number(bytes.size(), size) + bytes;
}
std::string extension(size_t type, const std::string& data) {
  return number(type, 2) + vector(data, 2);
}
std::string record(uint8_t type, const std::string& body) {
  return static_cast<char>(type) + number(0x0303, 2) + vector(body, 2);
}
std::string handshake(uint8_t type, const std::string& body) {
  return static_cast<char>(type) + vector(body, 3);
}

std::string clientBody(bool modern = true) {
  const std::string name = extension(0, vector(std::string(1, '\0') + vector("www.example", 2), 2));
  const std::string alpn = extension(16, vector(vector("h2", 1) + vector("http/1.1", 1), 2));
  const std::string versions =
      extension(43, vector(number(0x1A1A, 2) + number(0x0304, 2) + number(0x0303, 2), 1));
  return number(0x0303, 2) + std::string(32, 'r') + vector("session", 1) +
         vector(number(0x1301, 2) + number(0xC02F, 2), 2) + vector(std::string(1, '\0'), 1) +
         vector(name + alpn + (modern ? versions : ""), 2);
}
std::string serverBody(bool modern = true) {
  const std::string extensions =
      modern ? extension(43, number(0x0304, 2)) : extension(16, vector(vector("h2", 1), 2));
  return number(0x0303, 2) + std::string(32, 'R') + vector("", 1) + number(modern ? 0x1301 : 0xC02F, 2) +
         std::string(1, '\0') + vector(extensions, 2);
}

std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A client's socket.
class Conversation {
 public:
  Conversation() {
    b_.header().snaplen = 65535;
    client_ = &b_.process("curl", 100);
    socket_ = b_.socket("10.0.0.9", 4000, "10.0.0.1", 443);
  }
  Conversation& says(const std::string& bytes, uint64_t length = 0) {
    return move("sendto", PayloadDirection::in, bytes, length);
  }
  Conversation& hears(const std::string& bytes, uint64_t length = 0) {
    return move("recvfrom", PayloadDirection::out, bytes, length);
  }
  std::string rows(std::string_view columns) {
    Loaded loaded(b_);
    return loaded.rows("SELECT " + std::string(columns) + " FROM tls ORDER BY id");
  }

 private:
  Conversation& move(std::string_view call, PayloadDirection direction, const std::string& bytes,
                     uint64_t length) {
    if (bytes.empty() && length == 0) return *this;
    client_->runsFor(1_ms);
    const auto moved = static_cast<int64_t>(length != 0 ? length : bytes.size());
    client_->call(call,
                  {.args = {3, 0, 65535},
                   .ret = moved,
                   .objects = {{0, 3, socket_}},
                   .payloads = {{1, direction, bytes, length}}},
                  0);
    return *this;
  }
  TraceBuilder b_;
  ThreadScript* client_;
  ResourceId socket_;
};

constexpr std::string_view kHellos =
    "side, server_name, alpn, alpn_offered, version, version_offered, cipher, ciphers_offered";

}  // namespace

TEST_CASE("A ClientHello says what it offers, cut as far as it goes", "[tls]") {
  const std::string body = clientBody();
  const auto hello = parseClientHello(bytesOf(body), true);
  REQUIRE(hello);
  CHECK(hello->server_name == "www.example");
  CHECK(hello->alpn == std::vector<std::string>{"h2", "http/1.1"});
  CHECK(hello->version == 0x0304);
  CHECK(hello->ciphers == 2);
  for (size_t size = 0; size < body.size(); size++) {
    const auto cut = parseClientHello(bytesOf(body).first(size), false);
    CHECK(cut.has_value() == (size >= 2 + 32 + 1 + 7));
    if (!cut) continue;
    CHECK((cut->version == 0 || cut->version == 0x0304));
    CHECK((cut->server_name.empty() || cut->server_name == "www.example"));
  }
  CHECK(parseClientHello(bytesOf(clientBody(false)), true)->version == 0x0303);
  CHECK(parseClientHello(bytesOf(clientBody(false)), false)->version == 0);
}

TEST_CASE("A TLS 1.3 session, wherever it is cut into pieces", "[tls]") {
  const std::string hello = record(22, handshake(1, clientBody()));
  const std::string answer =
      record(22, handshake(2, serverBody())) + record(20, "\1") + record(23, std::string(90, 'e'));
  const std::string rest =
      record(20, "\1") + record(23, std::string(50, 'f')) + record(23, std::string(40, 'd'));
  const auto check = [&](size_t cut,
                         const std::function<void(Conversation&, const std::string&, size_t)>& two) {
    Conversation c;
    two(c, hello, cut);
    CHECK(c.rows(kHellos) == "client www.example - h2,http/1.1 TLS 1.3 TLS 1.3 TLS_AES_128_GCM_SHA256 2");
    CHECK(c.rows("sent_bytes, received_bytes, alert") == "90 90 -");
    CHECK(c.rows("handshake_ns > hello_ns AND hello_ns > 0") == "1");
  };
  for (size_t cut = 0; cut <= hello.size(); cut++) {
    check(cut, [&](Conversation& c, const std::string& first, size_t at) {
      c.says(first.substr(0, at)).says(first.substr(at)).hears(answer).says(rest);
    });
  }
  for (size_t cut = 0; cut <= answer.size(); cut++) {
    check(cut, [&](Conversation& c, const std::string& first, size_t at) {
      c.says(first).hears(answer.substr(0, at)).hears(answer.substr(at)).says(rest);
    });
  }
}

TEST_CASE("A TLS 1.2 session ends its handshake with both Finished", "[tls]") {
  Conversation c;
  c.says(record(22, handshake(1, clientBody(false))));
  c.hears(record(22, handshake(2, serverBody(false)) + handshake(11, "certificate")));
  c.says(record(22, handshake(16, "key")) + record(20, "\1") + record(22, std::string(40, 'x')));
  CHECK(c.rows("handshake_ns") == "-");
  c.hears(record(20, "\1") + record(22, std::string(40, 'x')));
  c.says(record(23, std::string(30, 'd'))).hears(record(21, std::string(26, 'a')));
  CHECK(c.rows(kHellos) ==
        "client www.example h2 h2,http/1.1 TLS 1.2 TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 2");
  CHECK(c.rows("hello_ns / 1000000, handshake_ns / 1000000, sent_bytes, received_bytes, alert") ==
        "1 3 30 0 -");
}

TEST_CASE("An alert in clear is named, a goodbye is none", "[tls]") {
  Conversation c;
  c.says(record(22, handshake(1, clientBody())))
      .hears(record(21, std::string("\1\0", 2)) + record(21, "\2\x28"));
  CHECK(c.rows("alert, version, handshake_ns") == "received fatal handshake_failure - -");
}

TEST_CASE("A second hello that the server asked for belongs to the session", "[tls]") {
  std::string retry = serverBody();
  const std::string random =
      "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07"
      "\x9E\x09\xE2"
      "\xC8\xA8\x33\x9C";
  retry.replace(2, 32, random);
  Conversation c;
  c.says(record(22, handshake(1, clientBody()))).hears(record(22, handshake(2, retry)));
  CHECK(c.rows("version, hello_ns") == "- -");
  c.says(record(22, handshake(1, clientBody()))).hears(record(22, handshake(2, serverBody())));
  CHECK(c.rows("version, hello_ns / 1000000") == "TLS 1.3 3");
}

TEST_CASE("A hello in 2^14 records of a byte, and one without an end, take bounded memory", "[tls]") {
  std::string fragments;
  for (const char byte : handshake(1, clientBody())) fragments += record(22, std::string(1, byte));
  Conversation c;
  c.says(fragments);
  CHECK(c.rows("server_name") == "www.example");

  Conversation endless;
  endless.says(record(22, std::string("\1\xff\xff\xff", 4) + clientBody().substr(0, 100)));
  for (int i = 0; i < 8; i++) endless.says(record(22, std::string(1U << 14U, 'x')));
  CHECK(endless.rows("ciphers_offered") == "2");
}

TEST_CASE("What is not in the trace is skipped by the records' lengths, or the sizes are not known",
          "[tls]") {
  const std::string hello = record(22, handshake(1, clientBody()));
  const std::string answer = record(22, handshake(2, serverBody()));
  Conversation c;
  c.says(hello.substr(0, 80), hello.size()).hears(answer).says(record(23, std::string(10, 'f')));
  const std::string large = record(23, std::string(1000, 'd'));
  c.hears(large.substr(0, 100), large.size()).hears(large);
  CHECK(c.rows("server_name, version_offered, version, sent_bytes, received_bytes") == "- - TLS 1.3 10 2000");
  // Two records of which only the first one's beginning was kept.
  c.hears(large.substr(0, 100), 2 * large.size()).hears(large);
  CHECK(c.rows("sent_bytes, received_bytes") == "10 -");
}

TEST_CASE("What only begins like TLS is none", "[tls]") {
  Conversation c;
  c.says(record(22, handshake(1, "short")))
      .hears(std::string("\x16\x03\x03", 3) + "nonsense")
      .says(std::string(99, '\x16'));
  CHECK(c.rows("id").empty());
}
