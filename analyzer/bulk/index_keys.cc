#include "analyzer/bulk/index_keys.h"

#include <algorithm>
#include <numeric>

#include "analyzer/bulk/record.h"

namespace tarry::bulk {

void IndexKeys::writeRows(std::optional<int64_t> first, Rows& rows, IndexTree& tree) const {
  std::vector<size_t> order;
  if (!rows.sorted) {
    order.resize(rows.keys.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return rows.keys[a] < rows.keys[b]; });
  }
  RecordWriter record;
  for (size_t i = 0; i < rows.rowids.size(); i++) {
    const size_t row = rows.sorted ? i : order[i];
    record.clear();
    if (first) {
      record.integer(*first);
    } else {
      record.null();
    }
    if (columns_ == 2) record.integer(rows.keys[row]);
    record.integer(rows.rowids[row]);
    tree.append(record.record());
  }
  rows = Rows();
}

void IndexKeys::write(IndexTree& tree) {
  writeRows({}, null_, tree);
  std::vector<int64_t> firsts;
  firsts.reserve(by_first_.size());
  for (const auto& [first, rows] : by_first_) firsts.push_back(first);
  std::sort(firsts.begin(), firsts.end());
  for (const int64_t first : firsts) writeRows(first, by_first_[first], tree);
  last_ = nullptr;
}

}  // namespace tarry::bulk
