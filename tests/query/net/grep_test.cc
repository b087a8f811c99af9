// grep over invented conversations.
#include "query/net/grep.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "analyzer/loader.h"
#include "format/errors.h"
#include "format/testing/trace_builder.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

// A client says "GET /needle" in two writes; the server, in the same trace, reads it and answers in a
// language of bytes. A pipe, a file and a UDP socket that names its peers.
class Said {
 public:
  Said() {
    b_.header().snaplen = 4096;
    auto& client = b_.process("curl", 100);
    auto& server = b_.process("python3", 200);
    const auto there = b_.socket("127.0.0.1", 40000, "127.0.0.1", 80);
    const auto here = b_.socket("127.0.0.1", 80, "127.0.0.1", 40000);
    const auto udp = b_.socket("10.0.0.1", 5000, "0.0.0.0", 0, 17);
    const auto pipe = b_.pipe(77);
    const auto file = b_.file("/etc/needle.conf");
    sends(client, there, "GET /nee");
    sends(client, there, "dle HTTP/1.1\r\nHost: x\r\n\r\n");
    server.at(5_ms);
    receives(server, here, "GET /needle HTTP/1.1\r\nHost: x\r\n\r\n");
    sends(server, here, std::string("\x01needle\xff\r\nok\n", 13));
    client.at(8_ms);
    receives(client, there, std::string("\x01needle\xff\r\nok\n", 13));
    client.call(
        "sendto",
        {.args = {5, 0, 6, 0, 0, 16},
         .ret = 6,
         .objects = {{0, 5, udp}},
         .payloads = {{1, PayloadDirection::in, "needle"},
                      {4, PayloadDirection::in, std::string("\2\0\0\x35\x0a\0\0\2\0\0\0\0\0\0\0\0", 16)}}});
    client.call("write", {.args = {1, 0, 7},
                          .ret = 7,
                          .objects = {{0, 1, pipe}},
                          .payloads = {{1, PayloadDirection::in, "needle\n"}}});
    client.call("pread64", {.args = {3, 0, 11, 0},
                            .ret = 11,
                            .objects = {{0, 3, file}},
                            .payloads = {{1, PayloadDirection::out, "needle = no"}}});
    client.exits(0);
    server.exits(0);
  }

  std::string grep(GrepOptions options) {
    std::ostringstream out;
    TraceReader reader = b_.reader();
    Database db = loadTrace(reader);
    found = grepReport(db, options, out);
    return out.str();
  }
  bool found = false;
  TraceBuilder& builder() { return b_; }

  static void sends(ThreadScript& who, ResourceId socket, const std::string& text) {
    who.call("sendto", {.args = {4, 0, static_cast<int64_t>(text.size())},
                        .ret = static_cast<int64_t>(text.size()),
                        .objects = {{0, 4, socket}},
                        .payloads = {{1, PayloadDirection::in, text}}});
  }
  static void receives(ThreadScript& who, ResourceId socket, const std::string& text) {
    who.call("recvfrom", {.args = {4, 0, 4096, 0},
                          .ret = static_cast<int64_t>(text.size()),
                          .objects = {{0, 4, socket}},
                          .payloads = {{1, PayloadDirection::out, text}}});
  }

 private:
  TraceBuilder b_;
};

}  // namespace

TEST_CASE("grep shows what was said once, as it was sent, with process, direction and ends") {
  Said said;
  CHECK(said.grep({.pattern = "needle"}) ==
        "  1.00 µs  curl (100)  127.0.0.1:40000 → 127.0.0.1:80\n"
        "    needle HTTP/1.1\n"
        "    Host: x\n"
        "\n"
        "  5.00 ms  python3 (200)  127.0.0.1:80 → 127.0.0.1:40000\n"
        "    \\x01needle\\xff\n"
        "    ok\n"
        "  8.00 ms  curl (100)  10.0.0.1:5000 → 10.0.0.2:53\n"
        "    needle\n"
        "  8.00 ms  curl (100)  pipe:[77] →\n"
        "    needle\n");
  CHECK(said.found);
}

