#include "query/net/http_body.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <optional>

#include "analyzer/net/http_text.h"
#include "format/errors.h"

namespace tarry {
namespace {

using Query = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

// Null where a table is not there: databases of other versions.
Query prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK)
    statement = nullptr;
  return {statement, sqlite3_finalize};
}

std::string_view bytesOf(sqlite3_stmt* row, int column) {
  const void* data = sqlite3_column_blob(row, column);
  const int size = sqlite3_column_bytes(row, column);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
}

bool step(sqlite3* db, sqlite3_stmt* statement) {
  const int result = sqlite3_step(statement);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) throw TraceError(fmt::format("cannot read a body: {}", sqlite3_errmsg(db)));
  return false;
}

}  // namespace

std::string_view httpPartName(HttpPart part) {
  return part == HttpPart::request ? "request" : "response";
}

HttpBody readHttpBody(sqlite3* db, int64_t http_id, HttpPart part, size_t most_bytes) {
  HttpBody body;
  const std::string name(httpPartName(part));
  const Query head =
      prepare(db, fmt::format("SELECT {0}_complete, {0}_headers, {0}_bytes FROM http WHERE id = ?1", name));
  if (head == nullptr) return body;
  sqlite3_bind_int64(head.get(), 1, http_id);
  if (!step(db, head.get())) return body;
  body.complete = sqlite3_column_int64(head.get(), 0) != 0;
  const std::string headers(bytesOf(head.get(), 1));
  const bool counted = sqlite3_column_type(head.get(), 2) == SQLITE_INTEGER;
  const auto size = static_cast<uint64_t>(sqlite3_column_int64(head.get(), 2));
  body.coding =
      analysis::findHeader(analysis::headerFields(headers), "content-encoding").value_or(std::string_view());
  const Query extents = prepare(db,
                                "SELECT source, source_id, offset, length FROM http_body WHERE http_id = ?1 "
                                "AND part = ?2 ORDER BY seq");
  if (extents == nullptr) return body;
  sqlite3_bind_int64(extents.get(), 1, http_id);
  sqlite3_bind_text(extents.get(), 2, name.c_str(), static_cast<int>(name.size()), SQLITE_STATIC);
  Query payload = prepare(db, "SELECT data FROM payload WHERE id = ?1");
  Query plaintext = prepare(db, "SELECT data FROM plaintext WHERE id = ?1");
  while (step(db, extents.get())) {
    sqlite3_stmt* source = (bytesOf(extents.get(), 0) == "plaintext" ? plaintext : payload).get();
    const int64_t offset = sqlite3_column_int64(extents.get(), 2);
    const int64_t length = sqlite3_column_int64(extents.get(), 3);
    if (source != nullptr) {
      sqlite3_reset(source);
      sqlite3_bind_int64(source, 1, sqlite3_column_int64(extents.get(), 1));
    }
    if (source == nullptr || !step(db, source)) {
      body.complete = body.readable = false;
      continue;
    }
    const std::string_view data = bytesOf(source, 0);
    const bool inside = offset >= 0 && length >= 0 && static_cast<uint64_t>(offset) <= data.size() &&
                        static_cast<uint64_t>(length) <= data.size() - static_cast<uint64_t>(offset);
    if (!inside || static_cast<uint64_t>(length) > most_bytes - body.transferred.size()) {
      body.complete = false;
      if (inside) break;
      continue;
    }
    body.transferred += data.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
  }
  // The trace may have more than was loaded into the tables.
  if (body.complete && counted && body.transferred.size() != size) body.complete = body.readable = false;
  return body;
}

}  // namespace tarry
