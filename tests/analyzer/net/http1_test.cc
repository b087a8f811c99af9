#include <catch2/catch.hpp>

#include "tests/analyzer/net/conversation.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

constexpr Flow kSent = Flow::sent, kReceived = Flow::received;

}  // namespace

TEST_CASE("Requests are matched to responses in order, whatever the calls cut them into", "[http]") {
  checkEveryCut({{kSent, "GET /a?x=1 HTTP/1.1\r\nHost: example.org\r\n\r\n"},
                 {kReceived, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
                 {kSent, "POST /b HTTP/1.1\r\nHost: example.org:81\r\nContent-Length: 3\r\n\r\nabc"},
                 {kReceived, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}},
                "GET http://example.org/a?x=1 [] -> 200 OK [hello]\n"
                "POST http://example.org:81/b [abc] -> 404 Not Found []");
}

TEST_CASE("Pipelined requests, and methods and statuses without a body", "[http]") {
  checkEveryCut({{kReceived,
                  "HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                  "GET /3 HTTP/1.1\nHost: h\n\nGET /4 HTTP/1.0\r\n\r\n"},
                 {kSent,
                  "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                  "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\n\n"
                  "HTTP/1.0 200\r\n\r\nto the end"}},
                "HEAD http://h/1 [] -> 200 OK []\nGET http://h/2 [] -> 304 Not Modified []\n"
                "GET http://h/3 [] -> 204 No Content []\nGET /4 [] -> 200  [to the end]");
}

TEST_CASE("Chunks with extensions and trailers", "[http]") {
  checkEveryCut(
      {{kSent,
        "PUT /u HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=\"1\"\r\n0123456789"
        "\r\n0\r\n\r\n"},
       {kReceived,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5 \r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"},
       {kSent, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"}},
      "PUT http://h/u [abc0123456789] -> 200 OK [hello] trailers\n"
      "GET http://h/ [] -> ?  (not seen)");
}

TEST_CASE("Interim responses are not the response", "[http]") {
  checkEveryCut(
      {{kSent, "POST /u HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"},
       {kReceived, "HTTP/1.1 100 Continue\r\n\r\n"},
       {kSent, "ab"},
       {kReceived,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"}},
      "POST http://h/u [ab] -> 201 Created []");
}

TEST_CASE("What follows an Upgrade or a tunnel is not HTTP", "[http]") {
  checkEveryCut(
      {{kSent, "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n"},
       {kReceived, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nGET /x HTTP/1.1\r\n\r\n"},
       {kSent, "GET /y HTTP/1.1\r\n\r\n"}},
      "GET http://h/ws [] -> 101 Switching Protocols []");
  checkEveryCut({{kSent, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"},
                 {kReceived, "HTTP/1.1 200 OK\r\n\r\n"},
                 {kSent, "GET /y HTTP/1.1\r\n\r\n"}},
                "CONNECT h:443 [] -> 200 OK []");
}

TEST_CASE("Absolute targets name the host themselves", "[http]") {
  Conversation c;
  c.sent("GET http://other.org/x HTTP/1.1\r\nHost: proxy\r\n\r\n").over();
  CHECK(c.told() == "GET http://other.org/x [] -> ?  (not seen)");
  CHECK(c.log.exchanges().front().host == "other.org");
}

TEST_CASE("Times and who asked are those of the first and last bytes", "[http]") {
  Conversation c;
  c.sent("GET / HTTP/1.1\r\n").sent("Host: h\r\n\r\n");
  c.received("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n").received("ab").received("cd");
  const HttpExchange& exchange = c.log.exchanges().front();
  CHECK(exchange.client);
  CHECK(exchange.upid == 3);
  CHECK(exchange.request.begin_ts == 1);
  CHECK(exchange.request.last_ts == 2);
  CHECK(exchange.response.begin_ts == 3);
  CHECK(exchange.response.last_ts == 5);
  CHECK(exchange.response.headers == "Content-Length: 4\r\n");
  CHECK(exchange.request.headers == "Host: h\r\n");
}

TEST_CASE("Bytes that were not kept are skipped in a body of known length", "[http]") {
  Conversation c;
  c.sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  c.received("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 4).received("hij");
  c.sent("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  c.received("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab", 2).received("efgh\r\n0\r\n\r\n");
  c.sent("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  // The end of the chunk is among what is missing, so the body's end is not known.
  c.received("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab", 20);
  c.sent("GET /4 HTTP/1.1\r\nHost: h\r\n\r\n").received("HTTP/1.1 200 OK\r\n\r\nx", 5).over();
  CHECK(c.told() ==
        "GET http://h/1 [] -> 200 OK [abchij] of 10 incomplete\n"
        "GET http://h/2 [] -> 200 OK [abefgh] of 8 incomplete\n"
        "GET http://h/3 [] -> 200 OK [ab] size? incomplete\n"
        "GET http://h/4 [] -> 200 OK [x] of 6 incomplete");
}

TEST_CASE("A header that was not kept whole is truncated, and the next message is found", "[http]") {
  Conversation c;
  c.sent("GET /long HTTP/1.1\r\nHost: h\r\nCook", 30);
  c.received("HTTP/1.1 200 OK\r\nServer: x\r\nConte", 500).received("more of the body");
  c.sent("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
      .received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")
      .over();
  CHECK(c.told() ==
        "GET http://h/long [] size? truncated -> 200 OK [] size? truncated\n"
        "GET http://h/2 [] -> 200 OK [2]");
  Conversation in_the_line;
  in_the_line.sent("GET /very/long/pa", 300).over();
  CHECK(in_the_line.told() == "GET  [] size? truncated -> ?  (not seen)");
}

TEST_CASE("After a loss no response is given to a request before it", "[http]") {
  Conversation c;
  c.sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n").lost();
  c.received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
  c.sent("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  c.received("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n12").lost().received("3456");
  c.sent("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
      .received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3")
      .over();
  CHECK(c.told() ==
        "GET http://h/1 [] -> ?  (not seen) unlinked\n"
        "  (not seen) -> 200 OK [1]\n"
        "GET http://h/2 [] -> 200 OK [123456] size? incomplete\n"
        "GET http://h/3 [] -> 200 OK [3]");
}

TEST_CASE("A connection that ends within a body leaves it open", "[http]") {
  Conversation c;
  c.sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
      .received("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      .over();
  CHECK(c.told() == "GET http://h/1 [] -> 200 OK [abc] size? incomplete open");
}

TEST_CASE("A connection is joined at its next message", "[http]") {
  Conversation c;
  c.received("rest of some body").sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  c.received("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1").over();
  CHECK(c.told() == "GET http://h/1 [] -> 200 OK [1]");
  // It may answer a HEAD: the next message shows that it did.
  Conversation answers;
  answers.received("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
      .received("HTTP/1.1 404 Gone\r\n\r\n")
      .over();
  CHECK(answers.told() == "  (not seen) -> 200 OK [] size? incomplete\n  (not seen) -> 404 Gone []");
}

TEST_CASE("Lengths that contradict each other, or are none, are not believed", "[http]") {
  for (const char* lengths : {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
                              "Content-Length: 99999999999999999999\r\n", "Content-Length: 3x\r\n"}) {
    Conversation c;
    c.sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    c.received(std::string("HTTP/1.1 200 OK\r\n") + lengths + "\r\nabcd").over();
    CHECK(c.told() == "GET http://h/1 [] -> 200 OK [] size? incomplete");
  }
  Conversation c;
  c.sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  c.received("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc").over();
  CHECK(c.told() == "GET http://h/1 [] -> 200 OK [] size? incomplete");
}

TEST_CASE("Other protocols are not taken for HTTP", "[http]") {
  for (const char* text :
       {"GET key\r\n", "OPTIONS rtsp://h RTSP/1.0\r\n\r\n", "HTTP/2 200\r\n", "INVITE sip:a SIP/2.0\r\n",
        "GET /\r\n", "get / HTTP/1.1\r\n\r\n", "HTTP/1.1 2000 x\r\n", "\r\n\r\n"}) {
    Conversation c;
    c.sent(text).received("what").over();
    CHECK(c.told().empty());
  }
  Conversation datagrams;
  datagrams.channel.datagrams = true;
  datagrams.sent("M-SEARCH * HTTP/1.1\r\nHost: h\r\n\r\n").over();
  CHECK(datagrams.told().empty());
}

TEST_CASE("Endless headers and requests without end take bounded memory", "[http]") {
  Conversation header;
  header.sent("GET / HTTP/1.1\r\nHost: h\r\n");
  const std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 2000; i++) header.sent(line);
  header.over();
  CHECK(header.told() == "GET http://h/ [] size? truncated -> ?  (not seen)");
  CHECK(header.log.exchanges().front().request.headers.size() < 70'000);

  constexpr size_t kMemory = size_t{1} << 20U;
  Conversation requests(kMemory);
  std::string many;
  for (int i = 0; i < 100; i++) many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  for (int i = 0; i < 1000; i++) requests.sent(many);
  CHECK(requests.log.exchanges().size() < kMemory / sizeof(HttpExchange));
  CHECK(requests.log.exchanges().size() > 500);

  Conversation bodies(kMemory);
  bodies.sent("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100'000; i++) bodies.sent("1\r\nx\r\n");
  bodies.sent("0\r\n\r\n").over();
  const HttpMessage& body = bodies.log.exchanges().front().request;
  CHECK(body.body_bytes == 100'000);
  CHECK(body.incomplete);
  CHECK(body.body.size() * sizeof(BodyExtent) < kMemory);
}

TEST_CASE("Responses keep their requests apart also when requests were forgotten", "[http]") {
  Conversation c;
  constexpr int kRequests = 1030;
  for (int i = 0; i < kRequests; i++) c.sent("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 0; i < kRequests; i++)
    c.received("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + std::to_string(i) + "\r\n\r\n");
  int matched = 0;
  for (const HttpExchange& exchange : c.log.exchanges()) {
    if (!exchange.request.seen || !exchange.response.seen) continue;
    matched++;
    CHECK(exchange.response.headers.find("X: " + exchange.target.substr(1) + "\r\n") != std::string::npos);
  }
  CHECK(matched == 1024);
}