TEST_CASE("grep shows what was said by TLS once, too, and joins no two sessions at one address") {
  TraceBuilder b;
  b.header().snaplen = 4096;
  auto& client = b.process("curl", 100);
  auto& server = b.process("nginx", 200);
  int64_t ts_ns = 1'000'000;
  for (const uint16_t port : std::initializer_list<uint16_t>{40000, 40001}) {
    const auto there = b.socket("127.0.0.1", port, "127.0.0.1", 443);
    const auto here = b.socket("127.0.0.1", 443, "127.0.0.1", port);
    client.at(ts_ns += 1'000'000).tls(PayloadDirection::in, "two needles", 0x5500, there, 1_us);
    Said::sends(client, there, "something encrypted");
    server.at(ts_ns + 500'000).tls(PayloadDirection::out, "two needles", 0x7700, here, 1_us);
  }
  client.exits(0);
  server.exits(0);
  TraceReader reader = b.reader();
  Database db = loadTrace(reader);
  const auto count = [&](const std::string& pattern, bool both_ends) {
    std::ostringstream out;
    grepReport(db, {.pattern = pattern, .count = true, .both_ends = both_ends}, out);
    return out.str();
  };
  CHECK(count("needle", false) == "2\n");
  CHECK(count("needle", true) == "4\n");
  CHECK(count("needlestwo", true) == "0\n");
}

TEST_CASE("grep chooses by process, direction, port, host, and looks at files when asked") {
  Said said;
  const auto lines = [&](GrepOptions options) {
    options.pattern = "needle";
    options.only_match = true;
    const std::string out = said.grep(options);
    return std::count(out.begin(), out.end(), '\n');
  };
  CHECK(lines({}) == 4);
  CHECK(lines({.both_ends = true}) == 6);
  CHECK(lines({.files = true}) == 5);
  CHECK(lines({.process = "200"}) == 2);
  CHECK(lines({.received = true, .process = "curl"}) == 1);
  CHECK(lines({.sent = true, .process = "curl"}) == 3);
  CHECK(lines({.port = 53}) == 1);
  CHECK(lines({.host = "10.0.0.2"}) == 1);
  CHECK(lines({.port = 81}) == 0);
  CHECK_FALSE(said.found);
  CHECK_THROWS_AS(said.grep({.pattern = "x", .process = "nobody"}), UsageError);
}

TEST_CASE("grep counts, inverts, dumps and prints the matches alone") {
  Said said;
  CHECK(said.grep({.pattern = "NEEDLE", .ignore_case = true, .count = true}) == "4\n");
  CHECK(said.grep({.pattern = "NEEDLE", .count = true}) == "0\n");
  CHECK_FALSE(said.found);
  CHECK(said.grep({.pattern = "needle", .invert = true}) ==
        "     0 ns  curl (100)  127.0.0.1:40000 → 127.0.0.1:80\n"
        "    GET /nee\n");
  CHECK(said.grep({.pattern = "e.dle.", .only_match = true, .port = 80}) ==
        "  1.00 µs  curl (100)  127.0.0.1:40000 → 127.0.0.1:80: eedle \n"
        "  5.00 ms  python3 (200)  127.0.0.1:80 → 127.0.0.1:40000: eedle\\xff\n");
  CHECK(said.grep({.pattern = "nee", .hex = true, .sent = true, .process = "200"}) ==
        "  5.00 ms  python3 (200)  127.0.0.1:80 → 127.0.0.1:40000\n"
        "    00000000: 016e 6565 646c 65ff 0d0a 6f6b 0a         .needle...ok.\n");
  CHECK(said.grep({.pattern = "needle HTTP", .hex = true}).find("    -0000003: 6e65 65") !=
        std::string::npos);
}

TEST_CASE("grep gives machines the bytes, where they stand and where the match is") {
  Said said;
  const std::string csv = said.grep({.format = RowFormat::csv, .pattern = "needle", .port = 53});
  CHECK(csv ==
        "ts,pid,process,utid,direction,local,remote,source,source_id,syscall_id,length,kept,match_at,match,"
        "data\n"
        "8001000,100,curl,1,sent,10.0.0.1:5000,10.0.0.2:53,payload,6,6,6,6,0,needle,needle\n");
}

TEST_CASE("grep joins nothing over bytes that are not in the trace") {
  TraceBuilder b;
  b.header().snaplen = 3;
  auto& client = b.process("curl", 100);
  const auto socket = b.socket("127.0.0.1", 40000, "127.0.0.1", 80);
  client.call("sendto", {.args = {4, 0, 9},
                         .ret = 9,
                         .objects = {{0, 4, socket}},
                         .payloads = {{1, PayloadDirection::in, "nee", 9}}});
  Said::sends(client, socket, "dle");
  client.call("sendfile", {.args = {4, 3, 0, 5}, .ret = 5, .objects = {{0, 4, socket}}});
  Said::sends(client, socket, "nee");
  client.call("sendfile", {.args = {4, 3, 0, 5}, .ret = 5, .objects = {{0, 4, socket}}});
  Said::sends(client, socket, "dle");
  client.exits(0);
  TraceReader reader = b.reader();
  Database db = loadTrace(reader);
  std::ostringstream out;
  CHECK_FALSE(grepReport(db, {.pattern = "needle"}, out));
  CHECK(grepReport(db, {.pattern = "nee"}, out));
  CHECK(out.str().find("3 B of 9 B") != std::string::npos);
}

TEST_CASE("grep takes several messages of a call for one stream, but for those that are not in the trace") {
  constexpr uint16_t kMessage = 8, kData = 3;
  TraceBuilder b;
  b.header().snaplen = 100;
  auto& client = b.process("curl", 100);
  const auto socket = b.socket("127.0.0.1", 40000, "127.0.0.1", 80);
  const auto message = [&](uint16_t number, const char* text) {
    return PayloadSpec{1, PayloadDirection::in, text, 0, static_cast<uint16_t>(kMessage * number + kData)};
  };
  const auto sends = [&](int64_t moved, std::vector<PayloadSpec> payloads) {
    client.call(
        "sendmmsg",
        {.args = {4, 0, 40}, .ret = moved, .objects = {{0, 4, socket}}, .payloads = std::move(payloads)});
  };
  sends(3, {message(1, "one "), message(3, "three")});  // the second is missing
  sends(40, {message(1, "begin"), message(40, "fort")});
  sends(2, {message(1, "y t"), message(2, "wo "), message(3, "not sent")});
  sends(2, {message(1, "the ")});  // the last
  Said::sends(client, socket, "end");
  client.exits(0);
  TraceReader reader = b.reader();
  Database db = loadTrace(reader);
  std::ostringstream out;
  CHECK(grepReport(db, {.pattern = "threebegin"}, out));
  CHECK(grepReport(db, {.pattern = "forty two the"}, out));
  for (const char* pattern : {"one three", "beginfort", "not sent", "the end"})
    CHECK_FALSE(grepReport(db, {.pattern = pattern}, out));
}

TEST_CASE("grep over a trace without payload says how to record it") {
  TraceBuilder b;
  auto& client = b.process("curl", 100);
  client.call("getpid", {.ret = 100});
  client.exits(0);
  TraceReader reader = b.reader();
  Database db = loadTrace(reader);
  std::ostringstream out;
  CHECK_THROWS_WITH(grepReport(db, {.pattern = "x"}, out), Catch::Contains("--snaplen"));
}

TEST_CASE("grep bounds what it prints of a piece, unless all is wanted") {
  TraceBuilder b;
  b.header().snaplen = 100000;
  auto& client = b.process("curl", 100);
  const auto socket = b.socket("127.0.0.1", 40000, "127.0.0.1", 80);
  std::string text;
  for (int i = 0; i < 500; i++) text += "line " + std::to_string(i) + "\n";
  text += std::string(5000, 'x') + "needle" + std::string(5000, 'y');
  Said::sends(client, socket, text);
  client.exits(0);
  TraceReader reader = b.reader();
  Database db = loadTrace(reader);
  std::ostringstream few, all, dump;
  grepReport(db, {.pattern = "needle"}, few);
  CHECK(few.str().find("477 lines before") != std::string::npos);
  CHECK(few.str().find("xneedley") != std::string::npos);
  CHECK(few.str().size() < 3000);
  grepReport(db, {.pattern = "needle", .whole = true}, all);
  CHECK(all.str().find(std::string(5000, 'x') + "needle" + std::string(5000, 'y')) != std::string::npos);
  CHECK(all.str().find("line 0\n") != std::string::npos);
  grepReport(db, {.pattern = "needle", .hex = true}, dump);
  CHECK(dump.str().find(" before\n") != std::string::npos);
  CHECK(dump.str().size() < 6000);
}
