#include "recorder/raw_records.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

using namespace tarry;

namespace {

std::vector<uint8_t> bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

std::vector<std::string> records(std::span<const uint8_t> ring) {
  std::vector<std::string> result;
  forEachRecord(ring,
                [&](std::span<const uint8_t> record) { result.emplace_back(record.begin(), record.end()); });
  return result;
}

}  // namespace

TEST_CASE("forEachRecord visits records of any length in order") {
  std::vector<uint8_t> ring;
  for (const char* text : {"a", "12345678", "123456789", ""}) appendRecord(ring, bytes(text));
  CHECK(ring.size() % 8 == 0);
  CHECK(records(ring) == std::vector<std::string>{"a", "12345678", "123456789", ""});
}

TEST_CASE("forEachRecord skips what a program discarded") {
  std::vector<uint8_t> ring;
  appendRecord(ring, bytes("gone"));
  const uint32_t discarded = 4 | 1U << 30;
  std::memcpy(ring.data(), &discarded, sizeof(discarded));
  appendRecord(ring, bytes("kept"));
  CHECK(records(ring) == std::vector<std::string>{"kept"});
}

TEST_CASE("forEachRecord stops at a length that cannot be") {
  std::vector<uint8_t> ring;
  appendRecord(ring, bytes("first"));
  const size_t second = ring.size();
  appendRecord(ring, bytes("second"));
  const uint32_t wild = 0x3fffffff;
  std::memcpy(ring.data() + second, &wild, sizeof(wild));
  CHECK(records(ring) == std::vector<std::string>{"first"});
  CHECK(records(std::span(ring).first(second + 5)) == std::vector<std::string>{"first"});
}
