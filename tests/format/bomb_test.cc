// Little that claims to be much.
#include <catch2/catch.hpp>

#include <chrono>

#include "format/block_file.h"
#include "format/frame.h"
#include "tests/format/damage_support.h"

namespace tarry::testing {
namespace {

// Overlapping blocks of zero rows, from a few hundred bytes each.
constexpr uint32_t kZeroRows = 64 * 1024;
std::vector<uint8_t> zeroRows(int blocks) {
  std::vector<uint8_t> bytes = hostile(kZeroRows, [](auto block) { fillCalls(block.initSyscalls()); });
  const BlockFile file(memoryByteSource(bytes), "x");
  const BlockInfo& info = file.blocks().back();
  const std::vector<uint8_t> frame(bytes.begin() + static_cast<ptrdiff_t>(info.offset), bytes.end());
  for (int i = 1; i < blocks; ++i) bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

struct CountCalls : TraceVisitor {
  uint64_t calls = 0;
  void onSyscall(const SyscallEvent&) override { ++calls; }
};

TEST_CASE("A tiny file cannot claim many rows") {
  CountCalls count;
  TraceReader reader = TraceReader::fromMemory(zeroRows(21));
  reader.read(count);
  CHECK(count.calls == 2ULL * kZeroRows);
  CHECK(reader.report().damaged_frames == 19);
  REQUIRE(reader.report().problems.size() > 2);
  CHECK(reader.report().problems[1].find("more rows than a file of this size can hold") != std::string::npos);
}

TEST_CASE("A file cannot claim much memory") {
  // A skippable frame makes it large enough for its rows.
  std::vector<uint8_t> bytes = zeroRows(84);
  const uint32_t padding = 700'000;
  appendU32(bytes, kSkippableMagic);
  appendU32(bytes, padding);
  bytes.resize(bytes.size() + padding);
  CountCalls count;
  TraceReader reader = TraceReader::fromMemory(bytes);
  reader.read(count);
  CHECK(count.calls > 2ULL * kZeroRows);
  CHECK(count.calls <= 84ULL * kZeroRows);
  REQUIRE(!reader.report().problems.empty());
  CHECK(reader.report().problems.back() ==
        "too many blocks cover the same time: some events had to be left out");
}

// A frame whose header says that it holds `content_bytes`, of RLE blocks with 128 KiB each (RFC 8878, 3.1.1:
// a single segment with an eight-byte size and a checksum).
std::vector<uint8_t> claimingFrame(uint64_t content_bytes, size_t rle_blocks) {
  std::vector<uint8_t> frame;
  appendU32(frame, kZstdMagic);
  frame.push_back(3 << 6 | 1 << 5 | 1 << 2);
  for (int shift = 0; shift < 64; shift += 8) frame.push_back(static_cast<uint8_t>(content_bytes >> shift));
  for (size_t i = 0; i < rle_blocks; ++i) {
    const bool last = i + 1 == rle_blocks;
    const uint32_t header = (128U << 10) << 3 | 1 << 1 | (last ? 1 : 0);  // RLE
    for (int shift = 0; shift < 24; shift += 8) frame.push_back(static_cast<uint8_t>(header >> shift));
    frame.push_back(0);
  }
  appendU32(frame, 0);  // a wrong checksum, found after decompressing
  return frame;
}

TEST_CASE("A frame that claims gigabytes is no frame") {
  for (const uint64_t claim : {uint64_t{4} << 30, uint64_t{1} << 62, kMaxBlockBytes + 8, ~uint64_t{0} - 1}) {
    INFO("claims " << claim);
    const std::vector<uint8_t> frame = claimingFrame(claim, 250);
    CHECK(frame.size() < 1100);
    CHECK(probeFrame(frame).kind == FrameKind::none);
    CHECK(refusal(frame) == "cannot read x.tarry: not a tarry trace");
    std::vector<uint8_t> bytes = smallFile();
    const int64_t all = readAll(bytes);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    ReadReport report;
    CHECK(readAll(bytes, &report) == all);
    CHECK(report.damaged_bytes == frame.size());
  }
}

TEST_CASE("A frame that claims what it cannot hold allocates nothing") {
  FrameDecompressor decompressor;
  CHECK_THROWS_WITH(decompressor.decompress(claimingFrame(kMaxBlockBytes, 1)),
                    "a frame that claims too much");
}

TEST_CASE("A frame in a frame is not opened") {
  // 64 MiB of zeros, a thousand times, compressed once more; and a skippable frame that holds a trace.
  FrameCompressor compressor(3);
  const auto zeros = compressor.compress(std::vector<uint8_t>(kMaxBlockBytes));
  std::vector<uint8_t> many;
  for (int i = 0; i < 1000; ++i) many.insert(many.end(), zeros.begin(), zeros.end());
  const auto frame = compressor.compress(many);
  CHECK(frame.size() < 50'000);
  CHECK(refusal({frame.begin(), frame.end()}) == "cannot read x.tarry: not a tarry trace");

  const std::vector<uint8_t> inner = smallFile();
  std::vector<uint8_t> bytes;
  appendU32(bytes, kSkippableMagic);
  appendU32(bytes, static_cast<uint32_t>(inner.size()));
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  bytes.insert(bytes.end(), inner.begin(), inner.end());
  CHECK(readAll(bytes) == readAll(inner));
}

TEST_CASE("Many frames of nothing are given up, not all decompressed") {
  // Each decompresses to 64 MiB before its checksum is seen to be wrong: 2,000 are 125 GiB.
  const std::vector<uint8_t> frame = claimingFrame(kMaxBlockBytes, kMaxBlockBytes / (128U << 10));
  CHECK(frame.size() < 2100);
  std::vector<uint8_t> bytes = smallFile();
  bytes.pop_back();  // no index
  for (int i = 0; i < 2000; ++i) bytes.insert(bytes.end(), frame.begin(), frame.end());
  ReadReport report;
  const auto start = std::chrono::steady_clock::now();
  CHECK(readAll(bytes, &report) == readAll(smallFile()));
  // 20 of them take well under a second, all half a minute.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  CHECK(report.damaged_frames == 1);
}

}  // namespace
}  // namespace tarry::testing
