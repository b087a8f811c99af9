#include "query/why/data_moved.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/testing/trace_builder.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

bool same(const std::vector<MovedBytes>& a, const std::vector<MovedBytes>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const MovedBytes& x, const MovedBytes& y) {
    return x.name == y.name && x.bytes == y.bytes && x.calls == y.calls;
  });
}

}  // namespace

TEST_CASE("what was read and written is the same from the trace and from the tables") {
  TraceBuilder b;
  auto& writer = b.process("writer", 100);
  auto& reader = b.process("reader", 200);
  const ResourceId big = b.file("/tmp/big");
  const ResourceId config = b.file("/etc/config");
  for (int i = 0; i < 10; ++i)
    writer.call("write", {.args = {3}, .ret = 1000, .objects = {{0, 3, big}}}, 5_us);
  writer.call("write", {.args = {3}, .ret = -28, .objects = {{0, 3, big}}}, 5_us);
  writer.blocksIn("read", {.args = {4}, .ret = 77, .objects = {{0, 4, config}}}, 3_ms);
  reader.call("pread64", {.args = {5}, .ret = 500, .objects = {{0, 5, big}}}, 2_us);
  writer.exits(0);
  reader.exits(0);

  TraceReader tables_reader = b.reader();
  Database db = loadTrace(tables_reader);
  const Timeline timeline = Timeline::load(db);
  TraceReader trace = b.reader();
  const DataMovedSource from_tables = movedFromTables(db), from_trace = movedFromTrace(trace, db);

  std::vector<int32_t> processes = {kNone};
  for (size_t i = 0; i < timeline.processes().size(); ++i) processes.push_back(static_cast<int32_t>(i));
  for (const int32_t process : processes) {
    const DataMoved a = from_tables(timeline, process, timeline.begin(), timeline.end());
    const DataMoved c = from_trace(timeline, process, timeline.begin(), timeline.end());
    INFO("process " << process);
    CHECK(same(a.read, c.read));
    CHECK(same(a.written, c.written));
    CHECK(a.read_bytes == c.read_bytes);
    CHECK(a.written_bytes == c.written_bytes);
    CHECK(a.calls == c.calls);
    if (!a.busiest.empty()) CHECK(a.busiest.front().name == c.busiest.front().name);
  }
  const DataMoved all = from_trace(timeline, kNone, timeline.begin(), timeline.end());
  REQUIRE(all.written.size() == 1);
  CHECK(all.written.front().name == "/tmp/big");
  CHECK(all.written_bytes == 10'000);
  CHECK(all.read_bytes == 577);
  CHECK(from_trace(timeline, kNone, timeline.end(), timeline.end()).calls == 0);
}
