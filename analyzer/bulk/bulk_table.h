// BulkTable: the rows of one large table, straight into the pages of a DatabaseImage, with its indexes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "analyzer/bulk/image.h"
#include "analyzer/bulk/index_keys.h"
#include "analyzer/bulk/record.h"
#include "analyzer/bulk/tree.h"
#include "analyzer/table.h"

namespace tarry::bulk {

// Rows must come in the order of the primary key, which is a column of integers or the table's `key`; without
// one they are numbered. Indexes are on one or two columns of integers, the second never NULL.
template <const auto& kTable>
class BulkTable {
 public:
  using Row = typename std::remove_cvref_t<decltype(kTable)>::RowType;

  // `image` must outlive it. Indexes that the schema did not make are left out.
  explicit BulkTable(DatabaseImage& image) : image_(image), tree_(image.pages(), image.root(kTable.name)) {
    for (size_t i = 0; i < kIndexes; i++) {
      const uint32_t root = image.root(indexName(kTable.name, i));
      if (root != 0) indexes_[i].emplace(Index{root, IndexKeys(kIndexColumns[i].second == kNone ? 1 : 2)});
    }
  }

  void insert(const Row& row) {
    record_.clear();
    put(row, std::make_index_sequence<kCount>{});
    if constexpr (kHasKey) {
      tree_.append(record_.record());
    } else {
      if constexpr (kRowId == kNone) rowid_++;
      else rowid_ = row.*std::get<0>(kTable.columns[kRowId].field);
      tree_.append(rowid_, record_.record());
      keep(row, std::make_index_sequence<kIndexes>{});
    }
  }
  // Once, at the end.
  void finish() {
    tree_.finish();
    for (std::optional<Index>& index : indexes_) {
      if (!index) continue;
      IndexTree tree(image_.pages(), index->root);
      index->keys.write(tree);
      tree.finish();
      index.reset();
    }
  }

 private:
  static constexpr size_t kCount = kTable.columns.size();
  static constexpr size_t kNone = SIZE_MAX;
  static constexpr bool kHasKey = !kTable.key.empty();
  static_assert(kCount <= RecordWriter::kMaxColumns);

  static constexpr size_t kRowId = [] {
    for (size_t i = 0; i < kCount; i++)
      if (!kTable.columns[i].constraint.empty()) return i;
    return kNone;
  }();
  static_assert(kRowId == kNone || kTable.columns[kRowId].field.index() == 0);

  static constexpr size_t kIndexes = [] {
    size_t count = 0;
    while (count < kTable.indexes.size() && !kTable.indexes[count].empty()) count++;
    return count;
  }();
  static_assert(!kHasKey || kIndexes == 0);

  static constexpr size_t columnOf(std::string_view name) {
    for (size_t i = 0; i < kCount; i++)
      if (kTable.columns[i].name == name) return i;
    throw "no such column";  // the compiler says so
  }
  static constexpr std::array<std::pair<size_t, size_t>, kIndexes> kIndexColumns = [] {
    std::array<std::pair<size_t, size_t>, kIndexes> columns{};
    for (size_t i = 0; i < kIndexes; i++) {
      const std::string_view list = kTable.indexes[i];
      const size_t comma = list.find(", ");
      columns[i].first = columnOf(list.substr(0, comma));
      columns[i].second = comma == list.npos ? kNone : columnOf(list.substr(comma + 2));
    }
    return columns;
  }();

  using Tree = std::conditional_t<kHasKey, IndexTree, TableTree>;
  struct Index {
    uint32_t root;
    IndexKeys keys;
  };

  template <size_t... kIndex>
  void put(const Row& row, std::index_sequence<kIndex...>) {
    (putOne<kIndex>(row), ...);
  }
  template <size_t kIndex>
  void putOne(const Row& row) {
    constexpr auto kField = kTable.columns[kIndex].field;
    const auto& value = row.*std::get<kField.index()>(kField);
    if constexpr (kIndex == kRowId) {
      record_.null();  // it is the rowid
    } else if constexpr (kField.index() == 0) {
      record_.integer(value);
    } else if constexpr (kField.index() == 1) {
      if (value) record_.integer(*value);
      else record_.null();
    } else if constexpr (kField.index() == 2) {
      putBytes(value.text.data(), value.text.size(), !value.blob);
    } else if constexpr (kField.index() == 3) {
      putBytes(value.data(), value.size(), isSqlText(value));
    } else {
      putBytes(value.data(), value.size(), false);
    }
  }
  void putBytes(const void* data, size_t size, bool text) {
    if (data == nullptr) record_.null();
    else if (text) record_.text({static_cast<const char*>(data), size});
    else record_.blob(data, size);
  }

  template <size_t... kIndex>
  void keep(const Row& row, std::index_sequence<kIndex...>) {
    (keepOne<kIndex>(row), ...);
  }
  template <size_t kIndex>
  void keepOne(const Row& row) {
    if (!indexes_[kIndex]) return;
    constexpr auto kColumns = kIndexColumns[kIndex];
    int64_t second = 0;
    if constexpr (kColumns.second != kNone) second = row.*std::get<0>(kTable.columns[kColumns.second].field);
    constexpr auto kFirst = kTable.columns[kColumns.first].field;
    indexes_[kIndex]->keys.add(row.*std::get<kFirst.index()>(kFirst), second, rowid_);
  }

  DatabaseImage& image_;
  Tree tree_;
  RecordWriter record_;
  int64_t rowid_ = 0;
  std::array<std::optional<Index>, kIndexes> indexes_;
};

}  // namespace tarry::bulk
