#include "recorder/call_rest.h"

#include <catch2/catch.hpp>
#include <string>

using namespace tarry;

namespace {

std::span<const uint8_t> bytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

bool add(CallRest& rest, uint64_t offset, const std::string& text, uint32_t call = 1) {
  rec_rest head{};
  head.arg = 1;
  head.thread = 7;
  head.call_seq = call;
  head.len = static_cast<uint32_t>(text.size());
  head.offset = offset;
  return rest.add(head, bytesOf(text));
}

// What is known of the call's bytes when its part held `first`.
std::string taken(CallRest& rest, const std::string& first, uint32_t call = 1) {
  std::vector<PayloadRef> payloads(1);
  payloads[0].arg = 1;
  payloads[0].length = 100;
  payloads[0].data = bytesOf(first);
  rest.take(7, call, 100, payloads);
  REQUIRE(payloads.size() == 1);
  CHECK(payloads[0].length == 100);
  return {payloads[0].data.begin(), payloads[0].data.end()};
}

}  // namespace

TEST_CASE("CallRest puts the pieces of a call behind the bytes of its part", "[rest]") {
  CallRest rest;
  CHECK(add(rest, 3, "def"));
  CHECK(add(rest, 6, "gh"));
  CHECK(add(rest, 3, "DEF", 2));
  CHECK(taken(rest, "abc") == "abcdefgh");
  CHECK(taken(rest, "abc") == "abc");  // they are taken once
  CHECK(taken(rest, "abc", 2) == "abcDEF");
}

TEST_CASE("CallRest takes bytes that are there twice once", "[rest]") {
  CallRest rest;
  add(rest, 0, "abcdefgh");
  CHECK(taken(rest, "abc") == "abcdefgh");
  add(rest, 0, "ab");
  CHECK(taken(rest, "abc") == "abc");
}

TEST_CASE("Nothing follows behind a gap", "[rest]") {
  CallRest rest;
  add(rest, 5, "fgh");
  CHECK(taken(rest, "abc") == "abc");
  add(rest, 3, "de");
  add(rest, 9, "lost between");
  CHECK(taken(rest, "abc") == "abcde");
}

TEST_CASE("CallRest stands for a part that could not be read", "[rest]") {
  CallRest rest;
  add(rest, 0, "abc");
  std::vector<PayloadRef> payloads;
  rest.take(7, 1, 9, payloads);
  REQUIRE(payloads.size() == 1);
  CHECK(payloads[0].length == 9);
  CHECK(payloads[0].data.size() == 3);
  payloads.clear();
  add(rest, 3, "abc");
  rest.take(7, 1, 9, payloads);
  CHECK(payloads.empty());
}

TEST_CASE("CallRest forgets pieces whose call never comes, and is bounded", "[rest]") {
  CallRest rest;
  add(rest, 3, "def");
  rest.nextBatch();
  CHECK(taken(rest, "abc") == "abcdef");  // a call may come with the next batch
  add(rest, 3, "def");
  rest.nextBatch();
  rest.nextBatch();
  CHECK(taken(rest, "abc") == "abc");

  const std::string piece(1U << 20U, 'x');
  const auto fill = [&] {
    int count = 0;
    for (uint32_t call = 1; call <= 10; call++) {
      for (uint64_t i = 0; i < 20 && add(rest, i * piece.size(), piece, call); i++) count++;
    }
    return count;
  };
  CHECK(fill() == 64);
  rest.nextBatch();
  rest.nextBatch();
  CHECK(fill() == 64);
}
