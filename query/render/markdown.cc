#include "query/render/markdown.h"

#include <algorithm>

namespace tarry {

std::string markdownText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '\\' || c == '<' || c == '*' || c == '_' || c == '`') out += '\\';
    out += c;
  }
  return out;
}

std::string markdownCode(std::string_view text) {
  // The fence is longer than every run of backticks inside.
  size_t longest = 0, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  const std::string_view space = longest > 0 ? " " : "";
  return fence + std::string(space) + std::string(text) + std::string(space) + fence;
}

}  // namespace tarry
