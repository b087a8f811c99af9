// The keys of an index while its table is written: one or two integers a row, sorted at the end. Rows come
// in the order of time and the second column is mostly one that grows, so that there is little to sort.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyzer/bulk/tree.h"

namespace tarry::bulk {

class IndexKeys {
 public:
  // An index of one or two columns.
  explicit IndexKeys(size_t columns) : columns_(columns) {}

  // Rowids must increase. `second` only where there are two columns.
  void add(std::optional<int64_t> first, int64_t second, int64_t rowid) {
    Rows& rows = first ? of(*first) : null_;
    if (columns_ == 2) {
      rows.sorted = rows.sorted && (rows.keys.empty() || rows.keys.back() <= second);
      rows.keys.push_back(second);
    }
    rows.rowids.push_back(rowid);
  }
  // Appends all of them to `tree`, which is empty.
  void write(IndexTree& tree);

 private:
  // Of one value of the first column.
  struct Rows {
    std::vector<int64_t> keys;
    std::vector<int64_t> rowids;
    bool sorted = true;
  };
  Rows& of(int64_t first) {
    if (last_ == nullptr || first != last_first_) {
      last_ = &by_first_[first];
      last_first_ = first;
    }
    return *last_;
  }
  void writeRows(std::optional<int64_t> first, Rows& rows, IndexTree& tree) const;

  size_t columns_;
  std::unordered_map<int64_t, Rows> by_first_;
  Rows null_;
  Rows* last_ = nullptr;
  int64_t last_first_ = 0;
};

}  // namespace tarry::bulk
