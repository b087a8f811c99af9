// Reports say the same over states that a load kept in memory as over table thread_state, and of calls read
// from the trace as of table syscall.
#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "analyzer/loader.h"
#include "analyzer/state_store.h"
#include "query/tree.h"
#include "query/why/why.h"

using namespace tarry;

namespace {

LoadOptions statesOnly(StateStore* store) {
  LoadOptions options;
  options.syscalls = false;
  options.payloads = false;
  options.indexes = false;
  options.states = store;
  return options;
}

std::string reportOf(TraceReader& reader, bool in_memory, const WhyOptions& options) {
  StateStore store;
  StateStore* states = in_memory ? &store : nullptr;
  Database db = loadTrace(reader, statesOnly(states));
  auto rows = db.prepare("SELECT count(*) FROM thread_state");
  REQUIRE(rows.step());
  CHECK((rows.integer(0) == 0) == in_memory);
  std::ostringstream out;
  const CallSources calls{movedFromTrace(reader, db), failedCallFromTrace(reader)};
  whyReport(db, states, calls, options, out);
  return out.str();
}

std::string reportOfDatabase(TraceReader& reader, const WhyOptions& options) {
  Database db = loadTrace(reader, {});
  std::ostringstream out;
  whyReport(db, nullptr, {movedFromTables(db), failedCallFromTables(db)}, options, out);
  return out.str();
}

std::vector<WhyOptions> manyOptions() {
  constexpr int64_t kMs = 1'000'000;
  std::vector<WhyOptions> list;
  for (const bool json : {false, true}) {
    for (const WhyView view : {WhyView::command, WhyView::ongoing}) {
      list.push_back({.view = view, .min_ns = 0, .json = json});
      list.push_back({.view = view, .threads = true, .min_ns = 0, .show_idle = true, .json = json});
      list.push_back({.view = view, .from_ns = 3 * kMs, .to_ns = 700 * kMs, .min_ns = 0, .json = json});
    }
  }
  return list;
}

std::string treeOf(const std::string& path, bool in_memory) {
  StateStore store;
  StateStore* states = in_memory ? &store : nullptr;
  TraceDatabase trace = TraceDatabase::open(path, statesOnly(states));
  std::ostringstream out;
  TreeOptions options;
  options.threads = true;
  treeReport(trace.db(), states, options, out);
  return out.str();
}

}  // namespace

TEST_CASE("why says the same over states in memory as over the table") {
  int samples = 0;
  for (const auto& entry : std::filesystem::directory_iterator("sample_traces")) {
    if (entry.path().extension() != ".tarry") continue;
    samples++;
    INFO(entry.path());
    TraceReader reader = TraceReader::open(entry.path());
    for (const WhyOptions& options : manyOptions())
      CHECK(reportOf(reader, true, options) == reportOf(reader, false, options));
    CHECK(treeOf(entry.path(), true) == treeOf(entry.path(), false));
  }
  CHECK(samples > 3);
}

TEST_CASE("why says the same of a loaded database as of its trace") {
  for (const auto& entry : std::filesystem::directory_iterator("sample_traces")) {
    if (entry.path().extension() != ".tarry") continue;
    INFO(entry.path());
    TraceReader reader = TraceReader::open(entry.path());
    for (const WhyOptions& options : manyOptions())
      CHECK(reportOfDatabase(reader, options) == reportOf(reader, true, options));
  }
}
