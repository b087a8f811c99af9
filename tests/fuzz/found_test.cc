// What fuzzing has found, in every build: each file of found/TARGET through its target once more. And the
// mutators, without which the targets would only ever see damage.
#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "format/testing/trace_builder.h"
#include "tests/fuzz/conversation.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

namespace fs = std::filesystem;

void replay(const char* target, void (*run)(ByteView)) {
  const fs::path folder = fs::path(TARRY_FUZZ_FOUND) / target;
  if (!fs::exists(folder)) return;
  for (const auto& entry : fs::directory_iterator(folder)) {
    INFO(entry.path().string());
    std::ifstream in(entry.path(), std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(in), {}};
    REQUIRE(!bytes.empty());
    CHECK_NOTHROW(run(bytes));
  }
}

TEST_CASE("What the fuzzer once found is harmless now") {
  replay("file", fuzzFile);
  replay("blocks", fuzzBlocks);
  replay("load", fuzzLoad);
  replay("explain", fuzzExplain);
  replay("dns", fuzzDns);
  replay("tls", fuzzTls);
  replay("http", fuzzHttp);
  replay("export", fuzzExport);
}

TEST_CASE("Conversations that fuzzing begins with are such") {
  for (const auto& [name, bytes] : httpSeeds()) {
    INFO(name);
    ConversationReader reader(bytes);
    int pieces = 0;
    while (const auto step = reader.next()) pieces += step->kind == ConversationStep::Kind::piece ? 1 : 0;
    CHECK(pieces >= 2);
    CHECK_NOTHROW(fuzzHttp(bytes));
    CHECK_NOTHROW(fuzzExport(bytes));
  }
}

Bytes inventedMessages() {
  std::vector<Bytes> messages;
  for (Message& message : messagesOf(inventedTrace(true))) messages.push_back(std::move(message.bytes));
  return joinMessages(messages);
}

struct Counted : TraceVisitor {
  uint64_t events = 0, resources = 0;
  void onSyscall(const SyscallEvent&) override { ++events; }
  void onSwitch(const SwitchEvent&) override { ++events; }
  void onWake(const WakeEvent&) override { ++events; }
  void onResource(const Resource&) override { ++resources; }
};

Counted countOf(const Bytes& file) {
  TraceReader reader = TraceReader::fromMemory(file);
  Counted counted;
  reader.read(counted);
  return counted;
}

TEST_CASE("Messages taken out of a trace and framed again are the same trace") {
  const Bytes trace = inventedTrace(true);
  const Bytes again = frameMessages(splitMessages(inventedMessages()));
  TraceReader reader = TraceReader::fromMemory(again);
  Counted counted;
  reader.read(counted);
  CHECK(reader.report().clean());
  CHECK(reader.trailer());
  CHECK(counted.events == countOf(trace).events);
  CHECK(counted.events > 20);
  CHECK(counted.resources == countOf(trace).resources);
}

// Stands in for libFuzzer's.
size_t flipBits(uint8_t* data, size_t size, size_t max_size) {
  for (size_t i = 0; i < size; i += 3) data[i] ^= 1;
  if (size == 0 && max_size != 0) data[size++] = 7;
  return size;
}

TEST_CASE("Mutations keep to the size given and mostly to what can be read") {
  const Bytes messages = inventedMessages();
  constexpr int kTries = 400;
  int changed = 0, readable = 0;
  for (uint32_t seed = 1; seed <= kTries; ++seed) {
    const Bytes mutant = mutateMessages(messages, messages.size() + 64, seed, flipBits);
    REQUIRE(mutant.size() <= messages.size() + 64);
    changed += mutant != messages ? 1 : 0;
    try {
      readable += countOf(frameMessages(splitMessages(mutant))).events > 10 ? 1 : 0;
    } catch (const std::exception&) {
    }
    REQUIRE(crossMessages(messages, mutant, messages.size(), seed).size() <= messages.size());
  }
  CHECK(changed > kTries * 8 / 10);
  CHECK(readable > kTries / 2);
}

TEST_CASE("Any bytes are split into messages without loss") {
  Bytes noise(1000);
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(i * i * 7 >> 3);
  for (size_t size : {size_t{1}, size_t{7}, size_t{8}, size_t{100}, noise.size()}) {
    std::vector<Bytes> parts;
    for (const ByteView part : splitMessages(ByteView(noise).first(size)))
      parts.emplace_back(part.begin(), part.end());
    CHECK(joinMessages(parts) == Bytes(noise.begin(), noise.begin() + static_cast<ptrdiff_t>(size)));
    CHECK(mutateMessages(ByteView(noise).first(size), 2000, 1, flipBits).size() <= 2000);
  }
  CHECK(splitMessages({}).empty());
  CHECK(mutateMessages({}, 2000, 1, flipBits).size() == 1);
}

}  // namespace
}  // namespace tarry::fuzz
