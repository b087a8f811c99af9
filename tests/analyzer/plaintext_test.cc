// Calls of TLS libraries as rows of the table.
#include <catch2/catch.hpp>

#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

TEST_CASE("plaintext becomes rows with its session and socket", "[plaintext]") {
  TraceBuilder builder;
  auto& p = builder.process("p", 100);
  const ResourceId socket = builder.socket("10.0.0.1", 4000, "10.0.0.2", 443);
  p.at(1_ms).tls(PayloadDirection::in, "GET", 0x5500, socket, 23_us);
  PlaintextEvent failed;
  failed.ts_ns = 2_ms;
  failed.dur_ns = 5;
  failed.thread = p.id();
  failed.direction = PayloadDirection::out;
  failed.library = TlsLibrary::gnutls;
  failed.session = 7;
  failed.result = -28;
  builder.add(failed);
  Loaded loaded(builder, {.payloads = true});
  CHECK(loaded.rows("SELECT p.id, p.ts, p.dur, t.tid, r.remote_port, p.session, p.library, p.direction, "
                    "p.result, p.length, CAST(p.data AS TEXT) FROM plaintext p JOIN thread t USING (utid) "
                    "LEFT JOIN resource r ON r.id = p.resource_id") ==
        "1 1000000 23000 100 443 21760 openssl in 3 3 GET\n"
        "2 2000000 5 100 - 7 gnutls out -28 0 ");
  CHECK(loaded.number("SELECT value FROM stats WHERE name = 'plaintexts'") == 2);
}
