// Names of addresses from lookups.
#include "query/net/host_names.h"

#include <catch2/catch.hpp>

#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

namespace {

void lookup(DbBuilder& b, int64_t id, int64_t ts, int64_t upid, std::string_view name,
            std::string_view rcode = "NOERROR") {
  auto s = b.db().prepare(
      "INSERT INTO dns (id, ts, dur, upid, utid, query_id, name, type, rcode, tries, truncated) VALUES (?1, "
      "?2, 5, "
      "?3, ?3, 1, ?4, 'A', ?5, 1, 0)");
  s.bind(1, id).bind(2, ts).bind(3, upid).bind(4, name).bind(5, rcode).run();
}

void record(DbBuilder& b, int64_t id, std::string_view name, std::string_view type, std::string_view data) {
  auto s = b.db().prepare("INSERT INTO dns_answer (dns_id, name, type, ttl, data) VALUES (?, ?, ?, 60, ?)");
  s.bind(1, id).bind(2, name).bind(3, type).bind(4, data).run();
}

}  // namespace

TEST_CASE("An address has the name that was asked for, behind any aliases") {
  DbBuilder b;
  lookup(b, 1, 100, 1, "www.example");
  record(b, 1, "WWW.example", "CNAME", "edge.cdn");
  record(b, 1, "edge.cdn", "CNAME", "host.cdn");
  record(b, 1, "host.cdn", "A", "192.0.2.1");
  record(b, 1, "stranger.cdn", "A", "192.0.2.2");
  lookup(b, 2, 100, 1, "loop.example");
  record(b, 2, "loop.example", "CNAME", "loop.example");
  record(b, 2, "x.y", "AAAA", "2001:db8::1");
  lookup(b, 3, 100, 1, "gone.example", "NXDOMAIN");
  record(b, 3, "gone.example", "A", "192.0.2.3");
  const HostNames names(b.db());
  CHECK(names.nameOf("192.0.2.1") == "www.example");
  CHECK(names.nameOf("192.0.2.2") == "stranger.cdn");
  CHECK(names.nameOf("2001:db8::1") == "x.y");
  CHECK(names.nameOf("192.0.2.3").empty());
  CHECK(names.nameOf("192.0.2.4").empty());
}

TEST_CASE("Of several names of an address the one counts that this process got last") {
  DbBuilder b;
  lookup(b, 1, 100, 1, "one.example");
  record(b, 1, "one.example", "A", "192.0.2.1");
  lookup(b, 2, 200, 2, "two.example");
  record(b, 2, "two.example", "A", "192.0.2.1");
  lookup(b, 3, 300, 1, "three.example");
  record(b, 3, "three.example", "A", "192.0.2.1");
  const HostNames names(b.db());
  CHECK(names.nameOf("192.0.2.1", 250, 1) == "one.example");
  CHECK(names.nameOf("192.0.2.1", 250, 2) == "two.example");
  CHECK(names.nameOf("192.0.2.1", 250) == "two.example");
  CHECK(names.nameOf("192.0.2.1") == "three.example");
  CHECK(names.nameOf("192.0.2.1", 50, 1) == "one.example");
}
