// runSql: one or more SQL statements, rows to a RowWriter. Shared by `query`, its shell and `reports`.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <string_view>

#include "query/render/rows.h"

namespace tarry {

class Database;

// Prepares a connection for the user's SQL: tarry's functions, nothing can be written, no other
// database can be attached.
void guardForQueries(Database& db);

// Results of several statements are separated by an empty line; in JSON they are
// one array with an array for each, where a single statement gives just its array of rows. BLOBs are {"hex":
// "…"} there. A statement without columns prints nothing. Ctrl-C ends a running statement. Throws UsageError
// with SQLite's message for SQL that does not compile or run.
void runSql(Database& db, std::string_view sql, RowFormat format, const TextStyle& style, std::ostream& out);

// Replaces :name outside of strings and comments by the value as an SQL literal. Throws UsageError
// for a name without a value.
std::string withParameters(std::string_view sql, const std::map<std::string, std::string>& values);

}  // namespace tarry
