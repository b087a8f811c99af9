// SQL function tarry_args(syscall_id) and virtual table syscall_arg: arguments decoded when asked for.
#include <sqlite3.h>

#include <memory>

#include "analyzer/call_args.h"
#include "analyzer/schema.h"
#include "analyzer/tables.h"
#include "format/errors.h"

namespace tarry {
namespace {

struct Source {
  Source(TraceReader& r, const LoadRemains& l)
      : reader(r), remains(l), args(r, [this](ResourceId id) -> const Resource* {
          const auto found = remains.resources.find(id);
          return found != remains.resources.end() ? &found->second : nullptr;
        }) {}
  TraceReader& reader;
  const LoadRemains& remains;
  CallArgs args;

  int64_t count() const { return static_cast<int64_t>(remains.locators.size()); }
  // nullptr: no such call. Valid until the next one.
  const SyscallEvent* call(int64_t id) {
    if (id < 1 || id > count()) return nullptr;
    return &reader.readCall(remains.locators[static_cast<size_t>(id) - 1]);
  }
};

void resultText(sqlite3_context* context, std::string_view text) {
  if (isSqlText(text)) {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else {
    sqlite3_result_blob64(context, text.data(), text.size(), SQLITE_TRANSIENT);
  }
}

void argsFunction(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  auto* source = static_cast<Source*>(sqlite3_user_data(context));
  try {
    const SyscallEvent* call = source->call(sqlite3_value_int64(values[0]));
    if (call != nullptr) resultText(context, source->args.all(*call));
  } catch (const std::exception& error) {
    sqlite3_result_error(context, error.what(), -1);
  }
}

// ---- the virtual table ------------------------------------------------------------------------

struct ArgTable {
  sqlite3_vtab base{};  // first: SQLite sees the table as this
  Source* source = nullptr;
};

struct ArgCursor {
  sqlite3_vtab_cursor base{};  // first, as above
  Source* source = nullptr;
  int64_t id = 0;
  int64_t last_id = -1;
  int arg = 0;
  SyscallEvent event;
  const SyscallSpec* spec = nullptr;

  // Moves on to an argument that exists; past last_id at the end.
  void settle() {
    while (id <= last_id) {
      if (arg == 0) {
        const SyscallEvent* call = source->call(id);
        event = call != nullptr ? *call : SyscallEvent{};
        spec = findSyscall(event.abi, event.nr);
      }
      const int count = spec != nullptr ? spec->arg_count : kMaxArgs;
      if (arg < count) return;
      arg = 0;
      id++;
    }
  }
};

int connectTable(sqlite3* db, void* aux, int, const char* const*, sqlite3_vtab** table, char**) {
  const int code = sqlite3_declare_vtab(
      db, "CREATE TABLE x(syscall_id INTEGER, idx INTEGER, name TEXT, type TEXT, value TEXT)");
  if (code != SQLITE_OK) return code;
  auto created = std::make_unique<ArgTable>();
  created->source = static_cast<Source*>(aux);
  *table = &created.release()->base;
  return SQLITE_OK;
}

int disconnectTable(sqlite3_vtab* table) {
  const std::unique_ptr<ArgTable> gone(reinterpret_cast<ArgTable*>(table));
  return SQLITE_OK;
}

int bestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = 1e9;
  for (int i = 0; i < info->nConstraint; i++) {
    const auto& constraint = info->aConstraint[i];
    if (constraint.iColumn != 0 || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ || constraint.usable == 0)
      continue;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->idxNum = 1;
    info->estimatedCost = 10;
    info->estimatedRows = 6;
    break;
  }
  return SQLITE_OK;
}

int openCursor(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
  auto created = std::make_unique<ArgCursor>();
  created->source = reinterpret_cast<ArgTable*>(table)->source;
  *cursor = &created.release()->base;
  return SQLITE_OK;
}

int closeCursor(sqlite3_vtab_cursor* cursor) {
  const std::unique_ptr<ArgCursor> gone(reinterpret_cast<ArgCursor*>(cursor));
  return SQLITE_OK;
}

// Exceptions must not pass through SQLite: they become its error message.
template <class F>
int guarded(sqlite3_vtab_cursor* cursor, F&& f) {
  try {
    f(*reinterpret_cast<ArgCursor*>(cursor));
    return SQLITE_OK;
  } catch (const std::exception& error) {
    sqlite3_free(cursor->pVtab->zErrMsg);
    cursor->pVtab->zErrMsg = sqlite3_mprintf("%s", error.what());
    return SQLITE_ERROR;
  }
}

int filterRows(sqlite3_vtab_cursor* cursor, int index, const char*, int, sqlite3_value** values) {
  return guarded(cursor, [&](ArgCursor& c) {
    c.arg = 0;
    if (index == 1) {
      c.id = c.last_id = sqlite3_value_int64(values[0]);
      if (c.id < 1 || c.id > c.source->count()) c.last_id = c.id - 1;
    } else {
      c.id = 1;
      c.last_id = c.source->count();
    }
    c.settle();
  });
}

int nextRow(sqlite3_vtab_cursor* cursor) {
  return guarded(cursor, [](ArgCursor& c) {
    c.arg++;
    c.settle();
  });
}

int atEnd(sqlite3_vtab_cursor* cursor) {
  const auto* c = reinterpret_cast<ArgCursor*>(cursor);
  return c->id > c->last_id ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
  return guarded(cursor, [&](ArgCursor& c) {
    const ArgSpec* arg = c.spec != nullptr ? &c.spec->args[static_cast<size_t>(c.arg)] : nullptr;
    switch (index) {
      case 0: sqlite3_result_int64(context, c.id); break;
      case 1: sqlite3_result_int(context, c.arg); break;
      case 2:
        if (arg != nullptr) resultText(context, arg->name);
        break;
      case 3:
        if (arg != nullptr) resultText(context, argumentTypeName(arg->type));
        break;
      default: {
        // The reader's buffers are its own: others may have read a call since.
        const SyscallEvent* call = c.source->call(c.id);
        if (call != nullptr) resultText(context, c.source->args.one(*call, c.arg));
      }
    }
  });
}

int rowId(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  const auto* c = reinterpret_cast<ArgCursor*>(cursor);
  *id = c->id * kMaxArgs + c->arg;
  return SQLITE_OK;
}

const sqlite3_module& argModule() {
  static const sqlite3_module module = [] {
    sqlite3_module m{};
    m.iVersion = 1;
    m.xCreate = connectTable;
    m.xConnect = connectTable;
    m.xBestIndex = bestIndex;
    m.xDisconnect = disconnectTable;
    m.xDestroy = disconnectTable;
    m.xOpen = openCursor;
    m.xClose = closeCursor;
    m.xFilter = filterRows;
    m.xNext = nextRow;
    m.xEof = atEnd;
    m.xColumn = column;
    m.xRowid = rowId;
    return m;
  }();
  return module;
}

}  // namespace

void provideArgsOnDemand(Database& db, TraceReader& reader, const LoadRemains& remains) {
  // SQLite owns it and deletes it with the function or the module, whichever goes last; each gets its own.
  const auto destroy = [](void* source) { const std::unique_ptr<Source> gone(static_cast<Source*>(source)); };
  int code = sqlite3_create_function_v2(db.handle(), "tarry_args", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                        std::make_unique<Source>(reader, remains).release(), argsFunction,
                                        nullptr, nullptr, destroy);
  if (code == SQLITE_OK) {
    code = sqlite3_create_module_v2(db.handle(), "tarry_syscall_arg", &argModule(),
                                    std::make_unique<Source>(reader, remains).release(), destroy);
  }
  if (code != SQLITE_OK) throw TraceError("cannot prepare the database: out of memory");

  std::string columns;
  for (const TableInfo& table : allTables()) {
    if (table.name != tables::kSyscall.name) continue;
    for (const ColumnInfo& c : table.columns) {
      if (!columns.empty()) columns += ", ";
      columns += c.name == "args" ? std::string("tarry_args(id) AS args") : std::string(c.name);
    }
  }
  db.execute("CREATE TEMP VIEW syscall AS SELECT " + columns + " FROM main.syscall");
  db.execute("CREATE VIRTUAL TABLE temp.syscall_arg USING tarry_syscall_arg");
}

}  // namespace tarry
