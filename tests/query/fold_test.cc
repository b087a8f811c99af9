// What the verbs say of calls that a bounded recording kept as counts alone: the same sums.
#include <catch2/catch.hpp>
#include <sstream>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/testing/trace_builder.h"
#include "query/files.h"
#include "query/show/show.h"
#include "query/summary.h"
#include "query/why/data_moved.h"
#include "query/why/notes.h"

using namespace tarry;
using namespace tarry::testing;

namespace {

void makeCopy(TraceBuilder& b, uint64_t max_bytes) {
  b.options().max_bytes = max_bytes;
  b.options().block_ns = 100'000;
  auto& copy = b.process("cp", 10);
  const ResourceId from = b.file("/from"), to = b.file("/to");
  copy.call("openat", {.args = {-100}, .ret = 3, .objects = {{6, 3, from}}, .strings = {{1, "/from"}}}, 5_us);
  for (int i = 0; i < 3000; ++i) {
    copy.call("read", {.args = {3}, .ret = 1000 + i % 3, .objects = {{0, 3, from}}}, 2_us);
    copy.call("write", {.args = {4}, .ret = i % 5 == 0 ? -11 : 500, .objects = {{0, 4, to}}}, 3_us);
  }
  auto& other = copy.forks("log", 20);
  copy.exits(0);
  for (int i = 0; i < 300; ++i) other.call("write", {.args = {4}, .ret = 7, .objects = {{0, 4, to}}}, 1_us);
  other.exits(0);
}

std::string summaryOf(TraceReader& reader, SummaryOptions& options) {
  Database db = loadTrace(reader);
  options.format = RowFormat::csv;
  std::ostringstream out;
  summaryReport(db, options, out);
  return out.str();
}

}  // namespace

TEST_CASE("summary, files and why's sums are the same of a bounded trace") {
  TraceBuilder whole, bounded;
  makeCopy(whole, 0);
  makeCopy(bounded, whole.bytes().size() / 4);
  TraceReader of_whole = whole.reader(), of_bounded = bounded.reader();
  for (const auto* filter : {"all", "read", "status=failed", "path=/to"}) {
    SummaryOptions options;
    options.filter.add(filter);
    CHECK(summaryOf(of_whole, options) == summaryOf(of_bounded, options));
  }
  SummaryOptions one;
  one.process = "log";
  CHECK(summaryOf(of_whole, one) == summaryOf(of_bounded, one));

  Database a = loadTrace(of_whole), z = loadTrace(of_bounded);
  REQUIRE(z.prepare("SELECT 1 FROM fold WHERE kind = 'calls'").step());
  std::ostringstream files_a, files_z;
  filesReport(a, {}, files_a);
  filesReport(z, {}, files_z);
  CHECK(files_z.str().find(files_a.str()) != std::string::npos);  // behind the note
  CHECK(files_z.str().find("kept within --max-size: ") != std::string::npos);
  CHECK(notesOn(a).empty());

  const Timeline timeline = Timeline::load(z), whole_timeline = Timeline::load(a);
  const DataMoved want =
      movedFromTables(a)(whole_timeline, kNone, whole_timeline.begin(), whole_timeline.end());
  for (const DataMovedSource& source : {movedFromTables(z), movedFromTrace(of_bounded, z)}) {
    const DataMoved got = source(timeline, kNone, timeline.begin(), timeline.end());
    CHECK(got.calls == want.calls);
    CHECK(got.read_bytes == want.read_bytes);
    CHECK(got.written_bytes == want.written_bytes);
    REQUIRE(got.busiest.size() == want.busiest.size());
    for (size_t i = 0; i < got.busiest.size(); ++i) {
      CHECK(got.busiest[i].name == want.busiest[i].name);
      CHECK(got.busiest[i].count == want.busiest[i].count);
      CHECK(got.busiest[i].total_ns == want.busiest[i].total_ns);
    }
    CHECK(got.calls_cpu_ns.value() == want.calls_cpu_ns.value());
  }
}

TEST_CASE("show prints a count where there are no single calls") {
  TraceBuilder b;
  auto& p = b.process("p", 10);
  FoldEvent fold;
  fold.ts_ns = 1_s;
  fold.thread = p.id();
  fold.abi = Abi::x86_64;
  fold.nr = 0;
  fold.error = 11;
  fold.resource = b.file("/x");
  fold.count = 1234;
  fold.total_ns = 1'234'567;
  b.add(fold);
  p.at(2_s).call("close", {.args = {3}});
  p.exits(0);
  const auto shown = [&b](const ShowOptions& options) {
    TraceReader reader = b.reader();
    std::ostringstream out, notes;
    show(reader, options, out, notes);
    return out.str() + notes.str();
  };
  CHECK(shown({}) ==
        "... 1,234 × read(</x>) = -1 EAGAIN <0.001234> ...\n"
        "close(3)                                = 0\n"
        "+++ exited with 0 +++\n"
        "tarry: to keep the file within --max-size, 1,234 short calls are shown as counts alone (lines with "
        "×)\n");
  ShowOptions others;
  others.filter.add("close");
  CHECK(shown(others).find("EAGAIN") == std::string::npos);
  ShowOptions json;
  json.json = true;
  CHECK(shown(json).starts_with(
      R"({"ts":1000000000,"pid":10,"tid":10,"comm":"p","abi":"x86-64","name":"read","folded":1234,"dur":1234567,"errno":"EAGAIN"})"));
}
