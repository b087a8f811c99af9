// How far a conversation had come when its client waited, and who had the other end.
#include <catch2/catch.hpp>
#include <string>

#include "analyzer/run_state.h"
#include "tests/analyzer/loaded.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

constexpr int64_t kEagain = 11, kEinprogress = 115;
constexpr int kReady = static_cast<int>(ObjectRole::ready);

// "first_byte receiving": the phases of a process's waits in the order of time, "-" for none.
std::string phases(Loaded& db, int pid) {
  return db.rows(
      "SELECT group_concat(coalesce(phase, '-'), ' ') FROM (SELECT phase FROM thread_state"
      " JOIN thread USING (utid) WHERE tid = " +
      std::to_string(pid) + " AND wait_kind = 'network' ORDER BY ts)");
}

struct Client {
  explicit Client(uint16_t port = 80, bool payload = false, Level level = Level::syscalls) : b(level) {
    b.header().snaplen = payload ? 64 : 0;
    socket = b.socket("10.0.0.1", 40000, "10.0.0.2", port);
    p = &b.process("client", 100);
  }
  Client& connects(int64_t ret = 0) {
    p->call("connect", {.args = {3}, .ret = ret, .objects = {{0, 3, socket}}});
    return *this;
  }
  Client& sends(const std::string& bytes, int64_t ret) {
    CallSpec call{.args = {3, 0, 5000}, .ret = ret, .objects = {{0, 3, socket}}};
    if (!bytes.empty()) call.payloads = {{1, PayloadDirection::in, bytes}};
    p->call("sendto", call);
    return *this;
  }
  Client& receives(int64_t ret) {
    p->call("recvfrom", {.args = {3}, .ret = ret, .objects = {{0, 3, socket}}});
    return *this;
  }
  Client& waitsToReceive(int64_t ret) {
    p->blocksIn("recvfrom", {.args = {3}, .ret = ret, .objects = {{0, 3, socket}}}, 2_ms)
        .wokenBy(WakerContext::network, socket);
    return *this;
  }
  Client& polls() {
    p->blocksIn("poll", {.args = {0, 1}, .ret = 1, .objects = {{kReady, 3, socket, 1}}}, 2_ms)
        .wokenBy(WakerContext::network, socket);
    return *this;
  }
  std::string told() {
    p->runsFor(1_ms).exits(0);
    Loaded db(b);
    return phases(db, 100);
  }

  TraceBuilder b;
  ResourceId socket;
  ThreadScript* p;
};

}  // namespace

TEST_CASE("Every phase has a name of its own, and is found by it", "[phases]") {
  for (int i = 1; i < kWaitPhases; i++) {
    const auto phase = static_cast<WaitPhase>(i);
    CHECK(waitPhaseOf(waitPhaseName(phase)) == phase);
  }
  CHECK(waitPhaseOf("sleeping") == WaitPhase::none);
}

TEST_CASE("An answer begins and goes on to come", "[phases]") {
  CHECK(Client().connects().sends("", 5000).waitsToReceive(10).waitsToReceive(10).told() ==
        "first_byte receiving");
  CHECK(Client().connects().waitsToReceive(10).told() == "first_byte");  // the peer speaks first
  // Again from the start with the next question.
  CHECK(Client().connects().sends("", 5000).waitsToReceive(10).sends("", 5000).waitsToReceive(10).told() ==
        "first_byte first_byte");
  // What was said before the recording is not known.
  CHECK(Client().waitsToReceive(10).told() == "-");
}

TEST_CASE("Sending waits for room, connecting for the connection", "[phases]") {
  CHECK(Client().connects().sends("", -kEagain).polls().told() == "sending");
  CHECK(Client().connects().sends("", 4000).polls().sends("", 5000).polls().told() == "sending first_byte");
  CHECK(Client().connects(-kEinprogress).polls().sends("", 5000).polls().told() == "connect first_byte");
  CHECK(Client(53).connects().sends("", 5000).polls().told() == "dns");
  Client blocking;
  blocking.p->blocksIn("connect", {.args = {3}, .ret = 0, .objects = {{0, 3, blocking.socket}}}, 2_ms);
  CHECK(blocking.told() == "connect");
  // Where only calls that block are recorded.
  Client few(80, false, Level::waits);
  few.p->blocksIn("connect", {.args = {3}, .ret = 0, .objects = {{0, 3, few.socket}}}, 2_ms);
  few.waitsToReceive(10);
  CHECK(few.told() == "connect -");
}

