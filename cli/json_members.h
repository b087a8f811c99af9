// JSON of the verbs that must do without query/ (info, check, doctor): one line, built from the inside out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "format/readable.h"

namespace tarry::cli {

// Members of an object or a list, with commas where they belong.
class Members {
 public:
  Members& number(std::string_view key, int64_t value) { return raw(key, std::to_string(value)); }
  Members& count(std::string_view key, uint64_t value) { return raw(key, std::to_string(value)); }
  Members& text(std::string_view key, std::string_view value) { return raw(key, jsonString(value)); }
  Members& truth(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Members& null(std::string_view key) { return raw(key, "null"); }
  // `key` empty: an element of a list.
  Members& raw(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ", ";
    if (!key.empty()) text_ += jsonString(key) + ": ";
    text_ += value;
    return *this;
  }
  std::string object() const { return "{" + text_ + "}"; }
  std::string list() const { return "[" + text_ + "]"; }

 private:
  std::string text_;
};

}  // namespace tarry::cli
