// From the ids of a trace to something about each. Writers number from 1 on, so ids index a vector;
// ids far beyond it (hostile, or behind a gap of damage) go to a hash map, so that memory follows
// the number of ids, not their values.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tarry {

template <class T>
class IdMap {
 public:
  T* find(uint32_t id) {
    if (id < dense_.size()) return dense_[id] ? &*dense_[id] : nullptr;
    if (sparse_.empty()) return nullptr;
    const auto found = sparse_.find(id);
    return found == sparse_.end() ? nullptr : &found->second;
  }
  const T* find(uint32_t id) const { return const_cast<IdMap*>(this)->find(id); }
  bool contains(uint32_t id) const { return find(id) != nullptr; }

  void set(uint32_t id, T value) {
    if (id < dense_.size()) {
      dense_[id] = std::move(value);
    } else if (id < dense_.size() + dense_.size() / 2 + 1024) {
      grow(id);
      dense_[id] = std::move(value);
    } else {
      sparse_.insert_or_assign(id, std::move(value));
    }
  }

  void clear() {
    dense_.clear();
    sparse_.clear();
  }

 private:
  // Ids that were sparse until now would be hidden by a longer vector.
  void grow(uint32_t id) {
    dense_.resize(size_t{id} + 1);
    if (sparse_.empty()) return;
    for (auto it = sparse_.begin(); it != sparse_.end();) {
      if (it->first < dense_.size()) {
        dense_[it->first] = std::move(it->second);
        it = sparse_.erase(it);
      } else {
        ++it;
      }
    }
  }

  std::vector<std::optional<T>> dense_;
  std::unordered_map<uint32_t, T> sparse_;
};

struct Known {};
using IdSet = IdMap<Known>;

}  // namespace tarry
