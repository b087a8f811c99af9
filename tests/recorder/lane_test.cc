#include "recorder/lane.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "recorder/raw_records.h"
#include "recorder/records.h"

using namespace tarry;

namespace {

constexpr size_t kBytes = 4096;

// A lane as the kernel side writes it (recorder/bpf/lanes.h).
class FakeLane {
 public:
  FakeLane() : memory_((LANE_DATA + kBytes) / sizeof(uint64_t)) {}

  bool put(const std::string& text) {
    const size_t whole = ((text.size() + 7) & ~size_t{7}) + 8;
    size_t offset = head()->written % kBytes;
    uint64_t end = head()->written + whole;
    const bool wraps = offset > kBytes - whole;
    if (wraps) end += kBytes - offset;
    if (end - head()->read > kBytes) return false;
    if (wraps) {
      write(offset, (kBytes - offset - 8) | LANE_SKIP);
      offset = 0;
    }
    write(offset, text.size());
    std::memcpy(bytes() + LANE_DATA + offset + 8, text.data(), text.size());
    head()->written = end;
    return true;
  }

  std::vector<std::string> drain() {
    std::vector<uint8_t> out;
    drainLane({bytes(), memory_.size() * sizeof(uint64_t)}, out);
    std::vector<std::string> result;
    forEachRecord(out, [&](std::span<const uint8_t> one) { result.emplace_back(one.begin(), one.end()); });
    return result;
  }

 private:
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(memory_.data()); }
  lane* head() { return reinterpret_cast<lane*>(memory_.data()); }
  void write(size_t offset, uint64_t word) { std::memcpy(bytes() + LANE_DATA + offset, &word, sizeof(word)); }

  std::vector<uint64_t> memory_;
};

}  // namespace

TEST_CASE("A lane gives what was written since the last time") {
  FakeLane lane;
  CHECK(lane.drain().empty());
  REQUIRE(lane.put("a record"));
  REQUIRE(lane.put("another one"));
  CHECK(lane.drain() == std::vector<std::string>{"a record", "another one"});
  CHECK(lane.drain().empty());
}

TEST_CASE("A lane's records come whole and in order however often it goes round") {
  FakeLane lane;
  int written = 0, read = 0;
  for (int turn = 0; turn < 500; ++turn) {
    for (int i = 0; i < 1 + turn % 40; ++i) {
      const std::string text = std::to_string(written) + std::string(static_cast<size_t>(written % 60), '.');
      if (!lane.put(text)) break;
      ++written;
    }
    for (const std::string& text : lane.drain()) {
      REQUIRE(text == std::to_string(read) + std::string(static_cast<size_t>(read % 60), '.'));
      ++read;
    }
  }
  CHECK(read == written);
  CHECK(written > 5000);
}

TEST_CASE("A full lane is read to its last record") {
  FakeLane lane;
  for (int lap = 0; lap < 20; ++lap) {
    size_t count = 0;
    while (lane.put("12345678" + std::string(static_cast<size_t>(lap) * 8, 'x'))) ++count;
    CHECK(lane.drain().size() == count);
  }
}
