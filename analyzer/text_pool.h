// Interns the texts that go into many rows: each is stored and checked for UTF-8 once, so that an
// inserter can bind it by pointer. Labels live as long as the pool.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/table.h"
#include "format/ids.h"

namespace tarry::analysis {

class TextPool {
 public:
  // `lookup` gives the text of a string of the trace, "" for none.
  using Lookup = std::function<std::string_view(StringId)>;
  explicit TextPool(Lookup lookup) : lookup_(std::move(lookup)) {}

  // The text of a string of the trace. Null label for none.
  Label of(StringId id);
  std::string_view text(StringId id) const { return id ? lookup_(id) : std::string_view(); }
  Label intern(std::string_view text);

 private:
  Lookup lookup_;
  std::deque<std::string> storage_;
  std::unordered_map<std::string_view, Label> labels_;
  std::unordered_map<StringId, Label> by_id_;
};

}  // namespace tarry::analysis
