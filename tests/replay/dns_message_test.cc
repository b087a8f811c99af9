// DNS messages of a stand-in.
#include "replay/dns_message.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

using namespace tarry::replay;

namespace {

Bytes message(uint8_t id, std::string_view rest) {
  Bytes bytes(12 + rest.size());
  bytes[1] = id;
  bytes[2] = bytes[5] = 1;
  std::copy(rest.begin(), rest.end(), bytes.begin() + 12);
  return bytes;
}

constexpr std::string_view kA("\3www\0\0\1\0\1", 9), kAaaa("\3www\0\0\x1c\0\1", 9);

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

TEST_CASE("A question is the recorded one whatever its id, and its answer gets it", "[replay]") {
  const Bytes recorded = message(7, kA);
  CHECK(dnsLikeness(recorded, recorded) == 3);
  CHECK(dnsLikeness(recorded, message(8, kA)) == 2);
  CHECK(dnsLikeness(recorded, joined({message(8, kA), {1, 2, 3}})) == 1);  // with options behind it
  CHECK(dnsLikeness(recorded, message(7, kAaaa)) == 0);
  CHECK(dnsAnswerTo(message(8, kA), message(7, kA)) == message(8, kA));
  CHECK(dnsAnswerTo({1}, message(7, kA)) == message(7, kA));
  CHECK(dnsLikeness({}, message(7, kA)) == 0);
}

TEST_CASE("Messages of a stream stand behind their lengths", "[replay]") {
  const Bytes a = message(1, kA), b = message(2, kAaaa);
  const Bytes stream = joined({withDnsLength(a), withDnsLength(b)});
  for (size_t size = 0; size <= stream.size(); size++) {
    size_t at = 0, count = 0;
    while (!nextDnsMessage(std::span(stream).first(size), at).empty()) count++;
    CHECK(count == (size == stream.size() ? 2 : size >= a.size() + 2 ? 1 : 0));
  }
  size_t at = 0;
  CHECK(nextDnsMessage(Bytes{0, 0, 5}, at).empty());
}

TEST_CASE("What a connection asked and was answered is told apart by ids", "[replay]") {
  const Bytes a = message(1, kA), b = message(2, kAaaa);
  RecordedConnection connection;
  const Bytes asked = joined({withDnsLength(a), withDnsLength(b)});
  const Bytes answered = joined({withDnsLength(b), withDnsLength(a)});
  Turn turn;
  turn.asked = asked;
  turn.answers = {{10, Bytes(answered.begin(), answered.begin() + 30)},
                  {25, Bytes(answered.begin() + 30, answered.end())}};
  connection.turns = {turn};
  const std::vector<RecordedQuery> queries = dnsQueriesOf(connection);
  REQUIRE(queries.size() == 2);
  CHECK(queries[0].asked == a);
  REQUIRE(queries[0].answers.size() == 1);
  CHECK(queries[0].answers[0].bytes == a);
  CHECK(queries[0].answers[0].offset_ns == 25);
  CHECK(queries[1].answers[0].bytes == b);
  CHECK(queries[1].answers[0].offset_ns == 10);
  connection.turns[0].asked.pop_back();
  CHECK(dnsQueriesOf(connection).empty());
}
