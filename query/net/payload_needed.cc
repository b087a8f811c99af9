#include "query/net/payload_needed.h"

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/why/notes.h"

namespace tarry {

void requirePayload(Database& db) {
  auto payload = db.prepare("SELECT 1 FROM payload LIMIT 1");
  if (payload.step()) return;
  throw TraceError(nothingIn(db, "payload") + " (record with --snaplen 4096, or all, to keep what was said)");
}

}  // namespace tarry
