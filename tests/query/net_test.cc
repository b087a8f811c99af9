// net over invented sockets.
#include <catch2/catch.hpp>
#include <sstream>

#include "format/errors.h"
#include "query/net.h"
#include "tests/query/db_builder.h"

using namespace tarry;
using tarry::testing::DbBuilder;

namespace {

std::string net(DbBuilder& b, const NetOptions& options = {}) {
  std::ostringstream out;
  netReport(b.db(), options, out);
  return out.str();
}

// The layout of tables is tested in render_test.cc.
std::string squeezed(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' || !result.ends_with(' ')) result += c;
  }
  return result;
}

void tellOfSockets(DbBuilder& b) {
  b.process(1, 0, "client", 0, 50);
  b.process(2, 0, "server", 0, 50);
  b.meta("end_ts", "50000000");
  b.db().execute(
      "INSERT INTO socket (id, upid, peer_upid, kind, protocol, role, local_addr, local_port, remote_addr, "
      "remote_port, connect_ts, established_ts, close_ts, handshake_ns, srtt_us, bytes_sent, bytes_received, "
      "segs_out, retransmits, resets_received, busy_us, rwnd_limited_us, send_queue, receive_queue, state, "
      "error, "
      "cookie, wait_ns) VALUES "
      "(1, 1, 2, 'socket', 'TCP', 'client', '127.0.0.1', 4000, '127.0.0.1', 80, 0, 1000000, 11000000, 40000, "
      "55, "
      "100, 2048, 50, 2, 0, 9000, 5000, NULL, NULL, 'CLOSE', NULL, 11, 8000000),"
      "(2, 1, NULL, 'socket', 'TCP', 'client', '10.0.0.1', 4001, '10.0.0.2', 443, 0, NULL, 2000000, NULL, "
      "NULL, "
      "0, 0, 1, 0, 1, 0, 0, NULL, NULL, 'CLOSE', 'ECONNREFUSED', 12, 9000000),"
      "(3, 1, NULL, 'socket', 'TCP', 'client', '10.0.0.1', 4002, '10.0.0.2', 443, 0, NULL, 3000000, NULL, "
      "NULL, "
      "0, 0, 3, 2, 0, 0, 0, NULL, NULL, 'CLOSE', NULL, 13, 0),"
      "(4, NULL, NULL, 'socket', 'TCP', 'server', '::1', 80, '::1', 4003, NULL, 30000000, NULL, NULL, NULL, "
      "0, 6, 1, 0, 0, 0, 0, 0, 6, 'ESTAB', NULL, NULL, 0),"
      "(5, 2, NULL, 'socket', 'TCP', 'listener', '0.0.0.0', 80, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
      "NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, 'LISTEN', NULL, 14, 0),"
      "(6, 99, NULL, 'socket', 'TCP', 'client', '9.9.9.9', 1, '9.9.9.9', 2, 0, 0, 0, 0, 0, "
      "0, 0, 0, 0, 0, 0, 0, NULL, NULL, 'CLOSE', NULL, 15, 0)");
}

}  // namespace

TEST_CASE("net shows a line a connection, the most waited for first") {
  DbBuilder b;
  tellOfSockets(b);
  CHECK(squeezed(net(b)) ==
        " waited process protocol connection sent received lasted handshake rtt remarks\n"
        "9.00 ms client 1001 TCP 10.0.0.1:4001 → 10.0.0.2:443 0 B 0 B 2.00 ms ECONNREFUSED\n"
        "8.00 ms client 1001 TCP 127.0.0.1:4000 → 127.0.0.1:80 (server 1002) 100 B 2.00 KiB 10.0 ms 40.0 µs "
        "55.0 µs 2 sent again (4%), peer's window full 5.00 ms\n"
        " client 1001 TCP 10.0.0.1:4002 → 10.0.0.2:443 0 B 0 B 3.00 ms given up without an answer, 2 sent "
        "again "
        "(67%)\n"
        " TCP [::1]:80 ← [::1]:4003 0 B 6 B 20.0 ms never accepted, open, 6 B not read\n");
  CHECK(net(b, {.all = true}).find("0.0.0.0:80 (listening)") != std::string::npos);
  CHECK(net(b, {.all = true}).find("9.9.9.9") == std::string::npos);  // of a process that is not recorded
}

TEST_CASE("net says nothing of how an attempt ended that nobody watched") {
  DbBuilder b;
  tellOfSockets(b);
  b.db().execute(
      "UPDATE socket SET state = NULL, segs_out = NULL, retransmits = NULL, bytes_received = 9 WHERE id = 3");
  CHECK(net(b).find("given up") == std::string::npos);
}

TEST_CASE("net sums up by host and by process") {
  DbBuilder b;
  tellOfSockets(b);
  const std::string hosts = net(b, {.format = RowFormat::csv, .by = NetBy::host});
  CHECK(hosts ==
        "wait_ns,host,connections,failed,sent_bytes,received_bytes,longest_rtt_us,retransmits\n"
        "9000000,→ 10.0.0.2:443,2,1,0,0,,2\n"
        "8000000,→ 127.0.0.1:80,1,0,100,2048,55,2\n"
        "0,:80 ← ::1,1,0,0,6,,0\n");
  const std::string processes = net(b, {.format = RowFormat::csv, .by = NetBy::process, .process = "client"});
  CHECK(processes.find("\n17000000,client 1001,3,1,100,2048,55,4\n") != std::string::npos);
  CHECK_THROWS_AS(net(b, {.process = "nobody"}), UsageError);
}

TEST_CASE("net gives machines every fact under its name") {
  DbBuilder b;
  tellOfSockets(b);
  const std::string json = net(b, {.format = RowFormat::json});
  for (const char* part : {"\"remote_port\": 443", "\"error\": \"ECONNREFUSED\"", "\"srtt_us\": 55",
                           "\"dur_ns\": 10000000", "\"peer_pid\": 1002"}) {
    INFO(part);
    CHECK(json.find(part) != std::string::npos);
  }
}

TEST_CASE("net says where there is nothing to show") {
  DbBuilder b;
  CHECK(net(b) == "no socket was recorded\n");
  b.process(2, 0, "server", 0, 50);
  b.db().execute("INSERT INTO socket (id, upid, kind, role, wait_ns) VALUES (1, 2, 'socket', 'listener', 0)");
  CHECK(net(b) == "no connection was recorded (--all shows the other sockets)\n");
}
