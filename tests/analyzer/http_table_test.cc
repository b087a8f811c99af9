#include <catch2/catch.hpp>

#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

CallSpec sends(ResourceId socket, std::string text) {
  CallSpec spec{.args = {3, 0, 1000}, .ret = static_cast<int64_t>(text.size()), .objects = {{0, 3, socket}}};
  spec.payloads = {{.arg = 1, .direction = PayloadDirection::in, .data = std::move(text)}};
  return spec;
}

CallSpec receives(ResourceId socket, std::string text) {
  CallSpec spec = sends(socket, std::move(text));
  spec.payloads[0].direction = PayloadDirection::out;
  return spec;
}

constexpr const char* kRequest = "GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n";
constexpr const char* kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace

TEST_CASE("A request between two recorded processes has a row for each side", "[http]") {
  TraceBuilder b;
  b.header().snaplen = 1000;
  const ResourceId near = b.socket("127.0.0.1", 4000, "127.0.0.1", 80);
  const ResourceId far = b.socket("127.0.0.1", 80, "127.0.0.1", 4000);
  auto& client = b.process("curl", 100);
  auto& server = b.process("server", 200);
  client.at(1000).call("sendto", sends(near, kRequest), 100);
  server.at(2000).call("recvfrom", receives(far, kRequest), 100);
  server.at(3000).call("sendto", sends(far, kResponse), 100);
  client.at(4000).call("recvfrom", receives(near, kResponse), 100);
  Loaded db(b);
  CHECK(
      db.rows(
          "SELECT id, ts, request_end_ts, first_byte_ts, end_ts, dur, side, pair_id, version, method, url, "
          "host, "
          "status, reason, request_bytes, response_bytes, content_type, request_complete, response_complete, "
          "error, tls FROM http") ==
      "1 1000 1000 4100 4100 3100 client 2 1.1 GET http://example.org/a example.org 200 OK 0 5 text/plain 1 "
      "1 - 0\n"
      "2 2100 2100 3000 3000 900 server 1 1.1 GET http://example.org/a example.org 200 OK 0 5 text/plain 1 1 "
      "- 0");
  CHECK(db.rows(
            "SELECT p.comm, r.remote_port FROM http h JOIN process p USING (upid) JOIN resource r ON r.id = "
            "h.resource_id ORDER BY h.id") == "curl 80\nserver 4000");
  CHECK(db.rows("SELECT b.http_id, b.part, b.seq, b.source, p.direction, substr(CAST(p.data AS TEXT), "
                "b.offset + 1, "
                "b.length) FROM http_body b JOIN payload p ON p.id = b.source_id") ==
        "1 response 0 payload out hello\n2 response 0 payload in hello");
  CHECK(db.rows("SELECT request_headers = 'Host: example.org' || char(13, 10) FROM http") == "1\n1");
}

TEST_CASE("Requests of the time that was asked for alone are stored", "[http]") {
  TraceBuilder b;
  b.header().snaplen = 1000;
  const ResourceId socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  auto& client = b.process("curl", 100);
  for (int i = 1; i <= 3; i++) {
    client.at(i * 10'000).call("sendto", sends(socket, kRequest), 100);
    client.at(i * 10'000 + 1000).call("recvfrom", receives(socket, kResponse), 100);
  }
  Loaded all(b);
  CHECK(all.number("SELECT count(*) FROM http") == 3);
  LoadOptions options;
  options.from_ns = 15'000;
  options.to_ns = 25'000;
  Loaded some(b, options);
  CHECK(some.rows("SELECT ts, error FROM http") == "20000 -");
}

TEST_CASE("What a trace does not have of a request is NULL", "[http]") {
  TraceBuilder b;
  b.header().snaplen = 20;
  const ResourceId socket = b.socket("10.0.0.1", 4000, "10.0.0.2", 80);
  auto& client = b.process("curl", 100);
  CallSpec cut = sends(socket, kRequest);
  cut.payloads[0].length = cut.payloads[0].data.size();
  cut.payloads[0].data.resize(20);
  client.at(1000).call("sendto", cut, 100);
  client.at(2000).call("recvfrom", receives(socket, kResponse), 100);
  client.at(3000).call("sendto", sends(socket, kRequest), 100);
  Loaded db(b);
  CHECK(db.rows("SELECT method, url, host, status, request_bytes, response_bytes, request_complete, "
                "response_complete, error FROM http") ==
        "GET /a - 200 - 5 0 1 truncated\nGET http://example.org/a example.org - 0 - 1 0 unanswered");
}
