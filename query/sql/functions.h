// SQL functions that tarry adds to a database connection, for queries and reports. They are declared in
// one place (functions.cc); docs/schema.md and `.help` derive from that.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tarry {

class Database;

enum class SqlFunctionKind { scalar, aggregate, table };

struct SqlFunction {
  std::string_view name;
  std::string_view parameters;  // "x, p"
  SqlFunctionKind kind;
  std::string_view doc;  // what it gives; of a table its columns too
};

std::span<const SqlFunction> sqlFunctions();
// The section of docs/schema.md about them.
std::string sqlFunctionsMarkdown();

// Throws TraceError if SQLite refuses. The functions live as long as the connection.
void registerFunctions(Database& db);

}  // namespace tarry
