#include "analyzer/loader.h"

#include "analyzer/bulk/image.h"
#include "analyzer/load_pass.h"
#include "analyzer/loader_internal.h"
#include "analyzer/schema.h"
#include "analyzer/temporary_file.h"
#include "format/errors.h"

namespace tarry {
namespace {

void createTables(Database& db, const LoadOptions& options) {
  createSchema(db);
  if (options.indexes) createIndexes(db);
}

}  // namespace

Database loadTraceKeeping(TraceReader& reader, const LoadOptions& options, LoadRemains* remains) {
  bulk::DatabaseImage image([&](Database& db) { createTables(db, options); });
  return analysis::LoadPass(reader, image, options, remains).run();
}

Database loadTrace(TraceReader& reader, const LoadOptions& options) {
  return loadTraceKeeping(reader, options, nullptr);
}

void loadTraceFile(TraceReader& reader, const std::string& path, const LoadOptions& options) {
  TemporaryFile temporary(path);
  {
    // Nobody else sees the file before it is whole, and a failure throws it away: no journal, no locks.
    bulk::DatabaseImage image(temporary.path(), path, [&](Database& db) { createTables(db, options); });
    analysis::LoadPass(reader, image, options, nullptr).run();
  }
  temporary.renameTo(path);
}

}  // namespace tarry
