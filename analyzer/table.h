// How a table is declared: a row struct and a constexpr list of its columns. CREATE TABLE, the
// insert statement and docs/schema.md all derive from the declaration (analyzer/tables.h).
//
// A column's SQL type follows from the type of its member:
//   int64_t                    INTEGER NOT NULL (values are stored as signed 64 bit)
//   std::optional<int64_t>     INTEGER, NULL where not known
//   Label                      TEXT that lives as long as the inserter: a name of ours, or of a TextPool
//   std::string_view           TEXT, or BLOB where it is no text (isSqlText); null data() is NULL
//   std::span<const uint8_t>   BLOB
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "analyzer/sqlite.h"

namespace tarry {

// Text that stays where it is and has been checked once: a state, a kind, a system call, an interned
// string. Null data() is SQL's NULL.
struct Label {
  std::string_view text;
  bool blob = false;  // no text in SQLite's sense
  constexpr Label() = default;
  constexpr explicit Label(std::string_view t, bool is_blob = false) : text(t), blob(is_blob) {}
  constexpr explicit operator bool() const { return text.data() != nullptr; }
  friend constexpr bool operator==(const Label&, const Label&) = default;
};

using NullableInteger = std::optional<int64_t>;
using Bytes = std::span<const uint8_t>;

template <class Row>
struct Column {
  using Field = std::variant<int64_t Row::*, NullableInteger Row::*, Label Row::*, std::string_view Row::*,
                             Bytes Row::*>;
  std::string_view name;
  Field field;
  std::string_view doc;
  std::string_view constraint = {};  // e.g. "PRIMARY KEY"
};

template <class Row, size_t kColumns>
struct Table {
  std::string_view name;
  std::string_view doc;
  std::array<Column<Row>, kColumns> columns;
  // Column lists of the indexes, e.g. {"utid, ts"}; made after loading. Empty ones are ignored.
  std::array<std::string_view, 3> indexes = {};
  // Columns that are the key where no single one is; the rows are then stored in its order, which is the
  // order they must come in to be quick.
  std::string_view key = {};
  using RowType = Row;
};

// What the schema needs to know of a table, without its row type.
struct ColumnInfo {
  std::string_view name;
  std::string_view sql_type;  // INTEGER, TEXT, BLOB
  bool nullable = false;
  std::string_view constraint;
  std::string_view doc;
};

template <class Row>
constexpr ColumnInfo columnInfo(const Column<Row>& column) {
  constexpr std::array<std::string_view, 5> kTypes = {"INTEGER", "INTEGER", "TEXT", "TEXT", "BLOB"};
  return {column.name, kTypes.at(column.field.index()), column.field.index() != 0, column.constraint,
          column.doc};
}

// Of the index number `i`, from 0, of a table.
std::string indexName(std::string_view table, size_t i);

std::string insertSql(std::string_view table, std::span<const ColumnInfo> columns);

// Inserts rows of one table through one prepared statement. A value that equals the one bound for
// the row before is not bound again, which is most of them.
template <const auto& kTable>
class Inserter {
 public:
  using Row = typename std::remove_cvref_t<decltype(kTable)>::RowType;

  explicit Inserter(Database& db) : statement_(db.prepare(sql())) {}

  void insert(const Row& row) {
    bindAll(row, std::make_index_sequence<kCount>{});
    statement_.run();
  }

 private:
  static constexpr size_t kCount = kTable.columns.size();

  static std::string sql() {
    std::array<ColumnInfo, kCount> columns;
    for (size_t i = 0; i < kCount; i++) columns[i] = columnInfo(kTable.columns[i]);
    return insertSql(kTable.name, columns);
  }

  template <size_t... kIndex>
  void bindAll(const Row& row, std::index_sequence<kIndex...>) {
    (bindOne<kIndex>(row), ...);
  }

  template <size_t kIndex>
  void bindOne(const Row& row) {
    constexpr auto kField = kTable.columns[kIndex].field;
    constexpr int kParameter = static_cast<int>(kIndex) + 1;
    const auto& value = row.*std::get<kField.index()>(kField);
    Bound& bound = bound_[kIndex];
    if constexpr (kField.index() == 0) {
      bindInteger(bound, kParameter, value);
    } else if constexpr (kField.index() == 1) {
      if (value) {
        bindInteger(bound, kParameter, *value);
      } else {
        bindNothing(bound, kParameter);
      }
    } else if constexpr (kField.index() == 2) {
      if (value.text.data() == nullptr) {
        bindNothing(bound, kParameter);
      } else if (bound.kind != Bound::Kind::label || bound.text != value.text.data()) {
        if (value.blob) {
          statement_.bindBlob(kParameter,
                              {reinterpret_cast<const uint8_t*>(value.text.data()), value.text.size()});
        } else {
          statement_.bindLabel(kParameter, value.text);
        }
        bound = {Bound::Kind::label, 0, value.text.data()};
      }
    } else if constexpr (kField.index() == 3) {
      if (value.data() == nullptr) {
        bindNothing(bound, kParameter);
      } else {
        statement_.bind(kParameter, value);
        bound.kind = Bound::Kind::other;
      }
    } else {
      if (value.data() == nullptr) {
        bindNothing(bound, kParameter);
      } else {
        statement_.bindBlob(kParameter, value);
        bound.kind = Bound::Kind::other;
      }
    }
  }

  struct Bound {
    enum class Kind : uint8_t { null, integer, label, other };
    Kind kind = Kind::null;
    int64_t integer = 0;
    const char* text = nullptr;
  };

  void bindInteger(Bound& bound, int parameter, int64_t value) {
    if (bound.kind == Bound::Kind::integer && bound.integer == value) return;
    statement_.bind(parameter, value);
    bound = {Bound::Kind::integer, value, nullptr};
  }
  void bindNothing(Bound& bound, int parameter) {
    if (bound.kind == Bound::Kind::null) return;
    statement_.bindNull(parameter);
    bound.kind = Bound::Kind::null;
  }

  Statement statement_;
  std::array<Bound, kCount> bound_{};
};

}  // namespace tarry
