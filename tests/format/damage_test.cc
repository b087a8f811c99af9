// Cut, flipped, foreign and newer files: each opens as far as it can and says what is
// missing, or is refused with one line. Nothing here may crash (run it under asan and ubsan too).
#include <catch2/catch.hpp>

#include <random>

#include "format/block_file.h"
#include "format/seek_table.h"
#include "tests/format/damage_support.h"

namespace tarry::testing {
namespace {

TEST_CASE("A trace cut at any offset opens to its last whole block and says so") {
  const std::vector<uint8_t> whole = smallFile();
  const BlockFile file(memoryByteSource(whole), "whole");
  const uint64_t header_end = file.blocks().front().file_bytes;
  const BlockInfo& last = file.blocks().back();
  const int64_t all = readAll(whole);
  int64_t before = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    ReadReport report;
    const int64_t events = readAll({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)}, &report);
    INFO("cut at " << size);
    if (size < header_end) {
      REQUIRE(events == -1);
      continue;
    }
    REQUIRE(events >= before);
    REQUIRE(report.problems.size() >= (report.cut ? 1U : 0U));
    REQUIRE(report.damaged_frames == 0);
    if (size < last.offset + last.file_bytes) REQUIRE(report.cut);
    before = events;
  }
  CHECK(before == all);
}

TEST_CASE("A flipped byte anywhere never crashes the reader and never goes unnoticed") {
  const std::vector<uint8_t> whole = smallFile();
  TraceReader clean = TraceReader::fromMemory(whole);
  const Transcript want = transcribe(clean);
  const auto footer = std::span<const uint8_t>(whole).last(kSeekFooterBytes);
  const size_t table_at = whole.size() - seekTableBytes(footer).value();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0xFF}) {
      std::vector<uint8_t> bytes = whole;
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ flip);
      INFO("flipped byte " << at << " by " << flip);
      try {
        TraceReader reader = TraceReader::fromMemory(bytes);
        const Transcript got = transcribe(reader);
        const bool same = got.events == want.events && got.definitions == want.definitions;
        // (A few bits of zstd's coding mean nothing.)
        REQUIRE((same || !reader.report().clean()));
        // The seek table is only a shortcut: a flip in it costs nothing, but is seen.
        if (at >= table_at) {
          REQUIRE(same);
          REQUIRE(!reader.report().clean());
        }
      } catch (const TraceError& e) {
        FAIL("refused: " << e.what());
      }
    }
  }
}

TEST_CASE("A damaged block in the middle costs no more than itself when it defines nothing") {
  WriterOptions options;
  options.block_rows = 10;
  const std::vector<uint8_t> whole = smallFile(options);
  const BlockFile file(memoryByteSource(whole), "whole");
  TraceReader clean = TraceReader::fromMemory(whole);
  const Transcript want = transcribe(clean);
  for (const bool indexed : {true, false}) {
    size_t tried = 0;
    for (const BlockInfo& info : file.blocks()) {
      if (info.kind != BlockKind::syscalls && info.kind != BlockKind::switches &&
          info.kind != BlockKind::wakes && info.kind != BlockKind::signals &&
          info.kind != BlockKind::sockets && info.kind != BlockKind::plaintexts &&
          info.kind != BlockKind::packets)
        continue;
      ++tried;
      std::vector<uint8_t> bytes = whole;
      if (!indexed) bytes.pop_back();
      bytes[info.offset + info.file_bytes / 2] ^= 0x55;
      TraceReader reader = TraceReader::fromMemory(bytes);
      const Transcript got = transcribe(reader);
      CHECK(reader.report().damaged_frames == 1);
      CHECK(reader.report().damaged_bytes == info.file_bytes);
      // Without its last byte the file also misses the seek table.
      REQUIRE(reader.report().problems.size() == (indexed ? 1U : 2U));
      // With the index it is known what was lost and when.
      CHECK(got.events.size() == want.events.size() - info.rows + (indexed ? 1 : 0));
      CHECK(got.definitions == want.definitions);
    }
    CHECK(tried > 5);
  }
}

