// DNS: messages, and lookups put together from them.
#include "analyzer/net/dns.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::analysis;
using namespace tarry::testing;

namespace {

std::string u16(size_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xFFU)};
}

std::string wireName(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire + '\0';
}

std::string header(uint16_t id, uint16_t flags, size_t questions, size_t answers, size_t additional = 0) {
  return u16(id) + u16(flags) + u16(questions) + u16(answers) + u16(0) + u16(additional);
}

std::string query(uint16_t id, std::string_view name, uint16_t type) {
  return header(id, 0x0100, 1, 0) + wireName(name) + u16(type) + u16(1);
}

std::string record(const std::string& owner, uint16_t type, const std::string& data) {
  return owner + u16(type) + u16(1) + u16(0) + u16(300) + u16(data.size()) + data;
}
const std::string kAsked("\xc0\x0c", 2);  // the question's name

std::string answer(uint16_t id, std::string_view name, uint16_t type, const std::vector<std::string>& records,
                   uint16_t flags = 0x8180) {
  std::string text = header(id, flags, 1, records.size()) + wireName(name) + u16(type) + u16(1);
  for (const std::string& one : records) text += one;
  return text;
}

std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string dataOf(uint16_t type, const std::string& data) {
  const std::string whole = answer(1, "a.b", type, {record(kAsked, type, data)});
  const auto message = parseDnsMessage(bytesOf(whole), true);
  return message && message->answers.size() == 1 ? message->answers[0].data : "none";
}

// One resolver's socket, and a process that uses it.
class Resolver {
 public:
  Resolver() {
    b_.header().snaplen = 65535;
    client_ = &b_.process("getent", 100);
    udp_ = b_.socket("10.0.0.9", 4000, "10.0.0.1", 53, 17);
    other_ = b_.socket("10.0.0.9", 4001, "10.0.0.2", 53, 17);
    tcp_ = b_.socket("10.0.0.9", 4002, "10.0.0.1", 53, 6);
  }
  Resolver& says(const std::string& bytes, ResourceId socket, uint64_t length = 0) {
    client_->call("sendto", {.args = {3, 0, static_cast<int64_t>(length != 0 ? length : bytes.size())},
                             .ret = static_cast<int64_t>(length != 0 ? length : bytes.size()),
                             .objects = {{0, 3, socket}},
                             .payloads = {{1, PayloadDirection::in, bytes, length}}});
    return *this;
  }
  Resolver& hears(const std::string& bytes, ResourceId socket, uint64_t length = 0) {
    client_->runsFor(1_ms);
    client_->call("recvfrom", {.args = {3, 0, 65535},
                               .ret = static_cast<int64_t>(length != 0 ? length : bytes.size()),
                               .objects = {{0, 3, socket}},
                               .payloads = {{1, PayloadDirection::out, bytes, length}}});
    return *this;
  }
  Resolver& fails(int64_t error, ResourceId socket, std::string_view call = "recvfrom",
                  const std::string& bytes = {}) {
    CallSpec spec{.args = {3, 0, 65535}, .ret = -error, .objects = {{0, 3, socket}}};
    if (!bytes.empty()) spec.payloads = {{1, PayloadDirection::in, bytes}};
    client_->call(call, spec);
    return *this;
  }
  std::string rows(
      std::string_view columns = "name, type, rcode, errno, answers, tries, transport, server_addr") {
    Loaded loaded(b_);
    return loaded.rows(fmt::format("SELECT {} FROM dns ORDER BY id", columns));
  }
  TraceBuilder& builder() { return b_; }
  ThreadScript& client() { return *client_; }
  ResourceId udp() const { return udp_; }
  ResourceId other() const { return other_; }
  ResourceId tcp() const { return tcp_; }

 private:
  TraceBuilder b_;
  ThreadScript* client_;
  ResourceId udp_, other_, tcp_;
};

const std::string kAddress("\xc0\x00\x02\x07", 4);

}  // namespace

