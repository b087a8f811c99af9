#include "analyzer/text_pool.h"

namespace tarry::analysis {

Label TextPool::of(StringId id) {
  if (!id) return {};
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) return found->second;
  const std::string_view text = lookup_(id);
  const Label label = text.empty() ? Label() : intern(text);
  by_id_.emplace(id, label);
  return label;
}

Label TextPool::intern(std::string_view text) {
  const auto found = labels_.find(text);
  if (found != labels_.end()) return found->second;
  const std::string& stored = storage_.emplace_back(text);
  const Label label(stored, !isSqlText(stored));
  labels_.emplace(label.text, label);
  return label;
}

}  // namespace tarry::analysis
