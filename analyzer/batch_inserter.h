// Inserts many rows of one table: collects a batch and lets SQLite read it as a virtual table, in one
// INSERT ... SELECT. A quarter cheaper than a statement a row (analyzer/table.h's Inserter), whose start
// and end cost SQLite as much as the row.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/sqlite.h"
#include "analyzer/table.h"

struct sqlite3_context;

namespace tarry {

// Where a value of a row goes; nothing set is NULL. Text and blobs must live until the row is stored.
class ResultColumn {
 public:
  explicit ResultColumn(sqlite3_context* context) : context_(context) {}
  void integer(int64_t value);
  void text(std::string_view text);  // known to be text
  void blob(const void* data, size_t size);

 private:
  sqlite3_context* context_;
};

// Rows that SQLite can read.
class RowBatch {
 public:
  RowBatch() = default;
  virtual ~RowBatch() = default;
  RowBatch(const RowBatch&) = delete;
  RowBatch& operator=(const RowBatch&) = delete;
  virtual size_t size() const = 0;
  virtual void column(size_t row, size_t column, ResultColumn result) const = 0;
};

// A batch as a temporary virtual table, as long as this lives, and the statement that copies it.
class BatchCopy {
 public:
  // `batch` and `db` must outlive it.
  BatchCopy(Database& db, std::string_view table, std::span<const ColumnInfo> columns, RowBatch& batch);
  ~BatchCopy();
  BatchCopy(const BatchCopy&) = delete;
  BatchCopy& operator=(const BatchCopy&) = delete;
  void run() { copy_.run(); }

 private:
  Database& db_;
  std::string name_;
  Statement copy_;
};

template <const auto& kTable>
class BatchInserter : private RowBatch {
 public:
  using Row = typename std::remove_cvref_t<decltype(kTable)>::RowType;

  explicit BatchInserter(Database& db) : copy_(db, kTable.name, columnInfos(), *this) {
    rows_.reserve(kRows);
  }

  // Labels must live as long as the inserter; other text is copied.
  void insert(const Row& row) {
    rows_.push_back(row);
    keepTexts(rows_.back(), std::make_index_sequence<kCount>{});
    if (rows_.size() == kRows) flush();
  }
  // To be called at the end.
  void flush() {
    if (rows_.empty()) return;
    copy_.run();
    rows_.clear();
    texts_used_ = 0;
  }

 private:
  static constexpr size_t kCount = kTable.columns.size();
  static constexpr size_t kRows = 256;  // with their texts they stay in the processor's cache

  static const std::array<ColumnInfo, kCount>& columnInfos() {
    static const auto infos = [] {
      std::array<ColumnInfo, kCount> result;
      for (size_t i = 0; i < kCount; i++) result[i] = columnInfo(kTable.columns[i]);
      return result;
    }();
    return infos;
  }

  template <size_t... kIndex>
  void keepTexts(Row& row, std::index_sequence<kIndex...>) {
    (keepText<kIndex>(row), ...);
  }
  template <size_t kIndex>
  void keepText(Row& row) {
    constexpr auto kField = kTable.columns[kIndex].field;
    static_assert(kField.index() != 4, "rows with blobs go through Inserter");
    if constexpr (kField.index() == 3) {
      std::string_view& text = row.*std::get<3>(kField);
      if (text.data() == nullptr) return;
      if (texts_used_ == texts_.size()) texts_.emplace_back();
      std::string& kept = texts_[texts_used_++];
      kept.assign(text);
      text = kept;
    }
  }

  size_t size() const override { return rows_.size(); }
  void column(size_t row, size_t column, ResultColumn result) const override {
    static constexpr auto kGivers = givers(std::make_index_sequence<kCount>{});
    kGivers[column](rows_[row], result);
  }

  using Giver = void (*)(const Row&, ResultColumn&);
  template <size_t... kIndex>
  static constexpr std::array<Giver, kCount> givers(std::index_sequence<kIndex...>) {
    return {&give<kIndex>...};
  }
  template <size_t kIndex>
  static void give(const Row& row, ResultColumn& result) {
    constexpr auto kField = kTable.columns[kIndex].field;
    const auto& value = row.*std::get<kField.index()>(kField);
    if constexpr (kField.index() == 0) {
      result.integer(value);
    } else if constexpr (kField.index() == 1) {
      if (value) result.integer(*value);
    } else if constexpr (kField.index() == 2) {
      if (value.text.data() == nullptr) return;
      if (value.blob) {
        result.blob(value.text.data(), value.text.size());
      } else {
        result.text(value.text);
      }
    } else if (value.data() != nullptr) {
      if (isSqlText(value)) {
        result.text(value);
      } else {
        result.blob(value.data(), value.size());
      }
    }
  }

  std::vector<Row> rows_;
  std::deque<std::string> texts_;  // reused by the next batch
  size_t texts_used_ = 0;
  BatchCopy copy_;
};

}  // namespace tarry
