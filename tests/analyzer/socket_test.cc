// Sockets over their lives: calls, the kernel's events and resources joined to rows of table socket.
#include <catch2/catch.hpp>

#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

SocketEvent of(uint32_t socket, SocketEventKind kind, TcpState state, ResourceId resource = {},
               int64_t ts_ns = 0) {
  SocketEvent event;
  event.ts_ns = ts_ns;
  event.socket = socket;
  event.kind = kind;
  event.state = state;
  event.resource = resource;
  return event;
}

Resource tcp(std::array<uint8_t, 4> local, uint16_t local_port, std::array<uint8_t, 4> remote,
             uint16_t remote_port, uint64_t inode) {
  Resource resource;
  resource.kind = ResourceKind::socket;
  resource.family = 2;
  resource.sock_type = 1;
  resource.protocol = 6;
  std::copy(local.begin(), local.end(), resource.local_addr.begin());
  std::copy(remote.begin(), remote.end(), resource.remote_addr.begin());
  resource.local_port = local_port;
  resource.remote_port = remote_port;
  resource.inode = resource.cookie = inode;
  return resource;
}

constexpr std::array<uint8_t, 4> kHome{127, 0, 0, 1};

}  // namespace

TEST_CASE("A connection is joined from its calls and the kernel's events", "[socket]") {
  TraceBuilder b;
  auto& server = b.process("server", 90);
  auto& client = b.process("client", 100);
  const ResourceId bare = b.define(tcp({}, 0, {}, 0, 500));
  const ResourceId here = b.define(tcp(kHome, 4000, kHome, 80, 500));
  const ResourceId early = b.define(tcp(kHome, 80, kHome, 4000, 0));  // before accept(2)
  const ResourceId there = b.define(tcp(kHome, 80, kHome, 4000, 501));

  client.at(1_ms).call("socket", {.args = {2, 1, 6}, .ret = 3, .objects = {{6, 3, bare}}});
  client.at(2_ms).socketEvent(of(1, SocketEventKind::connecting, TcpState::syn_sent));
  b.add(of(1, SocketEventKind::established, TcpState::established, here, 2_ms + 40_us));
  SocketEvent waiting = of(2, SocketEventKind::accepted, TcpState::established, early, 2_ms + 50_us);
  waiting.has_facts = true;
  waiting.facts.srtt_us = 30;
  b.add(waiting);
  server.at(3_ms).call("accept4", {.args = {5}, .ret = 6, .objects = {{6, 6, there}}});
  client.at(4_ms).call("sendto", {.args = {3, 0, 7}, .ret = 7, .objects = {{0, 3, here}}});
  b.add(of(1, SocketEventKind::retransmit, TcpState::established, here, 5_ms));
  client.at(6_ms)
      .blocksIn("recvfrom", {.args = {3}, .ret = 9, .objects = {{0, 3, here}}}, 10_ms)
      .wokenBy(server);
  SocketEvent closed = of(1, SocketEventKind::closed, TcpState::close, here, 20_ms);
  closed.has_facts = true;
  closed.facts.bytes_sent = 14;
  closed.facts.bytes_retrans = 7;
  closed.facts.bytes_received = 9;
  closed.facts.retransmits = 1;
  closed.facts.srtt_us = 55;
  b.add(closed);
  SocketEvent living = of(2, SocketEventKind::facts, TcpState::close_wait, there, 21_ms);
  living.has_facts = true;
  living.facts.receive_queue = 3;
  b.add(living);
  Loaded loaded(b);
  CHECK(loaded.rows(
            "SELECT id, role, state, upid, created_ts, connect_ts, established_ts, close_ts, handshake_ns, "
            "local_port, remote_port, peer_socket_id, peer_upid, error FROM socket ORDER BY id") ==
        "1 client CLOSE 2 1001000 2000000 2040000 20000000 40000 4000 80 2 1 -\n"
        "2 server CLOSE-WAIT 1 3001000 - 2050000 - 30000 80 4000 1 2 -");
  CHECK(loaded.rows("SELECT bytes_sent, bytes_received, bytes_retrans, retransmits, srtt_us, send_queue, "
                    "receive_queue, wait_ns FROM socket ORDER BY id") ==
        "7 9 7 1 55 - - 10000000\n0 0 0 0 - 0 3 0");
  CHECK(loaded.rows("SELECT socket_id, coalesce(utid, 0), event, state FROM tcp_event ORDER BY id") ==
        "1 2 connecting SYN-SENT\n1 0 established ESTAB\n2 0 accepted ESTAB\n1 0 retransmit ESTAB\n"
        "1 0 closed CLOSE\n2 0 facts CLOSE-WAIT");
}

