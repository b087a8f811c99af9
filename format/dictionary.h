// Dictionaries of column blocks: what rows have in common is listed once, and a column holds indexes.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "format/int_column.h"

namespace tarry {

// A dictionary that a writer fills: from a value to its index in order of first use.
template <class Value>
class Dictionary {
 public:
  uint32_t indexOf(const Value& value) {
    const auto [found, is_new] = index_.try_emplace(value, static_cast<uint32_t>(values_.size()));
    if (is_new) values_.push_back(value);
    return found->second;
  }
  const std::vector<Value>& values() const { return values_; }

 private:
  std::map<Value, uint32_t> index_;
  std::vector<Value> values_;
};

// Throws BadBlock unless every value of the column is an index of a dictionary with `limit` entries.
inline void checkIndexes(const IntColumn& column, size_t limit) {
  for (uint64_t index : column) {
    if (unzigzag(index) >= limit) throw BadBlock("a row of a thread or kind that is not listed");
  }
}

}  // namespace tarry
