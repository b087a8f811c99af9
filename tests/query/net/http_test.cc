// tarry http over invented recordings.
#include <catch2/catch.hpp>
#include <sstream>

#include "analyzer/loader.h"
#include "format/errors.h"
#include "format/testing/trace_builder.h"
#include "query/export/har.h"
#include "query/net/http_diff.h"
#include "query/net/http_list.h"
#include "query/net/http_message.h"
#include "query/sql/functions.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

class Talk {
 public:
  Talk() {
    b_.header().snaplen = 100'000;
    socket_ = b_.socket("10.0.0.1", 4000, "10.0.0.2", 80);
    client_ = &b_.process("curl", 100);
  }
  Talk& asks(const std::string& text) { return moves("sendto", PayloadDirection::in, text); }
  Talk& gets(const std::string& text) { return moves("recvfrom", PayloadDirection::out, text); }

  Database load() {
    TraceReader reader = b_.reader();
    return loadTrace(reader);
  }

 private:
  Talk& moves(std::string_view call, PayloadDirection direction, const std::string& text) {
    CallSpec spec{
        .args = {3, 0, 100'000}, .ret = static_cast<int64_t>(text.size()), .objects = {{0, 3, socket_}}};
    spec.payloads = {{.arg = 1, .direction = direction, .data = text}};
    client_->runsFor(1_ms).call(call, spec);
    return *this;
  }

  TraceBuilder b_;
  ResourceId socket_;
  ThreadScript* client_ = nullptr;
};

std::string request(const std::string& path, const std::string& fields = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: www.example.org:80\r\n" + fields + "\r\n";
}

std::string response(const std::string& status, const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
         "\r\n" + body;
}

std::string listed(Database& db, HttpListOptions options) {
  std::ostringstream out;
  options.format = RowFormat::csv;
  httpReport(db, options, out);
  return out.str();
}

int linesOf(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

std::string conclusionOf(Database& db, int64_t a, int64_t b) {
  return compareExchanges(httpRecord(db, a), httpRecord(db, b), db, db).conclusion;
}

}  // namespace

TEST_CASE("Requests are chosen by host, status, method and process", "[http]") {
  Talk talk;
  talk.asks(request("/1")).gets(response("200 OK", "x"));
  talk.asks(request("/2")).gets(response("503 Busy", "x"));
  talk.asks(request("/3")).gets(response("404 Not Found", "x"));
  Database db = talk.load();
  const auto count = [&](const HttpListOptions& options) { return linesOf(listed(db, options)) - 1; };
  CHECK(count({}) == 3);
  CHECK(count({.host = "example.org"}) == 3);
  CHECK(count({.host = "WWW.example.org"}) == 3);
  CHECK(count({.host = "ample.org"}) == 0);
  CHECK(count({.host = "www.example.org:80"}) == 3);
  CHECK(count({.status = "5xx"}) == 1);
  CHECK(count({.status = "404,5XX"}) == 2);
  CHECK(count({.method = "get"}) == 3);
  CHECK(count({.method = "POST"}) == 0);
  CHECK(count({.process = "curl"}) == 3);
  CHECK(count({.process = "100"}) == 3);
  CHECK(count({.process = "wget"}) == 0);
  CHECK(count({.side = HttpSide::server}) == 0);
  for (const char* wrong : {"5x", "x", "5xxx", "404 ", "-1"})
    CHECK_THROWS_AS(count({.status = wrong}), UsageError);
}

TEST_CASE("What two requests differ in", "[http]") {
  Talk talk;
  talk.asks(request("/", "A: 1\r\nB: 1\r\n")).gets(response("200 OK", "same\nhello\n", "Date: now\r\n"));
  talk.asks(request("/", "b: 2\r\na: 1\r\nC: 3\r\n"))
      .gets(response("200 OK", "same\nworld!\n", "Date: then\r\n"));
  talk.asks(request("/", "A: 1\r\nB: 1\r\n")).gets(response("200 OK", "same\nhello\n", "Date: later\r\n"));
  talk.asks(request("/x", "A: 1\r\nA: 2\r\nB: 1\r\n"))
      .gets("HTTP/1.1 404 No\r\nContent-Length: 100\r\n\r\npart");
  Database db = talk.load();
  CHECK(conclusionOf(db, 1, 2) == "the requests differ in: B, C; the responses differ in: body");
  CHECK(conclusionOf(db, 1, 3) == "the requests are the same; the responses are the same");
  CHECK(conclusionOf(db, 1, 4) ==
        "the requests differ in: URL, A; the responses differ in: status, Content-Length; not all can be "
        "compared, the "
        "trace has not all of it");
  const HttpComparison comparison = compareExchanges(httpRecord(db, 1), httpRecord(db, 2), db, db);
  CHECK(comparison.body_note == "the bodies differ in 1 line, first in line 2:\n  A  hello\n  B  world!");
  CHECK_THROWS_AS(httpRecord(db, 5), UsageError);
}

TEST_CASE("What servers and clients say does not reach the terminal as it is", "[http]") {
  Talk talk;
  const std::string evil = "\033]0;owned\007\033[2J\x9b";
  talk.asks("GET /" + evil + " HTTP/1.1\r\nHost: " + evil + "\r\nX" + evil + ": " + evil + "\r\n\r\n");
  talk.gets("HTTP/1.1 200 " + evil + "\r\nContent-Type: " + evil + "\r\nContent-Length: " +
            std::to_string(evil.size()) + "\r\nTrailer: " + evil + "\r\n\r\n" + evil);
  talk.asks(request("/")).gets(response("200 OK", "text \033[31mred\n\tindented\n"));
  Database db = talk.load();
  std::ostringstream out;
  httpReport(db, {}, out);
  httpReport(db, {.format = RowFormat::markdown}, out);
  for (const int64_t id : {1, 2}) httpExchangeReport(db, id, {}, out);
  HttpDiffOptions options;
  options.name_a = "1";
  options.name_b = "2";
  httpDiffReport(db, 1, db, 2, options, out);
  const std::string text = out.str();
  CHECK(text.size() > 1000);
  CHECK(std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
  }));
  CHECK(text.find("\x9b") == std::string::npos);
  CHECK(text.find("\tindented") != std::string::npos);
}

