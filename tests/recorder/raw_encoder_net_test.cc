// What RawEncoder makes of sockets, packets and the plaintext of TLS.
#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/recorder/raw_encoding.h"

using namespace tarry;
using namespace tarry::testing;
using namespace std::string_literals;

TEST_CASE_METHOD(RawEncoding, "RawEncoder finds the socket below a TLS session") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 200, 2));
  rec_resource socket = file(7, 70, "");
  socket.is_socket = 1;
  socket.mode = S_IFSOCK;
  socket.socket.family = AF_INET;
  put(batch.definitions, socket);
  put(batch.definitions, file(8, 80, "log\0"s));
  rec_plaintext record{};
  record.type = RT_PLAINTEXT;
  record.library = static_cast<uint8_t>(TlsLibrary::openssl);
  record.what = TLS_SENT;
  record.thread = record.leader = 1;
  record.ts_ns = 10;
  record.dur_ns = 5;
  record.session = 0x5500;
  record.result = 1;
  record.length = 9;
  record.data_len = 3;
  record.resource = 7;
  put(batch.events[0], record, "GET.....");  // the rest is room
  record.what = TLS_RECEIVED;
  record.ts_ns = 20;
  record.data_len = 100;  // more than there is
  record.resource = 0;    // the library had it already
  put(batch.events[0], record, "HTTP");
  record.ts_ns = 30;
  record.resource = 8;  // no socket
  put(batch.events[0], record);
  record.ts_ns = 40;
  record.thread = record.leader = 2;  // a session at the same address of another process
  put(batch.events[0], record);
  record.thread = 77;  // nothing defines it
  put(batch.events[0], record);
  const Collected got = finish();
  REQUIRE(got.said.size() == 4);
  CHECK(got.said[0].data == "GET");
  CHECK(got.said[0].event.direction == PayloadDirection::in);
  CHECK(got.said[0].event.library == TlsLibrary::openssl);
  CHECK(got.said[0].event.ts_ns == 10);
  CHECK(got.said[0].event.dur_ns == 5);
  CHECK(got.said[0].event.result == 1);
  CHECK(got.said[0].event.length == 9);
  CHECK(got.said[1].data == "HTTP");
  CHECK(got.said[1].event.direction == PayloadDirection::out);
  for (size_t i = 0; i < 3; ++i) {
    REQUIRE(got.resources.contains(got.said[i].event.resource));
    CHECK(got.resources.at(got.said[i].event.resource).kind == ResourceKind::socket);
  }
  CHECK(!got.said[3].event.resource);
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder takes a session's socket from its handshake") {
  put(batch.definitions, thread(1, 100, 1));
  rec_resource socket = file(7, 70, "");
  socket.is_socket = 1;
  socket.mode = S_IFSOCK;
  socket.socket.family = AF_INET;
  put(batch.definitions, socket);
  socket.id = 8;
  socket.inode = 80;
  put(batch.definitions, socket);
  rec_plaintext record{};
  record.type = RT_PLAINTEXT;
  record.thread = record.leader = 1;
  record.session = 0x5500;
  for (const uint32_t id : {7, 8}) {  // the second session lies where the first one lay
    record.what = TLS_HANDSHAKE;
    record.resource = id;
    put(batch.events[0], record);
    record.what = TLS_RECEIVED;
    record.resource = 0;  // read with the end of the handshake
    put(batch.events[0], record);
  }
  const Collected got = finish();
  REQUIRE(got.said.size() == 2);
  CHECK(got.resources.at(got.said[0].event.resource).inode == 70);
  CHECK(got.resources.at(got.said[1].event.resource).inode == 80);
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder puts the pieces of a large plaintext together") {
  put(batch.definitions, thread(1, 100, 1));
  put(batch.definitions, thread(2, 200, 2));
  const auto piece = [&](uint32_t thread_id, uint32_t offset, bool more, const std::string& data) {
    rec_plaintext record{};
    record.type = RT_PLAINTEXT;
    record.thread = record.leader = thread_id;
    record.ts_ns = 10 * thread_id;
    record.length = 9;
    record.offset = offset;
    record.more = more ? 1 : 0;
    record.data_len = static_cast<uint32_t>(data.size());
    put(batch.events[0], record, data);
  };
  piece(1, 0, true, "abc");
  piece(2, 0, true, "ABC");
  piece(1, 3, true, "def");
  piece(2, 3, true, "");  // could not be read
  piece(1, 6, false, "ghi");
  piece(2, 6, false, "GHI");
  piece(2, 0, false, "small");
  const Collected got = finish();
  REQUIRE(got.said.size() == 3);
  CHECK(got.said[0].data == "abcdefghi");
  CHECK(got.said[0].event.length == 9);
  CHECK(got.said[1].data == "ABC");
  CHECK(got.said[2].data == "small");
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder translates packets") {
  put(batch.definitions, thread(1, 100, 1));
  rec_resource socket = file(7, 70, "");
  socket.is_socket = 1;
  socket.mode = S_IFSOCK;
  socket.socket.family = AF_INET;
  put(batch.definitions, socket);
  rec_packet record{};
  record.type = RT_PACKET;
  record.sent = 1;
  record.link = PACKET_LOOPBACK;
  record.thread = 1;
  record.resource = 7;
  record.interface = 3;
  record.ts_ns = 10;
  record.length = 500;
  record.data_len = 5;
  std::memcpy(record.name, "lo", 3);
  put(batch.events[0], record, "bytes...");  // the rest is room
  record.sent = 0;
  record.link = PACKET_RAW_IP;
  record.thread = record.resource = 0;
  record.ts_ns = 20;
  record.data_len = 100;  // more than there is
  std::memset(record.name, 'x', sizeof(record.name));
  put(batch.events[0], record, "more....");
  const Collected got = finish();
  REQUIRE(got.packets.size() == 2);
  const PacketEvent& sent = got.packets[0].event;
  CHECK(got.packets[0].data == "bytes");
  CHECK(sent.ts_ns == 10);
  CHECK(sent.direction == PacketDirection::sent);
  CHECK(sent.link == PacketLink::loopback);
  CHECK(sent.interface_index == 3);
  CHECK(sent.length == 500);
  CHECK(sent.thread == got.threads.at(100).id);
  CHECK(got.resources.at(sent.resource).kind == ResourceKind::socket);
  CHECK(got.packets[1].data == "more....");
  CHECK(got.packets[1].event.direction == PacketDirection::received);
  CHECK(!got.packets[1].event.thread);
  CHECK(!got.packets[1].event.resource);
  CHECK(got.interfaces == std::vector<std::string>{"lo", std::string(16, 'x')});
}

