// Text for Markdown: what came from a trace must not become markup.
#pragma once

#include <string>
#include <string_view>

namespace tarry {

// For running text and table cells.
std::string markdownText(std::string_view text);
// A code span, whatever is in it (CommonMark 0.31, 6.1). Not for table cells, where '|' would end it.
std::string markdownCode(std::string_view text);

}  // namespace tarry
