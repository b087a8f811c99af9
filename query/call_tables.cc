#include "query/call_tables.h"

#include <string>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/why/notes.h"

namespace tarry {

void requireCalls(Database& db) {
  auto calls = db.prepare("SELECT 1 FROM syscall UNION ALL SELECT 1 FROM fold LIMIT 1");
  if (calls.step()) return;
  auto level = db.prepare("SELECT value FROM meta WHERE key = 'level'");
  if (level.step() && level.text(0) == "waits")
    throw TraceError(
        "this trace was recorded at level waits, which sees no system calls (record with --level syscalls)");
  throw TraceError(nothingIn(db, "system calls"));
}

}  // namespace tarry