TEST_CASE_METHOD(RawEncoding, "RawEncoder translates socket events") {
  put(batch.definitions, thread(1, 100, 1));
  rec_socket ends{};
  ends.family = 2;
  ends.type = 1;
  ends.protocol = 6;
  ends.local_addr[0] = 127;
  ends.local_port = 4000;
  ends.remote_port = 80;
  rec_resource of_fd{};
  of_fd.type = RT_RESOURCE;
  of_fd.is_socket = 1;
  of_fd.id = 9;
  of_fd.mode = S_IFSOCK;
  of_fd.inode = 55;
  of_fd.magic = 0x534f434b;
  of_fd.socket = ends;
  put(batch.definitions, of_fd);
  rec_call use = call(1, 1, kRead);
  use.args[0] = 3;
  use.res[RES_FIRST] = 9;
  put(batch.events[0], use);

  rec_socket_event event{};
  event.type = RT_SOCKET;
  event.kind = SOCKET_CONNECTING;
  event.state = 2;
  event.thread = 1;
  event.socket = 7;
  event.inode = 55;
  event.ts_ns = 2000;
  put(batch.events[0], event);  // without a port
  event.kind = SOCKET_FAILED;
  event.state = 7;
  event.thread = 0;
  event.error = 111;
  event.has_facts = 1;
  event.ends = ends;
  for (uint64_t i = 0; i < SOCKET_FACTS_COUNT; ++i) event.facts[i] = 100 + i;
  event.ts_ns = 2001;
  put(batch.events[1], event);
  event.kind = SOCKET_FACTS;
  event.inode = 0;
  event.ts_ns = 2002;
  put(batch.definitions, event);  // what lives at the end comes that way
  const Collected got = finish();
  REQUIRE(got.sockets.size() == 3);
  CHECK(got.sockets[0].kind == SocketEventKind::connecting);
  CHECK(got.sockets[0].state == TcpState::syn_sent);
  CHECK(got.sockets[0].thread == got.threads.at(100).id);
  CHECK(got.sockets[0].socket == 7);
  CHECK(!got.sockets[0].resource);
  CHECK(!got.sockets[0].has_facts);
  CHECK(got.sockets[1].kind == SocketEventKind::failed);
  CHECK(!got.sockets[1].thread);
  CHECK(got.sockets[1].error == 111);
  REQUIRE(got.calls.size() == 1);
  REQUIRE(!got.calls[0].objects.empty());
  CHECK(got.sockets[1].resource == got.calls[0].objects[0].resource);  // the same socket by its fd
  CHECK(got.sockets[1].facts.srtt_us == 100);
  CHECK(got.sockets[1].facts.mss == 100 + FACT_MSS);
  CHECK(got.sockets[1].facts.retransmits == 100 + FACT_RETRANSMITS);
  const Resource& early = got.resources.at(got.sockets[2].resource);
  CHECK(early.cookie == 0);
  CHECK(early.remote_port == 80);
}
