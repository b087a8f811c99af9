#include "analyzer/loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "analyzer/load_pass.h"
#include "analyzer/loader_internal.h"
#include "analyzer/schema.h"
#include "format/errors.h"

namespace tarry {
namespace {

// A file that is removed again unless it was kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target) : path_(target + ".XXXXXX") {
    const int fd = mkstemp(path_.data());
    if (fd < 0) throw TraceError("cannot create " + target + ": " + errorText(errno));
    close(fd);
  }
  ~TemporaryFile() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  void renameTo(const std::string& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) {
      throw TraceError("cannot create " + target + ": " + errorText(errno));
    }
    path_.clear();
  }

 private:
  static std::string errorText(int error) {
    const char* text = strerrordesc_np(error);
    return text != nullptr ? text : "error " + std::to_string(error);
  }
  std::string path_;
};

}  // namespace

void loadTraceKeeping(TraceReader& reader, Database& db, const LoadOptions& options, LoadRemains* remains) {
  // What is freed while loading need not be overwritten (secure_delete is on in some builds of SQLite).
  db.execute("PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF; PRAGMA cache_size = -65536");
  db.execute("BEGIN");
  try {
    createSchema(db);
    analysis::LoadPass(reader, db, options, remains).run();
    if (options.indexes) createIndexes(db);
    db.execute("COMMIT");
  } catch (...) {
    try {
      db.execute("ROLLBACK");
    } catch (const Error&) {
      // SQLite has rolled back by itself after some errors; the first one is what matters.
    }
    throw;
  }
}

void loadTrace(TraceReader& reader, Database& db, const LoadOptions& options) {
  loadTraceKeeping(reader, db, options, nullptr);
}

void loadTraceFile(TraceReader& reader, const std::string& path, const LoadOptions& options) {
  TemporaryFile temporary(path);
  {
    Database db(temporary.path());
    // Nobody else sees the file before it is whole, and a failure throws it away: no journal, no locks.
    db.execute(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY");
    loadTrace(reader, db, options);
  }
  temporary.renameTo(path);
}

}  // namespace tarry