TEST_CASE("A TLS handshake lasts as long as this side sends records of one", "[phases]") {
  const std::string hello("\x16\x03\x01\x02\x00", 5), key_exchange("\x16\x03\x03\x00\x25", 5);
  const std::string finished("\x14\x03\x03\x00\x01\x01", 6), data("\x17\x03\x03\x00\x20", 5);
  CHECK(Client(8000, true)
            .connects()
            .sends(hello, 500)
            .waitsToReceive(2000)
            .sends(key_exchange, 90)
            .waitsToReceive(51)
            .sends(data, 90)
            .waitsToReceive(90)
            .waitsToReceive(90)
            .told() == "tls_handshake tls_handshake first_byte receiving");
  // Tickets are no answer.
  CHECK(Client(8000, true)
            .connects()
            .sends(hello, 500)
            .waitsToReceive(2000)
            .sends(finished, 80)
            .sends(data, 90)
            .receives(510)
            .waitsToReceive(2000)
            .waitsToReceive(10)
            .told() == "tls_handshake first_byte receiving");
  // Without payload by the port alone.
  CHECK(Client(443)
            .connects()
            .sends("", 500)
            .waitsToReceive(2000)
            .sends("", 80)
            .sends("", 90)
            .receives(510)
            .waitsToReceive(2000)
            .waitsToReceive(10)
            .told() == "tls_handshake first_byte receiving");
  CHECK(Client(80).connects().sends("", 500).waitsToReceive(2000).told() == "first_byte");
  CHECK(Client(8000, true).connects().sends("GET / HTTP/1.1", 500).waitsToReceive(2000).told() ==
        "first_byte");
}

TEST_CASE("Plaintext says when an answer came through TLS", "[phases]") {
  Client client(8000, true);
  client.connects();
  client.p->tls(PayloadDirection::in, "question", 1, client.socket, 1000);
  client.sends(std::string("\x17\x03\x03\x00\x20", 5), 112);
  // All that comes until the library has something to say is one wait for its first byte.
  const int64_t begin = client.p->now();
  client.p->tls(PayloadDirection::out, "answer", 1, client.socket, 5_ms);
  client.p->at(begin);
  client.receives(510).waitsToReceive(2000).waitsToReceive(5);
  client.p->at(begin + 5_ms);
  CHECK(client.waitsToReceive(5).told() == "first_byte first_byte receiving");
}

TEST_CASE("The thread at the other end is who answered, else who has read the question", "[phases]") {
  TraceBuilder b;
  const ResourceId server_end = b.socket("127.0.0.1", 5000, "127.0.0.1", 40000);
  const ResourceId client_end = b.socket("127.0.0.1", 40000, "127.0.0.1", 5000);
  auto& reader = b.process("reader", 50);
  auto& writer = b.process("writer", 51);
  auto& client = b.process("client", 100);
  client.call("sendto", {.args = {3}, .ret = 5, .objects = {{0, 3, client_end}}});
  client.blocksIn("recvfrom", {.args = {3}, .ret = 5, .objects = {{0, 3, client_end}}}, 5_ms)
      .wokenBy(WakerContext::network, client_end);
  client.call("sendto", {.args = {3}, .ret = 5, .objects = {{0, 3, client_end}}});
  client.blocksIn("recvfrom", {.args = {3}, .ret = -4, .objects = {{0, 3, client_end}}}, 5_ms);
  reader.at(1_ms).call("recvfrom", {.args = {4}, .ret = 5, .objects = {{0, 4, server_end}}});
  writer.at(4_ms).call("sendto", {.args = {4}, .ret = 5, .objects = {{0, 4, server_end}}});
  Loaded db(b);
  CHECK(db.rows("SELECT phase, (SELECT tid FROM thread p WHERE p.utid = peer_utid) FROM thread_state"
                " JOIN thread USING (utid) WHERE tid = 100 AND wait_kind = 'network' ORDER BY ts") ==
        "first_byte 51\nfirst_byte 50");
}
