// JsonOut: writes one JSON document piece by piece, indented, so that a report never has to be
// built as a tree first. Keys are literals of ours; values are escaped.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

namespace tarry {

class JsonOut {
 public:
  // `out` must outlive this.
  explicit JsonOut(std::ostream& out) : out_(out) {}

  // An empty key: an element of an array, or the document itself.
  void beginObject(std::string_view key = {});
  void endObject() { end('}'); }
  void beginArray(std::string_view key = {});
  void endArray() { end(']'); }

  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, int64_t value);
  void number(std::string_view key, const std::optional<int64_t>& value);  // null without one
  void milliseconds(std::string_view key, int64_t ns);                     // with three decimals
  void truth(std::string_view key, bool value);

 private:
  void begin(std::string_view key, char bracket);
  void end(char bracket);
  void next(std::string_view key);  // comma, line, indent, key

  std::ostream& out_;
  std::vector<bool> has_members_;
};

}  // namespace tarry
