#include "analyzer/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "format/errors.h"

namespace tarry {

// SQLite's own text functions trust TEXT to be UTF-8 and end at a NUL: anything else is a BLOB.
bool isSqlText(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    const unsigned char c = *p;
    if (c == 0) return false;
    if (c < 0x80) {
      p++;
      continue;
    }
    int more = 0;
    uint32_t code = 0;
    if (c >= 0xc2 && c <= 0xdf) {
      more = 1;
      code = c & 0x1fU;
    } else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      code = c & 0x0fU;
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      code = c & 0x07U;
    } else {
      return false;
    }
    if (end - p <= more) return false;
    for (int i = 1; i <= more; i++) {
      if ((p[i] & 0xc0U) != 0x80U) return false;
      code = (code << 6U) | (p[i] & 0x3fU);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (overlong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return false;
    p += more + 1;
  }
  return true;
}

namespace {

[[noreturn]] void fail(sqlite3* db, std::string_view doing) {
  const std::string why = db != nullptr ? sqlite3_errmsg(db) : "out of memory";
  const int code = db != nullptr ? sqlite3_errcode(db) : SQLITE_NOMEM;
  const std::string message = std::string(doing) + ": " + why;
  // What the file system or the file is to blame for; anything else is in the user's SQL.
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw TraceError("cannot write the database: No space left on device (is there room for it?)");
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL: throw TraceError(message);
    default: throw UsageError(message);
  }
}

}  // namespace

Statement::Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

Statement& Statement::bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
  return *this;
}

Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_, index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  if (isSqlText(text)) return bindLabel(index, text);
  return bindBlob(index, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

Statement& Statement::bindLabel(int index, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bindBlob(int index, std::span<const uint8_t> bytes) {
  const uint8_t empty = 0;
  if (bytes.empty()) {
    sqlite3_bind_blob64(statement_, index, &empty, 0, SQLITE_TRANSIENT);
  } else {
    sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::bindNull(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(statement_), "SQL failed");
}

void Statement::run() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    while (step()) {
    }
  } else if (code != SQLITE_DONE) {
    fail(sqlite3_db_handle(statement_), "SQL failed");
  }
  sqlite3_reset(statement_);
}

void Statement::reset() {
  sqlite3_reset(statement_);
}

int Statement::columnCount() const {
  return sqlite3_column_count(statement_);
}

std::string_view Statement::columnName(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name != nullptr ? std::string_view(name) : std::string_view();
}

bool Statement::isNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int Statement::type(int column) const {
  return sqlite3_column_type(statement_, column);
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const uint8_t> Statement::blob(int column) const {
  const auto* bytes = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

Database::Database(const std::string& path, bool read_only) {
  // Statistics of every allocation under a lock: nobody asks for them. Without effect once SQLite is in use.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  const int flags =
      (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK) {
    const std::string why = db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory";
    sqlite3_close_v2(db_);
    db_ = nullptr;
    throw TraceError("cannot open " + path + ": " + why);
  }
}

Database::~Database() {
  sqlite3_close_v2(db_);
}

Database::Database(Database&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(db_, other.db_);
  return *this;
}

void Database::execute(std::string_view sql) {
  while (!sql.empty()) {
    std::string_view tail;
    Statement statement = prepare(sql, &tail);
    if (statement.valid()) statement.run();
    sql = tail;
  }
}

Statement Database::prepare(std::string_view sql, std::string_view* tail) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, &rest) != SQLITE_OK) {
    fail(db_, "SQL");
  }
  if (tail != nullptr) {
    *tail = sql.substr(static_cast<size_t>(rest - sql.data()));
  }
  return Statement(statement);
}

}  // namespace tarry