TEST_CASE("A connect that fails says why, whoever tells", "[socket]") {
  TraceBuilder b;
  auto& client = b.process("client", 100);
  const ResourceId told = b.define(tcp(kHome, 4000, kHome, 1, 600));
  const ResourceId called = b.define(tcp({}, 0, {}, 0, 601));
  client.socketEvent(of(1, SocketEventKind::connecting, TcpState::syn_sent));
  SocketEvent failed = of(1, SocketEventKind::failed, TcpState::close, told, 1_ms);
  failed.error = 111;
  b.add(failed);
  client.at(2_ms).call("connect", {.args = {4}, .ret = -110, .objects = {{0, 4, called}}});
  client.at(3_ms).call("connect", {.args = {4}, .ret = -106, .objects = {{0, 4, called}}});  // says nothing
  Loaded loaded(b);
  CHECK(loaded.rows("SELECT role, error, established_ts, connect_ts FROM socket ORDER BY id") ==
        "client ECONNREFUSED - 0\nclient ETIMEDOUT - 2000000");
}

TEST_CASE("What nobody accepted has no owner, and sums are left out where calls are missing", "[socket]") {
  TraceBuilder b(Level::waits);
  auto& server = b.process("server", 90);
  const ResourceId listener = b.listener("127.0.0.1", 80);
  b.openFd(server, 3, listener);
  const ResourceId early = b.define(tcp(kHome, 80, kHome, 4000, 0));
  const ResourceId taken = b.define(tcp(kHome, 80, kHome, 4001, 700));
  b.add(of(1, SocketEventKind::accepted, TcpState::established, early, 1_ms));
  b.add(of(2, SocketEventKind::accepted, TcpState::established, taken, 2_ms));
  b.add(of(3, SocketEventKind::synack_retransmit, TcpState::listen, early, 3_ms));
  Loaded loaded(b);
  CHECK(loaded.rows("SELECT upid, role, cookie IS NULL, bytes_sent FROM socket WHERE id < 3 ORDER BY id") ==
        "- server 1 -\n1 server 0 -");
  CHECK(loaded.rows("SELECT retransmits FROM socket WHERE id = 3") == "1");
  CHECK(
      loaded.rows(
          "SELECT role, upid, bytes_sent FROM socket WHERE role = 'listener' AND resource_id IS NOT NULL") ==
      "listener 1 -");
}

TEST_CASE("Sockets of other kinds are known by their calls", "[socket]") {
  TraceBuilder b;
  auto& one = b.process("one", 100);
  Resource end;
  end.kind = ResourceKind::unix_socket;
  end.family = end.sock_type = 1;
  end.inode = end.cookie = 41;
  end.peer_inode = 42;
  const ResourceId left = b.define(end);
  end.inode = end.cookie = 42;
  end.peer_inode = 41;
  const ResourceId right = b.define(end);
  one.call("socketpair", {.args = {1, 1, 0}, .objects = {{6, 3, left}, {7, 4, right}}});
  one.call("write", {.args = {3, 0, 5}, .ret = 5, .objects = {{0, 3, left}}});
  one.call("read", {.args = {4, 0, 9}, .ret = 5, .objects = {{0, 4, right}}});
  one.at(9_ms).call("close", {.args = {3}, .objects = {{0, 3, left}}});
  Loaded loaded(b);
  CHECK(loaded.rows("SELECT kind, family, type, role, peer_socket_id, bytes_sent, bytes_received, close_ts "
                    "FROM socket ORDER BY id") ==
        "unix unix stream pair 2 5 0 9001000\nunix unix stream pair 1 0 5 -");
}
