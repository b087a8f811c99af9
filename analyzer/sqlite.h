// SQLite behind RAII: Database and Statement. SQLite's codes become TraceError (files) or
// UsageError (the user's SQL) here and go no further. Not thread-safe: one thread a Database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace tarry {

// True for what SQLite takes as TEXT: valid UTF-8 without NUL.
bool isSqlText(std::string_view text);

class Statement {
 public:
  Statement() = default;
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  // Parameters are counted from 1. Text and blobs must live until the next step().
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, int value) { return bind(index, static_cast<int64_t>(value)); }
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);       // BLOB where it is not valid UTF-8
  Statement& bindLabel(int index, std::string_view text);  // the same, known to be UTF-8 without NUL
  Statement& bindBlob(int index, std::span<const uint8_t> bytes);
  Statement& bindNull(int index);

  // False for what prepare() makes of blanks and comments: nothing to step.
  bool valid() const { return statement_ != nullptr; }

  bool step();  // true: a row; false: done
  void run();   // step to the end, reset
  void reset();

  // Columns are counted from 0.
  int columnCount() const;
  std::string_view columnName(int column) const;
  bool isNull(int column) const;
  int type(int column) const;  // SQLITE_INTEGER …
  int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  // valid until the next step()
  std::span<const uint8_t> blob(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  // ":memory:" or a file; `read_only` opens an existing one.
  explicit Database(const std::string& path = ":memory:", bool read_only = false);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  void execute(std::string_view sql);  // several statements
  // Throws UsageError with SQLite's message for SQL that does not compile.
  // `tail`, where given, gets what follows the first statement.
  Statement prepare(std::string_view sql, std::string_view* tail = nullptr);
  sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace tarry
