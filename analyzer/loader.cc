#include "analyzer/loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "analyzer/bulk/image.h"
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
    if (fd < 0) throw TraceError("cannot create " + target + ": " + std::strerror(errno));
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
      throw TraceError("cannot create " + target + ": " + std::strerror(errno));
    }
    path_.clear();
  }

 private:
  std::string path_;
};

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
