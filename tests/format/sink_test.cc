// Where a trace is written to, how long rows may wait, and the stock formats around the blocks.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "format/block_file.h"
#include "format/definition_tables.h"
#include "format/errors.h"
#include "format/frame.h"
#include "format/seek_table.h"
#include "format/testing/trace_builder.h"
#include "format/trace_check.h"
#include "tests/format/event_text.h"

namespace tarry::testing {
namespace {

namespace fs = std::filesystem;

class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "tarry-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { fs::remove_all(path_); }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void tellStory(TraceBuilder& b) {
  auto& thread = b.process("sh", 7);
  for (int i = 0; i < 50; ++i) thread.call("read", {.args = {3}, .ret = i}).blocksIn("nanosleep", {}, 100_ms);
  thread.exits(0);
}

void save(const std::string& path, const std::vector<uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST_CASE("A trace file is private and replaces what was there") {
  const TempDir dir;
  const std::string path = dir.file("t.tarry");
  save(path, std::vector<uint8_t>(100'000, 'x'));
  fs::permissions(path, fs::perms::all);
  {
    TraceWriter writer(openFileSink(path), {});
    writer.finish({});
  }
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  TraceReader reader = TraceReader::open(path);
  CHECK(reader.trailer().has_value());
  CHECK(reader.name() == path);
}

TEST_CASE("A full disk and an impossible file end in one line") {
  CHECK_THROWS_WITH(openFileSink("/nonexistent/t.tarry"),
                    "cannot create /nonexistent/t.tarry: No such file or directory");
  CHECK_THROWS_WITH(
      TraceWriter(openFileSink("/dev/full"), {}),
      "cannot write /dev/full: No space left on device (free some space there, or write elsewhere)");
}

TEST_CASE("A trace goes through a pipe and a named pipe can be read") {
  const TempDir dir;
  const std::string path = dir.file("fifo");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  TraceBuilder b;
  tellStory(b);
  const std::vector<uint8_t> bytes = b.bytes();
  std::thread writing([&] { openFileSink(path)->append(bytes); });
  TraceReader piped = TraceReader::open(path);
  writing.join();
  TraceReader direct = TraceReader::fromMemory(bytes);
  CHECK(transcribe(piped).events == transcribe(direct).events);
  CHECK(piped.report().clean());
}

TEST_CASE("A row waits so long for its block as the options say, ticked or not") {
  const int64_t block_ns = WriterOptions{}.block_ns;
  std::vector<uint8_t> bytes;
  TraceWriter writer(memorySink(bytes), {});
  ThreadDef def;
  def.id = ThreadId{1};
  writer.define(def);
  SwitchEvent event;
  event.thread = def.id;
  event.ts_ns = 1'000'000'000;
  writer.add(event);
  const uint64_t before = bytes.size();
  writer.tick(1'000'000'000 + block_ns - 1);
  CHECK(bytes.size() == before);
  writer.tick(1'000'000'000 + block_ns);
  CHECK(bytes.size() > before);
  TraceReader reader = TraceReader::fromMemory(bytes);
  CHECK(transcribe(reader).events.size() == 1);
  event.ts_ns = 3'000'000'000;
  writer.add(event);
  const uint64_t second = bytes.size();
  event.ts_ns = 3'600'000'000;
  writer.add(event);
  CHECK(bytes.size() > second);
}

TEST_CASE("A recorder that lags behind still fills its blocks") {
  std::vector<uint8_t> bytes;
  TraceWriter writer(memorySink(bytes), {});
  ThreadDef def;
  def.id = ThreadId{1};
  writer.define(def);
  SwitchEvent event;
  event.thread = def.id;
  for (int i = 1; i <= 100; ++i) {
    event.ts_ns = i * 10'000'000LL;
    writer.add(event);
    writer.tick(event.ts_ns + 2'000'000'000);
  }
  writer.finish({});
  TraceReader reader = TraceReader::fromMemory(bytes);
  // A second of events, and what is left at the end.
  const auto most = static_cast<uint64_t>(1'000'000'000 / WriterOptions{}.block_ns + 2);
  for (const BlockTotals& totals : reader.totals()) {
    if (totals.kind == "switches") {
      CHECK(totals.rows == 100);
      CHECK(totals.blocks <= most);
    }
  }
}

TEST_CASE("Blocks close at their number of rows") {
  WriterOptions options;
  options.block_rows = 10;
  TraceBuilder b;
  tellStory(b);
  b.options() = options;
  const BlockFile file(memoryByteSource(b.bytes()), "x");
  uint64_t rows = 0;
  for (const BlockInfo& info : file.blocks()) {
    CHECK(info.rows <= 12);
    if (info.kind == BlockKind::syscalls) rows += info.rows;
  }
  CHECK(rows == 100);
}

TEST_CASE("Each epoch defines what it uses, and forgets what has ended") {
  std::vector<uint8_t> bytes;
  WriterOptions options;
  options.epoch_ns = 10'000'000'000;
  TraceWriter writer(memorySink(bytes), {}, options);
  for (uint32_t id = 1; id <= 2; ++id) {
    ThreadDef def;
    def.id = ThreadId{id};
    def.comm = writer.intern("thread" + std::to_string(id));
    writer.define(def);
  }
  const StringId text = writer.intern("/a/path");
  const std::vector<StringArg> strings{{0, text, false}};
  SyscallEvent call;
  call.thread = ThreadId{1};
  call.strings = strings;
  for (int second = 0; second < 30; ++second) {
    if (second == 5) writer.forget(ThreadId{2});
    call.enter_ns = second * 1'000'000'000LL;
    writer.add(call);
  }
  writer.finish({});
  BlockFile file(memoryByteSource(bytes), "x");
  std::vector<int> headers(4), threads(4), strings_rows(4);
  for (const BlockInfo& info : file.blocks()) {
    REQUIRE(info.epoch < 4);
    if (info.kind == BlockKind::header) ++headers[info.epoch];
    if (info.kind == BlockKind::strings) strings_rows[info.epoch] += static_cast<int>(info.rows);
    if (info.kind == BlockKind::processes) threads[info.epoch] += static_cast<int>(info.rows);
  }
  CHECK(headers == std::vector<int>{1, 1, 1, 0});
  CHECK(threads == std::vector<int>{2, 1, 1, 0});
  CHECK(strings_rows == std::vector<int>{3, 2, 2, 0});
}

TEST_CASE("The seek table is that of zstd's seekable format") {
  TraceBuilder b;
  tellStory(b);
  const std::vector<uint8_t> bytes = b.bytes();
  // Parsed here from the layout's description alone.
  const auto u32 = [&](size_t at) {
    return uint32_t{bytes[at]} | uint32_t{bytes[at + 1]} << 8 | uint32_t{bytes[at + 2]} << 16 |
           uint32_t{bytes[at + 3]} << 24;
  };
  REQUIRE(u32(bytes.size() - 4) == 0x8F92EAB1);
  CHECK(bytes[bytes.size() - 5] == 0);
  const size_t count = u32(bytes.size() - 9);
  const size_t table = bytes.size() - 9 - count * 8 - 8;
  CHECK(u32(table) == 0x184D2A5E);
  CHECK(u32(table + 4) == count * 8 + 9);
  size_t offset = 0;
  FrameDecompressor decompressor;
  for (size_t i = 0; i < count; ++i) {
    const size_t size = u32(table + 8 + i * 8);
    REQUIRE(offset + size <= table);
    const auto content = decompressor.decompress({bytes.data() + offset, size});
    CHECK(content.size_bytes() == u32(table + 8 + i * 8 + 4));
    offset += size;
  }
  CHECK(offset == table);
  CHECK(count == BlockFile(memoryByteSource(bytes), "x").blocks().size() + 1);
}

TEST_CASE("A string that is interned again stays, one that is not used is forgotten") {
  StringTable table(0);
  const StringId again = table.intern("again");
  const StringId once = table.intern("once");
  CHECK(table.grownBytes() > 0);
  for (int epoch = 0; epoch < 6; ++epoch) {
    table.beginEpoch();
    CHECK(table.grownBytes() == 0);
    CHECK(table.intern("again") == again);
  }
  table.beginEpoch();  // after intern(), before use(): an event can end an epoch
  table.use(again);
  const std::vector<StringRow> rows = table.takePending();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].text == "again");
  CHECK(table.intern("once") > once);
}

TEST_CASE("A damaged trace is repaired to a clean one without its damage") {
  const TempDir dir;
  WriterOptions options;
  options.block_rows = 10;
  TraceBuilder b;
  tellStory(b);
  b.options() = options;
  std::vector<uint8_t> bytes = b.bytes();
  save(dir.file("good.tarry"), bytes);
  CHECK(checkTrace(dir.file("good.tarry")).report.clean());

  const BlockFile file(memoryByteSource(bytes), "x");
  uint64_t lost_rows = 0;
  for (const BlockInfo& info : file.blocks()) {
    if (info.kind != BlockKind::syscalls) continue;
    bytes[info.offset + info.file_bytes / 2] ^= 1;
    lost_rows = info.rows;
    break;
  }
  for (const size_t cut : {size_t{0}, size_t{3}}) {
    std::vector<uint8_t> damaged(bytes.begin(), bytes.end() - static_cast<ptrdiff_t>(cut));
    save(dir.file("bad.tarry"), damaged);
    const CheckResult bad = checkTrace(dir.file("bad.tarry"));
    CHECK(bad.report.damaged_frames == 1);
    const RepairResult repaired = repairTrace(dir.file("bad.tarry"), dir.file("fixed.tarry"));
    CHECK(repaired.lost_blocks == 1);
    CHECK(repaired.kept_blocks == file.blocks().size() - 1);
    CHECK(repaired.written_bytes == fs::file_size(dir.file("fixed.tarry")));
    const CheckResult fixed = checkTrace(dir.file("fixed.tarry"));
    CHECK(fixed.report.clean());
    CHECK(fixed.repaired);
    REQUIRE(fixed.report.problems.size() == 1);
    CHECK(fixed.events == checkTrace(dir.file("good.tarry")).events - lost_rows);
  }
  CHECK_THROWS_WITH(repairTrace(dir.file("bad.tarry"), dir.file("bad.tarry")),
                    Catch::Matchers::Contains("into itself"));
  CHECK_THROWS_AS(repairTrace(dir.file("missing"), dir.file("out")), TraceError);
  CHECK_FALSE(fs::exists(dir.file("out")));
}

TEST_CASE("A trace shrinks what repeats: at most six bytes a call in a plain loop") {
  TraceBuilder b;
  auto& thread = b.process("dd", 5);
  const ResourceId zero = b.file("/dev/zero", ResourceKind::device);
  uint32_t noise = 1;
  for (int i = 0; i < 20'000; ++i) {
    noise = noise * 1664525 + 1013904223;
    thread.runsFor(static_cast<int64_t>(noise >> 22));
    thread.call(i % 2 == 0 ? "read" : "write",
                {.args = {i % 2, 0, 512}, .ret = 512, .objects = {{0, i % 2, zero}}, .arg_mask = 5},
                static_cast<int64_t>(noise >> 20 & 0x3FF));
  }
  CHECK(b.bytes().size() < 20'000 * 6);
}

}  // namespace
}  // namespace tarry::testing
