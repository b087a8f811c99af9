// The frame of a virtual table of SQLite (https://www.sqlite.org/vtab.html): a table whose rows are computed
// when they are read. What differs from table to table are two types:
//
//   Source, what rows come from; one a module, deleted with it:
//     std::string declaration() const;             "CREATE TABLE x(…)"
//     int plan(sqlite3_index_info& info) const;    xBestIndex: a result code; may throw
//   Rows, one reading of them:
//     explicit Rows(Source&);
//     void begin(int index, std::span<sqlite3_value*> values);   idxNum and arguments as plan() chose
//     bool atEnd() const;  void next();
//     void column(sqlite3_context* context, int index) const or not;  int64_t rowId() const;
//
// Exceptions must not pass through SQLite's C code: they become its error message.
#pragma once

#include <sqlite3.h>

#include <exception>
#include <memory>
#include <span>
#include <string>

#include "analyzer/sqlite.h"
#include "format/errors.h"

namespace tarry {

template <class Source, class Rows>
class VirtualTable {
 public:
  // `as_function`: also usable without CREATE VIRTUAL TABLE, and only so; hidden columns are its arguments.
  static void provide(Database& db, const std::string& name, std::unique_ptr<Source> source,
                      bool as_function = false) {
    // SQLite deletes the source with the module, also where this call fails.
    const auto destroy = [](void* gone) { std::default_delete<Source>()(static_cast<Source*>(gone)); };
    if (sqlite3_create_module_v2(db.handle(), name.c_str(), as_function ? &kFunction : &kTable,
                                 source.release(), destroy) != SQLITE_OK) {
      throw TraceError("cannot prepare the database: out of memory");
    }
  }

 private:
  // First in each: SQLite sees table and cursor as its own structures.
  struct Table {
    sqlite3_vtab base{};
    Source* source = nullptr;
  };
  struct Cursor {
    explicit Cursor(Source& source) : rows(source) {}
    sqlite3_vtab_cursor base{};
    Rows rows;
  };
  static Rows& rowsOf(sqlite3_vtab_cursor* cursor) { return reinterpret_cast<Cursor*>(cursor)->rows; }

  template <class F>
  static int guarded(sqlite3_vtab* table, F&& f) {
    try {
      return f();
    } catch (const std::exception& error) {
      sqlite3_free(table->zErrMsg);
      table->zErrMsg = sqlite3_mprintf("%s", error.what());
      return SQLITE_ERROR;
    }
  }

  static int connect(sqlite3* db, void* source, int /*count*/, const char* const* /*arguments*/,
                     sqlite3_vtab** table, char** /*error*/) {
    auto made = std::make_unique<Table>();
    made->source = static_cast<Source*>(source);
    const int code = sqlite3_declare_vtab(db, made->source->declaration().c_str());
    if (code == SQLITE_OK) *table = &made.release()->base;
    return code;
  }
  static int disconnect(sqlite3_vtab* table) {
    const std::unique_ptr<Table> gone(reinterpret_cast<Table*>(table));
    return SQLITE_OK;
  }
  static int bestIndex(sqlite3_vtab* table, sqlite3_index_info* info) {
    return guarded(table, [&] { return reinterpret_cast<Table*>(table)->source->plan(*info); });
  }
  static int open(sqlite3_vtab* table, sqlite3_vtab_cursor** cursor) {
    return guarded(table, [&] {
      *cursor = &std::make_unique<Cursor>(*reinterpret_cast<Table*>(table)->source).release()->base;
      return SQLITE_OK;
    });
  }
  static int close(sqlite3_vtab_cursor* cursor) {
    const std::unique_ptr<Cursor> gone(reinterpret_cast<Cursor*>(cursor));
    return SQLITE_OK;
  }
  static int filter(sqlite3_vtab_cursor* cursor, int index, const char* /*name*/, int count,
                    sqlite3_value** values) {
    return guarded(cursor->pVtab, [&] {
      rowsOf(cursor).begin(index, {values, static_cast<size_t>(count)});
      return SQLITE_OK;
    });
  }
  static int next(sqlite3_vtab_cursor* cursor) {
    return guarded(cursor->pVtab, [&] {
      rowsOf(cursor).next();
      return SQLITE_OK;
    });
  }
  static int atEnd(sqlite3_vtab_cursor* cursor) { return rowsOf(cursor).atEnd() ? 1 : 0; }
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
    return guarded(cursor->pVtab, [&] {
      rowsOf(cursor).column(context, index);
      return SQLITE_OK;
    });
  }
  static int rowId(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
    *id = rowsOf(cursor).rowId();
    return SQLITE_OK;
  }

  static constexpr sqlite3_module module(bool as_function) {
    sqlite3_module m{};
    m.iVersion = 1;
    m.xCreate = as_function ? nullptr : connect;
    m.xConnect = connect;
    m.xBestIndex = bestIndex;
    m.xDisconnect = disconnect;
    m.xDestroy = disconnect;
    m.xOpen = open;
    m.xClose = close;
    m.xFilter = filter;
    m.xNext = next;
    m.xEof = atEnd;
    m.xColumn = column;
    m.xRowid = rowId;
    return m;
  }
  static const sqlite3_module kTable, kFunction;
};

template <class Source, class Rows>
const sqlite3_module VirtualTable<Source, Rows>::kTable = module(false);
template <class Source, class Rows>
const sqlite3_module VirtualTable<Source, Rows>::kFunction = module(true);

}  // namespace tarry
