// The database's schema, derived from the declarations in analyzer/tables.h.
#pragma once

#include <span>
#include <string>

#include "analyzer/sqlite.h"
#include "analyzer/table.h"

namespace tarry {

// A view: SQL over the tables, with its columns documented like a table's.
struct ViewInfo {
  std::string_view name;
  std::string_view doc;
  std::string_view sql;  // SELECT ...
  std::span<const ColumnInfo> columns;
};

struct TableInfo {
  std::string_view name;
  std::string_view doc;
  std::span<const ColumnInfo> columns;
  std::span<const std::string_view> indexes;
  std::string_view key = {};  // see Table
};

std::span<const TableInfo> allTables();
std::span<const ViewInfo> allViews();

// Creates all tables and views in an empty database.
void createSchema(Database& db);
// Creates the indexes; faster after the rows are in.
void createIndexes(Database& db);
// Text of docs/schema.md up to its section on SQL functions, which are query/'s.
std::string schemaMarkdown();

}  // namespace tarry