TEST_CASE("Without payload it is said how to record some", "[http]") {
  TraceBuilder b;
  b.process("sh", 100).runsFor(1_ms);
  TraceReader reader = b.reader();
  Database db = loadTrace(reader);
  std::ostringstream out;
  CHECK_THROWS_WITH(httpReport(db, {}, out), Catch::Contains("--snaplen all"));
  TraceBuilder with;
  with.header().snaplen = 100;
  with.process("sh", 100).runsFor(1_ms);
  TraceReader other = with.reader();
  Database none = loadTrace(other);
  CHECK_THROWS_WITH(httpReport(none, {}, out), Catch::Contains("holds no HTTP"));
}

TEST_CASE("The function http_body gives a body that is whole, and nothing otherwise", "[http]") {
  Talk talk;
  // gzip(1) of "hello\n" without a name
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\x00\x20\x30\x3a\x36\x06\x00\x00"
      "\x00",
      26);
  talk.asks(request("/1")).gets(response("200 OK", packed, "Content-Encoding: gzip\r\n"));
  talk.asks(request("/2"))
      .gets("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  talk.asks(request("/3")).gets("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
  Database db = talk.load();
  registerFunctions(db);
  auto q = db.prepare("SELECT http_body(id, 'response'), http_body(id, 'request') FROM http ORDER BY id");
  REQUIRE(q.step());
  CHECK(q.text(0) == "hello\n");
  CHECK(q.text(1).empty());
  REQUIRE(q.step());
  CHECK(q.text(0) == "abc");
  REQUIRE(q.step());
  CHECK(q.isNull(0));
  auto nothing = db.prepare("SELECT http_body(99, 'response'), http_body(NULL, 'response')");
  REQUIRE(nothing.step());
  CHECK(nothing.isNull(0));
  CHECK(nothing.isNull(1));
  auto wrong = db.prepare("SELECT http_body(1, 'answer')");
  CHECK_THROWS(wrong.step());
}

TEST_CASE("In an archive a body that is no UTF-8 is base64, whatever its server calls it", "[http]") {
  Talk talk;
  talk.asks(request("/")).gets(response("200 OK", "caf\xe9", "Content-Type: text/plain; charset=latin1\r\n"));
  talk.asks(request("/2")).gets(response("200 OK", "caf\u00e9", "Content-Type: text/plain\r\n"));
  Database db = talk.load();
  std::ostringstream out;
  CHECK(exportHar(db, out) == 2);
  auto archive = db.prepare(
      "SELECT ?1 ->> '$.log.entries[0].response.content.text', "
      "?1 ->> '$.log.entries[0].response.content.encoding', ?1 ->> '$.log.entries[1].response.content.text', "
      "?1 ->> '$.log.entries[1].response.content.encoding', ?1 ->> '$.log.entries[0].startedDateTime'");
  const std::string text = out.str();
  archive.bind(1, text);
  REQUIRE(archive.step());
  CHECK(archive.text(0) == "Y2Fm6Q==");
  CHECK(archive.text(1) == "base64");
  CHECK(archive.text(2) == "caf\u00e9");
  CHECK(archive.isNull(3));
  CHECK(archive.text(4) == "2023-11-14T22:13:20.001000Z");
}
