#include "analyzer/batch_inserter.h"

#include <sqlite3.h>

#include <memory>

#include "format/errors.h"

namespace tarry {
namespace {

// The SQL text of the columns reaches xCreate through the module's data.
struct Source {
  std::string declaration;
  RowBatch& batch;
};

struct BatchTable {
  sqlite3_vtab base{};  // first: SQLite sees the table as this
  const RowBatch* batch = nullptr;
};

struct BatchCursor {
  sqlite3_vtab_cursor base{};  // first, as above
  const RowBatch* batch = nullptr;
  size_t row = 0;
};

int connectTable(sqlite3* db, void* aux, int, const char* const*, sqlite3_vtab** table, char**) {
  const auto* source = static_cast<const Source*>(aux);
  const int code = sqlite3_declare_vtab(db, source->declaration.c_str());
  if (code != SQLITE_OK) return code;
  auto created = std::make_unique<BatchTable>();
  created->batch = &source->batch;
  *table = &created.release()->base;
  return SQLITE_OK;
}

int disconnectTable(sqlite3_vtab* table) {
  const std::unique_ptr<BatchTable> gone(reinterpret_cast<BatchTable*>(table));
  return SQLITE_OK;
}

int bestIndex(sqlite3_vtab*, sqlite3_index_info*) {
  return SQLITE_OK;
}

int openCursor(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
  auto created = std::make_unique<BatchCursor>();
  created->batch = reinterpret_cast<BatchTable*>(table)->batch;
  *cursor = &created.release()->base;
  return SQLITE_OK;
}

int closeCursor(sqlite3_vtab_cursor* cursor) {
  const std::unique_ptr<BatchCursor> gone(reinterpret_cast<BatchCursor*>(cursor));
  return SQLITE_OK;
}

int filterRows(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  reinterpret_cast<BatchCursor*>(cursor)->row = 0;
  return SQLITE_OK;
}

int nextRow(sqlite3_vtab_cursor* cursor) {
  reinterpret_cast<BatchCursor*>(cursor)->row++;
  return SQLITE_OK;
}

int atEnd(sqlite3_vtab_cursor* cursor) {
  const auto* c = reinterpret_cast<const BatchCursor*>(cursor);
  return c->row >= c->batch->size() ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
  const auto* c = reinterpret_cast<const BatchCursor*>(cursor);
  c->batch->column(c->row, static_cast<size_t>(index), ResultColumn(context));
  return SQLITE_OK;
}

int rowId(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(reinterpret_cast<const BatchCursor*>(cursor)->row);
  return SQLITE_OK;
}

const sqlite3_module& batchModule() {
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

void ResultColumn::integer(int64_t value) {
  sqlite3_result_int64(context_, value);
}

void ResultColumn::text(std::string_view text) {
  sqlite3_result_text64(context_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void ResultColumn::blob(const void* data, size_t size) {
  sqlite3_result_blob64(context_, data, size, SQLITE_STATIC);
}

BatchCopy::BatchCopy(Database& db, std::string_view table, std::span<const ColumnInfo> columns,
                     RowBatch& batch)
    : db_(db), name_("tarry_batch_" + std::string(table)) {
  std::string names;
  for (const ColumnInfo& c : columns) names += (names.empty() ? "" : ", ") + std::string(c.name);
  auto source = std::make_unique<Source>(Source{"CREATE TABLE x(" + names + ")", batch});
  // SQLite owns the source and deletes it with the module, also where this call fails.
  const auto destroy = [](void* s) { const std::unique_ptr<Source> gone(static_cast<Source*>(s)); };
  if (sqlite3_create_module_v2(db.handle(), name_.c_str(), &batchModule(), source.release(), destroy) !=
      SQLITE_OK) {
    throw TraceError("cannot prepare the database: out of memory");
  }
  db.execute("CREATE VIRTUAL TABLE temp." + name_ + " USING " + name_);
  copy_ = db.prepare("INSERT INTO main." + std::string(table) + " (" + names + ") SELECT " + names +
                     " FROM temp." + name_);
}

BatchCopy::~BatchCopy() {
  copy_ = Statement();
  try {
    db_.execute("DROP TABLE IF EXISTS temp." + name_);
  } catch (const Error&) {
    // After a failure that ended the transaction the table is gone by itself.
  }
  sqlite3_create_module_v2(db_.handle(), name_.c_str(), nullptr, nullptr, nullptr);
}

}  // namespace tarry