TEST_CASE("DNS data reads as in a zone file", "[dns]") {
  CHECK(dataOf(1, kAddress) == "192.0.2.7");
  CHECK(dataOf(28, "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01") == "2001:db8::1");
  CHECK(dataOf(5, wireName("x.y")) == "x.y");
  CHECK(dataOf(12, kAsked) == "a.b");
  CHECK(dataOf(15, u16(10) + "\4mail" + kAsked) == "10 mail.a.b");
  CHECK(dataOf(33, u16(1) + u16(2) + u16(443) + wireName("x.y")) == "1 2 443 x.y");
  CHECK(dataOf(16, std::string("\3a\"b\0\2\xffz", 8)) == "\"a\\\"b\" \"\" \"\\255z\"");
  CHECK(dataOf(6, wireName("ns.x") + wireName("me.x") +
                      std::string("\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 20)) == "ns.x me.x 1 2 3 4 5");
  CHECK(dataOf(65, u16(1) + std::string(1, '\0') + u16(1) + u16(6) + "\2h2\2h3" + u16(3) + u16(2) +
                       u16(8443) + u16(4) + u16(4) + kAddress) ==
        "1 . alpn=\"h2,h3\" port=8443 ipv4hint=192.0.2.7");
  CHECK(dataOf(257, std::string("\0\5issuex.y", 10)) == "0 issue \"x.y\"");
  CHECK(dataOf(4711, "ab") == "\\# 2 6162");
  CHECK(dataOf(1, "abc") == "\\# 3 616263");               // an address of three bytes
  CHECK(dataOf(5, std::string("\xc0", 1)) == "\\# 1 c0");  // a pointer cut in two
  CHECK(dataOf(16, "\5ab") == "\\# 3 056162");
}

TEST_CASE("DNS messages that go in circles or over their ends are none", "[dns]") {
  const std::string head = header(1, 0x8180, 1, 0);
  for (const std::string& name :
       {std::string("\xc0\x0c"), std::string("\1a\xc0\x0c"), std::string("\xc0\xff"),
        std::string("\x3f") + "short", std::string("\x80\x00", 2)}) {
    CHECK_FALSE(parseDnsMessage(bytesOf(head + name + u16(1) + u16(1)), true));
  }
  const std::string good = answer(7, "a.b", 1, {record(kAsked, 1, kAddress), record(kAsked, 1, kAddress)});
  REQUIRE(parseDnsMessage(bytesOf(good), true));
  for (size_t size = 0; size < good.size(); size++) {
    CHECK_FALSE(parseDnsMessage(bytesOf(good).first(size), true));
    const auto cut = parseDnsMessage(bytesOf(good).first(size), false);
    if (cut) CHECK(cut->answers.size() + cut->answers_missing == 2);
    CHECK(cut.has_value() == (size >= 12 + 9));
  }
}

TEST_CASE("DNS takes the largest of messages, and bounds what it keeps of them", "[dns]") {
  std::vector<std::string> records;
  while (records.size() < 4000) records.push_back(record(kAsked, 1, kAddress));
  std::string large = answer(1, "a.b", 1, records);
  REQUIRE(large.size() <= 65535);
  const auto message = parseDnsMessage(bytesOf(large), true);
  REQUIRE(message);
  CHECK(message->answers.size() == DnsMessage::kMostAnswers);
  CHECK(message->answers_missing == 4000 - DnsMessage::kMostAnswers);
}

TEST_CASE("EDNS adds bits to the result", "[dns]") {
  const std::string opt = std::string(1, '\0') + u16(41) + u16(1232) + std::string("\1\0\0\0\0\0", 6);
  const std::string text = header(1, 0x8180, 1, 0, 1) + wireName("a.b") + u16(1) + u16(1) + opt;
  CHECK(dnsRcodeName(parseDnsMessage(bytesOf(text), true)->rcode) == "BADVERS");
}

TEST_CASE("A lookup is a question with its answer", "[dns]") {
  Resolver r;
  r.says(query(7, "WWW.example", 1), r.udp()).says(query(8, "www.example", 28), r.udp());
  r.hears(answer(8, "www.example", 28, {}, 0x8183), r.udp());
  r.hears(
      answer(7, "www.example", 1, {record(kAsked, 5, wireName("x.y")), record(wireName("x.y"), 1, kAddress)}),
      r.udp());
  CHECK(r.rows() ==
        "WWW.example A NOERROR - CNAME x.y, A 192.0.2.7 1 udp 10.0.0.1\n"
        "www.example AAAA NXDOMAIN - - 1 udp 10.0.0.1");
  CHECK(r.rows("dur / 1000000, side, truncated, server_port, query_id") ==
        "2 client 0 53 7\n1 client 0 53 8");
  Loaded loaded(r.builder());
  CHECK(loaded.rows("SELECT * FROM dns_answer") == "1 www.example CNAME 300 x.y\n1 x.y A 300 192.0.2.7");
}

TEST_CASE("Asking again, also another server, is the same lookup; an answer counts once", "[dns]") {
  Resolver r;
  const std::string asked = query(7, "a.b", 1);
  const std::string given = answer(7, "a.b", 1, {record(kAsked, 1, kAddress)});
  r.says(asked, r.udp()).says(asked, r.other()).says(asked, r.other());
  r.hears(given, r.other()).hears(answer(7, "a.b", 1, {}, 0x8182), r.udp());
  r.says(asked, r.udp());  // the id comes round again
  CHECK(r.rows() == "a.b A NOERROR - A 192.0.2.7 3 udp 10.0.0.2\na.b A - - - 1 udp 10.0.0.1");
}

TEST_CASE("An answer to another question, or of one who was not asked, is no answer", "[dns]") {
  Resolver r;
  r.says(query(7, "a.b", 1), r.udp());
  r.hears(answer(7, "a.b", 1, {record(kAsked, 1, kAddress)}), r.other());
  CHECK(r.rows() == "a.b A - - - 1 udp 10.0.0.1");
  r.hears(answer(8, "c.d", 1, {record(kAsked, 1, kAddress)}), r.udp());  // its question is not in the trace
  CHECK(r.rows() == "a.b A - - - 1 udp 10.0.0.1\nc.d A NOERROR - A 192.0.2.7 0 udp 10.0.0.1");
}

TEST_CASE("An answer without its question is that to the id", "[dns]") {
  Resolver r;
  r.says(query(6, "a.b", 1), r.udp()).says(query(7, "c.d", 1), r.udp());
  r.hears(header(7, 0x8181, 0, 0), r.udp());
  CHECK(r.rows("name, rcode") == "a.b -\nc.d FORMERR");
}

TEST_CASE("A socket that fails fails the lookup", "[dns]") {
  Resolver r;
  r.says(query(7, "a.b", 1), r.udp()).fails(11, r.udp()).fails(111, r.udp());
  r.fails(101, r.other(), "sendto", query(9, "c.d", 1));
  r.says(query(10, "e.f", 1), r.udp());
  r.client().call("poll", {.args = {0, 1, 5000}, .ret = 1, .objects = {{9, 3, r.udp(), 8}}});
  CHECK(r.rows("name, rcode, errno, tries, dur") ==
        "a.b - ECONNREFUSED 1 -\nc.d - ENETUNREACH 1 -\ne.f - POLLERR 1 -");
  r.hears(answer(10, "e.f", 1, {}), r.udp());
  CHECK(r.rows("name, rcode, errno").ends_with("e.f NOERROR -"));
}

TEST_CASE("What comes truncated goes on over TCP, wherever that is cut into pieces", "[dns]") {
  const std::string asked = query(7, "a.b", 16);
  const std::string given = answer(7, "a.b", 16, {record(kAsked, 16, "\5hello")});
  const std::string framed = u16(given.size()) + given;
  for (size_t cut = 0; cut <= framed.size(); cut++) {
    Resolver r;
    r.says(asked, r.udp()).hears(answer(7, "a.b", 16, {}, 0x8380), r.udp());
    r.says(u16(asked.size()), r.tcp()).says(asked, r.tcp());
    if (cut > 0) r.hears(framed.substr(0, cut), r.tcp());
    if (cut < framed.size()) r.hears(framed.substr(cut), r.tcp());
    CHECK(r.rows() == "a.b TXT NOERROR - TXT \"hello\" 2 tcp 10.0.0.1");
    CHECK(r.rows("truncated") == "1");
  }
}

TEST_CASE("Several messages in one piece, and what is not in the trace", "[dns]") {
  Resolver r;
  const auto framed = [](const std::string& message) { return u16(message.size()) + message; };
  r.says(framed(query(1, "a.b", 1)) + framed(query(2, "c.d", 1)) + framed(query(3, "e.f", 1)), r.tcp());
  const std::string first = answer(1, "a.b", 1, {record(kAsked, 1, kAddress), record(kAsked, 1, kAddress)});
  // Of the first answer the second record is missing; then comes a message whose beginning is known again.
  r.hears(framed(first).substr(0, 2 + first.size() - 16), r.tcp(), first.size() + 2);
  r.hears(framed(answer(2, "c.d", 1, {record(kAsked, 1, kAddress)})), r.tcp());
  CHECK(r.rows("name, answers") == "a.b A 192.0.2.7, … 1 more\nc.d A 192.0.2.7\ne.f -");
}

TEST_CASE("A server's side is told apart, also from clients that ask alike", "[dns]") {
  TraceBuilder b;
  b.header().snaplen = 65535;
  auto& server = b.process("named", 200);
  const auto socket = b.socket("10.0.0.1", 53, "0.0.0.0", 0, 17);
  const auto exchange = [&](std::string_view call, const std::string& bytes, char port) {
    const bool in = call == "sendto";
    const auto direction = in ? PayloadDirection::in : PayloadDirection::out;
    server.call(call,
                {.args = {3, 0, 512},
                 .ret = static_cast<int64_t>(bytes.size()),
                 .objects = {{0, 3, socket}},
                 .payloads = {{1, direction, bytes},
                              {4, direction,
                               std::string("\2\0\x10", 3) + port + "\x0a\0\0\x09" + std::string(8, '\0')}}});
  };
  exchange("recvfrom", query(7, "a.b", 1), 1);
  exchange("recvfrom", query(7, "a.b", 1), 2);
  exchange("sendto", answer(7, "a.b", 1, {}, 0x8185), 2);
  Loaded loaded(b);
  CHECK(loaded.rows("SELECT name, rcode, side, server_addr, server_port FROM dns") ==
        "a.b - server 10.0.0.1 53\na.b REFUSED server 10.0.0.1 53");
}

TEST_CASE("Other ports are never taken for DNS; nonsense on its port is counted", "[dns]") {
  Resolver r;
  const auto elsewhere = r.builder().socket("10.0.0.9", 4000, "10.0.0.1", 5300, 17);
  r.says(query(7, "a.b", 1), elsewhere);
  r.says(query(1, "c.d", 1), r.udp()).says("nonsense", r.udp()).says(std::string(100, '\xff'), r.udp());
  CHECK(r.rows("name") == "c.d");
  Loaded loaded(r.builder());
  CHECK(loaded.number("SELECT value FROM stats WHERE name = 'dns_malformed'") == 2);
}

TEST_CASE("Multicast DNS: the own questions, answered by whoever knows", "[dns]") {
  TraceBuilder b;
  b.header().snaplen = 65535;
  auto& client = b.process("ping", 100);
  const auto socket = b.socket("0.0.0.0", 5353, "0.0.0.0", 0, 17);
  const auto sends = [&](std::string_view call, const std::string& bytes) {
    client.call(call,
                {.args = {3, 0, 9000},
                 .ret = static_cast<int64_t>(bytes.size()),
                 .objects = {{0, 3, socket}},
                 .payloads = {{1, call == "sendto" ? PayloadDirection::in : PayloadDirection::out, bytes}}});
  };
  sends("sendto", query(0, "printer.local", 1));
  sends("recvfrom", query(0, "printer.local", 1));
  sends("recvfrom", header(0, 0x8400, 0, 1) + record(wireName("other.local"), 1, kAddress));
  sends("recvfrom", header(0, 0x8400, 0, 1) + record(wireName("Printer.local"), 1, kAddress));
  Loaded loaded(b);
  CHECK(loaded.rows("SELECT name, rcode, answers, tries, transport, side FROM dns") ==
        "printer.local NOERROR A 192.0.2.7 1 mdns client");
}
