// TraceDatabase: a trace in an in-memory database, or a loaded file.
#include <glob.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "analyzer/loader.h"
#include "analyzer/loader_internal.h"
#include "format/errors.h"

namespace tarry {

struct QuerySession {
  std::optional<TraceReader> reader;
  LoadRemains remains;
  std::optional<Database> db;  // last: its functions use what stands above
};

namespace {

bool isDatabase(const std::string& path) {
  constexpr std::string_view kMagic = "SQLite format 3";
  std::ifstream file(path, std::ios::binary);
  std::array<char, kMagic.size()> begin{};
  file.read(begin.data(), begin.size());
  return file && std::string_view(begin.data(), begin.size()) == kMagic;
}

}  // namespace

TraceDatabase::TraceDatabase(std::unique_ptr<QuerySession> session) : session_(std::move(session)) {}
TraceDatabase::TraceDatabase(TraceDatabase&&) noexcept = default;
TraceDatabase& TraceDatabase::operator=(TraceDatabase&&) noexcept = default;
TraceDatabase::~TraceDatabase() = default;

TraceDatabase TraceDatabase::open(const std::string& path, const LoadOptions& options) {
  auto session = std::make_unique<QuerySession>();
  if (path != "-" && isDatabase(path)) {
    session->db.emplace(path, true);
    return TraceDatabase(std::move(session));
  }
  session->reader.emplace(TraceReader::open(path));
  session->db = loadTraceKeeping(*session->reader, options, &session->remains);
  if (options.syscalls && !options.syscall_args) {
    provideArgsOnDemand(*session->db, *session->reader, session->remains);
  }
  return TraceDatabase(std::move(session));
}

Database& TraceDatabase::db() {
  return *session_->db;
}

TraceReader* TraceDatabase::reader() {
  return session_->reader ? &*session_->reader : nullptr;
}

std::string newestTrace() {
  glob_t found{};
  std::string newest;
  timespec newest_time{};
  if (glob("*.tarry", 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) {
      struct stat status {};
      if (stat(found.gl_pathv[i], &status) != 0 || !S_ISREG(status.st_mode)) continue;
      const timespec& time = status.st_mtim;
      const bool newer = time.tv_sec != newest_time.tv_sec ? time.tv_sec > newest_time.tv_sec
                                                           : time.tv_nsec > newest_time.tv_nsec;
      if (newest.empty() || newer) {
        newest = found.gl_pathv[i];
        newest_time = time;
      }
    }
  }
  globfree(&found);
  if (newest.empty()) {
    throw UsageError("no trace given and no *.tarry in this directory (record one: tarry run COMMAND)");
  }
  return newest;
}

}  // namespace tarry
