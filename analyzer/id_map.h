// From an id of the trace to a small number of ours. Ids are nearly dense, so a vector serves them;
// those of a hostile trace, far apart, go to a hash map instead of taking memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "format/ids.h"

namespace tarry::analysis {

template <class IdType, class Value = uint32_t>
class IdMap {
 public:
  // Value{} where the id is not known.
  Value get(IdType id) const {
    if (id.value < dense_.size()) return dense_[id.value];
    if (id.value < kDenseLimit) return Value{};
    const auto found = sparse_.find(id.value);
    return found != sparse_.end() ? found->second : Value{};
  }

  void set(IdType id, Value value) {
    if (id.value >= kDenseLimit) {
      sparse_[id.value] = value;
      return;
    }
    if (id.value >= dense_.size()) {
      dense_.resize(std::min<size_t>(kDenseLimit, static_cast<size_t>(id.value) + id.value / 2 + 64));
    }
    dense_[id.value] = value;
  }

 private:
  static constexpr uint32_t kDenseLimit = 1U << 22;
  std::vector<Value> dense_;
  std::unordered_map<uint32_t, Value> sparse_;
};

}  // namespace tarry::analysis
