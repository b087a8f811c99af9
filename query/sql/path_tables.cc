#include "query/sql/path_tables.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/timeline.h"
#include "query/why/critical_path.h"
#include "query/why/explain.h"

namespace tarry {
namespace {

// Shared by both functions of one connection.
struct Paths {
  explicit Paths(Database& database) : db(database) {}

  void load() {
    if (timeline) return;
    timeline = Timeline::load(db);
    states = std::make_unique<ProcessStates>(*timeline);
  }

  Database& db;
  std::optional<Timeline> timeline;
  std::unique_ptr<ProcessStates> states;
};

enum class Function : uint8_t { path, behind };

struct Module {
  std::shared_ptr<Paths> paths;
  Function function = Function::path;
};

// SQLite's C structures come first: it casts between them and ours.
struct PathTable {
  sqlite3_vtab base{};
  Module module;
};

struct PathCursor {
  sqlite3_vtab_cursor base{};
  std::vector<PathPiece> pieces;
  size_t at = 0;
  int64_t argument = 0;
};

enum PathColumn { kTs, kDur, kDepth, kUpid, kUtid, kStateId, kState, kWaitKind, kArgument };

Module& moduleOf(sqlite3_vtab_cursor* cursor) {
  return reinterpret_cast<PathTable*>(cursor->pVtab)->module;
}
PathCursor& cursorOf(sqlite3_vtab_cursor* cursor) {
  return *reinterpret_cast<PathCursor*>(cursor);
}

int connect(sqlite3* db, void* module, int /*count*/, const char* const* /*arguments*/, sqlite3_vtab** table,
            char** /*error*/) {
  const int code = sqlite3_declare_vtab(
      db, "CREATE TABLE x(ts, dur, depth, upid, utid, state_id, state, wait_kind, argument HIDDEN)");
  if (code != SQLITE_OK) return code;
  auto made = std::make_unique<PathTable>();
  made->module = *static_cast<Module*>(module);
  *table = &made.release()->base;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  const std::unique_ptr<PathTable> owner(reinterpret_cast<PathTable*>(table));
  return SQLITE_OK;
}

// The argument must be given: there is no sensible "all".
int bestIndex(sqlite3_vtab* table, sqlite3_index_info* info) {
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn != kArgument || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->estimatedCost = 1000;
    return SQLITE_OK;
  }
  const bool path = reinterpret_cast<PathTable*>(table)->module.function == Function::path;
  table->zErrMsg = sqlite3_mprintf("%s needs its argument: %s", path ? "wait_path" : "wait_behind",
                                   path ? "wait_path(upid)" : "wait_behind(state_id)");
  return SQLITE_ERROR;
}

int open(sqlite3_vtab* /*table*/, sqlite3_vtab_cursor** cursor) {
  *cursor = &std::make_unique<PathCursor>().release()->base;
  return SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  const std::unique_ptr<PathCursor> owner(reinterpret_cast<PathCursor*>(cursor));
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* base, int /*index*/, const char* /*name*/, int count,
           sqlite3_value** values) {
  PathCursor& cursor = cursorOf(base);
  Module& module = moduleOf(base);
  cursor.pieces.clear();
  cursor.at = 0;
  if (count != 1 || sqlite3_value_type(values[0]) == SQLITE_NULL) return SQLITE_OK;
  cursor.argument = sqlite3_value_int64(values[0]);
  // Exceptions must not cross SQLite's C code.
  try {
    module.paths->load();
    const Timeline& timeline = *module.paths->timeline;
    CriticalPath path(timeline, *module.paths->states);
    if (module.function == Function::behind) {
      if (const auto row = timeline.rowById(cursor.argument)) cursor.pieces = path.behind(*row);
    } else if (const auto process = timeline.processByUpid(cursor.argument)) {
      if (const auto life = commandLife(timeline, *process))
        cursor.pieces = path.of(*process, life->begin, life->end);
    }
  } catch (const std::exception& error) {
    base->pVtab->zErrMsg = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++cursorOf(cursor).at;
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* cursor) {
  return static_cast<int>(cursorOf(cursor).at >= cursorOf(cursor).pieces.size());
}

std::string_view stateName(RunState state) {
  switch (state) {
    case RunState::running: return "running";
    case RunState::runnable: return "runnable";
    case RunState::blocked: return "blocked";
    case RunState::unknown: return "unknown";
  }
  return "unknown";
}

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
  const PathCursor& cursor = cursorOf(base);
  const Timeline& timeline = *moduleOf(base).paths->timeline;
  const PathPiece& piece = cursor.pieces[cursor.at];
  const StateRow& row = timeline.state(piece.row);
  const auto text = [&](std::string_view value) {
    sqlite3_result_text64(context, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  };
  switch (index) {
    case kTs: sqlite3_result_int64(context, piece.begin); break;
    case kDur: sqlite3_result_int64(context, piece.length()); break;
    case kDepth: sqlite3_result_int64(context, piece.depth); break;
    case kUpid: sqlite3_result_int64(context, timeline.process(piece.process).upid); break;
    case kUtid: sqlite3_result_int64(context, timeline.thread(row.thread).utid); break;
    case kStateId:
      if (row.id != 0) sqlite3_result_int64(context, row.id);
      break;
    case kState: text(stateName(row.state)); break;
    case kWaitKind:
      if (row.state != RunState::running) text(waitKindName(row.kind));
      break;
    case kArgument: sqlite3_result_int64(context, cursor.argument); break;
    default: break;
  }
  return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(cursorOf(cursor).at);
  return SQLITE_OK;
}

// Eponymous only (no xCreate): usable as a function without CREATE VIRTUAL TABLE.
constexpr sqlite3_module kModule = [] {
  sqlite3_module m{};
  m.xConnect = connect;
  m.xBestIndex = bestIndex;
  m.xDisconnect = disconnect;
  m.xOpen = open;
  m.xClose = close;
  m.xFilter = filter;
  m.xNext = next;
  m.xEof = eof;
  m.xColumn = column;
  m.xRowid = rowid;
  return m;
}();

}  // namespace

void registerPathTables(Database& db) {
  const auto paths = std::make_shared<Paths>(db);
  struct Named {
    const char* name;
    Function function;
  };
  for (const Named& named : {Named{"wait_path", Function::path}, Named{"wait_behind", Function::behind}}) {
    auto module = std::make_unique<Module>(Module{paths, named.function});
    // SQLite calls the destructor when the connection closes, and also when registration fails.
    const int code =
        sqlite3_create_module_v2(db.handle(), named.name, &kModule, module.release(),
                                 [](void* m) { std::default_delete<Module>()(static_cast<Module*>(m)); });
    if (code != SQLITE_OK)
      throw TraceError(fmt::format("cannot add SQL functions: {}", sqlite3_errmsg(db.handle())));
  }
}

}  // namespace tarry
