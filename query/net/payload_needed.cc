#include "query/net/payload_needed.h"

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/why/notes.h"

namespace tarry {

void requirePayload(Database& db) {
  // Without a snaplen a few structures are kept all the same.
  auto payload = db.prepare(
      "SELECT 1 FROM payload WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'snaplen' AND value = '0') "
      "LIMIT 1");
  if (payload.step()) return;
  throw TraceError(nothingIn(db, "payload") + " (record with --snaplen 4096, or all, to keep what was said)");
}

}  // namespace tarry
