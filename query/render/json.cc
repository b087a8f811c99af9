#include "query/render/json.h"

#include <fmt/format.h>

#include <string>

#include "format/readable.h"

namespace tarry {

void JsonOut::next(std::string_view key) {
  if (!has_members_.empty()) {
    out_ << (has_members_.back() ? ",\n" : "\n");
    has_members_.back() = true;
    out_ << std::string(has_members_.size() * 2, ' ');
  }
  if (!key.empty()) out_ << jsonString(key) << ": ";
}

void JsonOut::begin(std::string_view key, char bracket) {
  next(key);
  out_ << bracket;
  has_members_.push_back(false);
}

void JsonOut::end(char bracket) {
  const bool had_members = has_members_.back();
  has_members_.pop_back();
  if (had_members) out_ << '\n' << std::string(has_members_.size() * 2, ' ');
  out_ << bracket;
  if (has_members_.empty()) out_ << '\n';
}

void JsonOut::beginObject(std::string_view key) {
  begin(key, '{');
}
void JsonOut::beginArray(std::string_view key) {
  begin(key, '[');
}

void JsonOut::text(std::string_view key, std::string_view value) {
  next(key);
  out_ << jsonString(value);
}

void JsonOut::number(std::string_view key, int64_t value) {
  next(key);
  out_ << value;
}

void JsonOut::number(std::string_view key, const std::optional<int64_t>& value) {
  next(key);
  if (value) out_ << *value;
  else out_ << "null";
}

void JsonOut::milliseconds(std::string_view key, int64_t ns) {
  next(key);
  out_ << fmt::format("{:.3f}", static_cast<double>(ns) / 1e6);
}

void JsonOut::truth(std::string_view key, bool value) {
  next(key);
  out_ << (value ? "true" : "false");
}

}  // namespace tarry
