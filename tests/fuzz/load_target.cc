#include <cstdio>
#include <cstdlib>
#include <string>

#include "analyzer/loader.h"
#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "tests/fuzz/targets.h"

namespace tarry::fuzz {
namespace {

// Rows that contradict what docs/schema.md promises; each of these queries gives none.
constexpr const char* kNever[] = {
    R"(SELECT 1 FROM (SELECT ts, lag(ts + dur) OVER (PARTITION BY utid ORDER BY ts, id) AS previous
       FROM thread_state) WHERE previous IS NOT NULL AND previous != ts)",
    "SELECT 1 FROM thread_state WHERE dur < 0",
    "SELECT 1 FROM syscall WHERE dur < 0",
    "SELECT 1 FROM thread_state s LEFT JOIN thread t USING (utid) WHERE t.utid IS NULL",
    "SELECT 1 FROM syscall s LEFT JOIN thread t USING (utid) WHERE t.utid IS NULL",
    "SELECT 1 FROM thread t LEFT JOIN process p USING (upid) WHERE p.upid IS NULL",
    "SELECT 1 FROM syscall_object o LEFT JOIN syscall s ON s.id = o.syscall_id WHERE s.id IS NULL",
};

}  // namespace

void fuzzLoad(ByteView input) {
  Database db;
  try {
    TraceReader reader = TraceReader::fromMemory(frameMessages(splitMessages(input)));
    LoadOptions options;
    options.syscall_args = true;
    db = loadTrace(reader, options);
  } catch (const TraceError&) {
    return;
  }
  // Pages that were not SQLite's work.
  Statement check = db.prepare("PRAGMA integrity_check(1)");
  if (!check.step() || check.text(0) != "ok") {
    std::fprintf(stderr, "not a sound database: %s\n", std::string(check.text(0)).c_str());
    std::abort();
  }
  for (const char* sql : kNever) {
    if (!db.prepare(sql).step()) continue;
    std::fprintf(stderr, "rows that cannot be: %s\n", sql);
    std::abort();
  }
}

}  // namespace tarry::fuzz
