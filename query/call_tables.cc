#include "query/call_tables.h"

#include <string>

#include "analyzer/sqlite.h"
#include "format/errors.h"

namespace tarry {

void requireCalls(Database& db) {
  auto calls = db.prepare("SELECT 1 FROM syscall LIMIT 1");
  if (calls.step()) return;
  auto level = db.prepare("SELECT value FROM meta WHERE key = 'level'");
  if (level.step() && level.text(0) == "waits")
    throw UsageError(
        "this trace was recorded at level waits, which sees no system calls (record with --level syscalls)");
  throw UsageError("no system calls were recorded in this trace");
}

}  // namespace tarry
