// loadTrace: from a trace to the tables of docs/schema.md, in one pass in the order of time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "analyzer/sqlite.h"
#include "format/trace_reader.h"

namespace tarry {

class StateStore;

struct LoadOptions {
  bool syscalls = true;       // tables syscall, syscall_object (why needs only thread_state)
  bool syscall_args = false;  // fill syscall.args and syscall_arg (`load`); otherwise syscall.args is
                              // NULL in the table and computed by the view of a QuerySession
  bool payloads = true;
  bool conversations = true;  // tables http, dns, tls, where payload was recorded
  bool indexes = true;
  int64_t from_ns = INT64_MIN;  // trace time, as ts of the tables
  int64_t to_ns = INT64_MAX;
  // Gets the thread states, which then are not in table thread_state; must outlive the load.
  StateStore* states = nullptr;
  std::function<void(double)> progress = {};  // 0 … 1
};

// All of it in memory.
Database loadTrace(TraceReader& reader, const LoadOptions& options = {});

// The same into a new file, which appears under its name only once it is whole; an existing one is
// replaced. Throws TraceError if it cannot be written.
void loadTraceFile(TraceReader& reader, const std::string& path, const LoadOptions& options = {});

// The newest *.tarry of the current directory, for commands whose FILE was left out. Throws UsageError
// if there is none.
std::string newestTrace();

// A database for queries: a .tarry file loaded into memory (syscall.args computed on demand), or a
// file that `tarry load` wrote, opened read-only. Throws TraceError for anything else.
struct QuerySession;
class TraceDatabase {
 public:
  static TraceDatabase open(const std::string& path, const LoadOptions& options = {});
  TraceDatabase(TraceDatabase&&) noexcept;
  TraceDatabase& operator=(TraceDatabase&&) noexcept;
  ~TraceDatabase();

  Database& db();
  // The reader behind it, nullptr for a database file.
  TraceReader* reader();

 private:
  explicit TraceDatabase(std::unique_ptr<QuerySession> session);
  std::unique_ptr<QuerySession> session_;
};

}  // namespace tarry