TEST_CASE("Rows whose definitions are lost keep what is known") {
  const std::vector<uint8_t> whole = smallFile();
  const BlockFile file(memoryByteSource(whole), "whole");
  const auto damaged = [&](BlockKind kind) {
    std::vector<uint8_t> bytes = whole;
    for (const BlockInfo& info : file.blocks()) {
      if (info.kind == kind) bytes[info.offset + info.file_bytes / 2] ^= 0x55;
    }
    return bytes;
  };
  struct Seen : TraceVisitor {
    uint64_t calls = 0, resources = 0, strings = 0, payloads = 0;
    void onSyscall(const SyscallEvent& e) override {
      ++calls;
      for (const ObjectRef& object : e.objects) resources += object.resource ? 1 : 0;
      for (const StringArg& string : e.strings) strings += string.text ? 1 : 0;
      payloads += e.payloads.size();
    }
  };
  const auto see = [&](BlockKind kind, ReadReport& report) {
    TraceReader reader = TraceReader::fromMemory(damaged(kind));
    Seen seen;
    reader.read(seen);
    report = reader.report();
    return seen;
  };
  ReadReport report;
  Seen seen = see(BlockKind::resources, report);
  CHECK(seen.calls == 40);
  CHECK(seen.resources == 0);
  CHECK(seen.strings == 20);
  seen = see(BlockKind::strings, report);
  CHECK(seen.calls == 40);
  CHECK(seen.strings == 0);
  CHECK(report.damaged_frames > 0);
  seen = see(BlockKind::processes, report);
  CHECK(seen.calls == 0);
  CHECK(report.dropped_rows > 40);
  seen = see(BlockKind::payloads, report);
  CHECK(seen.calls == 40);
  CHECK(seen.payloads == 0);
  CHECK(report.damaged_frames > 0);
}

TEST_CASE("A file that begins in the middle reads from the next epoch on") {
  WriterOptions options;
  options.epoch_ns = 1'000'000'000;
  const std::vector<uint8_t> whole = smallFile(options);
  const BlockFile file(memoryByteSource(whole), "whole");
  uint64_t second_epoch = 0;
  for (const BlockInfo& info : file.blocks()) {
    if (info.epoch == 2 && second_epoch == 0) second_epoch = info.offset;
  }
  REQUIRE(second_epoch > 0);
  TraceReader reader =
      TraceReader::fromMemory({whole.begin() + static_cast<ptrdiff_t>(second_epoch), whole.end()});
  struct Seen : TraceVisitor {
    std::vector<LifeEvent> infos;
    uint64_t calls = 0, without = 0;
    void onLife(const LifeEvent& e) override {
      if (e.kind == LifeKind::info) infos.push_back(e);
    }
    void onSyscall(const SyscallEvent& e) override {
      ++calls;
      for (const ObjectRef& object : e.objects) without += object.resource ? 0 : 1;
      for (const StringArg& string : e.strings) without += string.text ? 0 : 1;
    }
  } seen;
  reader.read(seen);
  CHECK(reader.header().hostname == "testhost");
  CHECK(reader.report().dropped_rows == 0);
  CHECK(seen.calls > 10);
  CHECK(seen.without == 0);
  REQUIRE(seen.infos.size() == 2);
  CHECK(reader.text(seen.infos[1].info.exe) == "/usr/bin/python3");
}

// ---- what is no trace, or not ours to read ----------------------------------------------------

std::vector<uint8_t> compressed(const std::string& text) {
  FrameCompressor compressor(3);
  const auto frame = compressor.compress({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  return {frame.begin(), frame.end()};
}

TEST_CASE("A foreign file is refused as no trace") {
  const std::string line = "cannot read x.tarry: not a tarry trace";
  CHECK(refusal({}) == line);
  CHECK(refusal({'h', 'i'}) == line);
  CHECK(refusal(std::vector<uint8_t>(100'000, 'x')) == line);
  CHECK(refusal(compressed(std::string(80'000, 'x'))) == line);
  std::vector<uint8_t> noise(300'000);
  std::mt19937 random(1);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  CHECK(refusal(noise) == line);
}

TEST_CASE("A trace of a newer format is refused with what to do") {
  for (const bool finished : {true, false}) {
    std::vector<uint8_t> bytes;
    BlockOutput output(memorySink(bytes), 3);
    BlockMessage message(0, 1, 0, 0);
    TraceHeader header;
    header.format_version = kFormatVersion + 1;
    encodeHeader(header, message.block().initHeader());
    output.write(message);
    if (finished) {
      BlockMessage trailer(0, 1, 0, 0);
      encodeTrailer({}, output.index(), 0, trailer.block().initTrailer());
      output.write(trailer);
      output.writeSeekTable();
    }
    CHECK(refusal(bytes) ==
          "cannot read x.tarry: it is of trace format 2, this tarry knows up to 1 (use a newer tarry)");
  }
}

TEST_CASE("A missing file, a directory and an unreadable one are named") {
  CHECK_THROWS_WITH(TraceReader::open("/nonexistent/t.tarry"),
                    "cannot open /nonexistent/t.tarry: No such file or directory");
  CHECK_THROWS_WITH(TraceReader::open("/tmp"), "cannot open /tmp: it is a directory");
}

}  // namespace
}  // namespace tarry::testing
