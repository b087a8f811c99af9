// The verb dns over invented lookups.
#include "query/net/dns.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

namespace {

void lookup(DbBuilder& b, std::string_view values) {
  b.db().execute(
      "INSERT INTO dns (id, ts, dur, upid, utid, transport, server_addr, server_port, query_id, name, type, "
      "rcode, "
      "errno, answers, tries, truncated, side) VALUES (" +
      std::string(values) + ")");
}

void lookups(DbBuilder& b) {
  b.process(1, 0, "getent hosts", 0, 50);
  b.db().execute(
      "INSERT INTO payload (id, ts, utid, direction, length, data, arg, part) VALUES (1, 0, 1, 'in', 1, "
      "x'00', 1, 0)");
  lookup(b,
         "1, 1000000, 2000000, 1, 1, 'udp', '10.0.0.1', 53, 7, 'www.example', 'A', 'NOERROR', NULL, 'A "
         "192.0.2.1', 1, 0, 'client'");
  lookup(b,
         "2, 2000000, 9000000, 1, 1, 'tcp', '10.0.0.1', 5300, 8, 'www.example', 'AAAA', 'NOERROR', NULL, "
         "NULL, 2, 1, 'client'");
  lookup(b,
         "3, 3000000, 1000000, 1, 1, 'udp', '10.0.0.1', 53, 9, 'nx.example', 'A', 'NXDOMAIN', NULL, NULL, 1, "
         "0, 'client'");
  lookup(b,
         "4, 4000000, NULL, 1, 1, 'udp', '10.0.0.2', 53, 9, 'gone.example', 'A', NULL, 'ECONNREFUSED', NULL, "
         "2, 0, 'client'");
  lookup(b,
         "5, 5000000, NULL, 1, 1, 'udp', NULL, 53, 9, 'x'||char(27)||'[2J', 'A', NULL, NULL, NULL, 3, 0, "
         "'client'");
  lookup(
      b,
      "6, 6000000, NULL, 1, 1, 'udp', NULL, 53, 9, 'asked.example', 'A', NULL, NULL, NULL, 1, 0, 'server'");
}

std::string dns(DbBuilder& b, const DnsOptions& options = {}) {
  std::ostringstream out;
  dnsReport(b.db(), options, out);
  return out.str();
}

}  // namespace

TEST_CASE("dns lists lookups with answers, failures, servers, times and tries, and sums them up") {
  DbBuilder b;
  lookups(b);
  CHECK(dns(b) ==
        "   time  process        name          type     took  tries  server             answer\n"
        "1.00 ms  getent (1001)  www.example   A     2.00 ms      1  10.0.0.1           A 192.0.2.1\n"
        "2.00 ms  getent (1001)  www.example   AAAA  9.00 ms      2  10.0.0.1:5300 tcp  no such record\n"
        "3.00 ms  getent (1001)  nx.example    A     1.00 ms      1  10.0.0.1           NXDOMAIN\n"
        "4.00 ms  getent (1001)  gone.example  A           -      2  10.0.0.2           ECONNREFUSED\n"
        "5.00 ms  getent (1001)  x\\x1b[2J      A           -      3                     no answer\n"
        "\n"
        "5 lookups by 1 process; 3 failed (1 ECONNREFUSED, 1 NXDOMAIN, 1 no answer); slowest answer 9.00 ms: "
        "www.example AAAA\n"
        "1 question to servers (--server shows them)\n");
}

TEST_CASE("dns chooses the failed ones, a process, the server's side") {
  DbBuilder b;
  lookups(b);
  DnsOptions options;
  options.format = RowFormat::csv;
  options.failed = true;
  CHECK(dns(b, options).find("www.example") == std::string::npos);
  CHECK(dns(b, options).find("gone.example,A,,ECONNREFUSED,") != std::string::npos);
  options = {};
  options.server = true;
  CHECK(dns(b, options).find("asked.example") != std::string::npos);
  CHECK(dns(b, options).find("nx.example") == std::string::npos);
  options = {};
  options.process = "nobody";
  CHECK_THROWS_AS(dns(b, options), UsageError);
}

TEST_CASE("dns over a trace without payload says how to record it") {
  DbBuilder b;
  b.process(1, 0, "getent hosts", 0, 50);
  CHECK_THROWS_WITH(dns(b), Catch::Contains("--snaplen"));
}
