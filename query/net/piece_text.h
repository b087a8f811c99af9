// How the bytes of a piece are shown to people: as lines, or as a dump, with the matches in colour. Safe for
// a terminal; long lines and long pieces are cut around the first match, and it says so.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "query/net/flow_search.h"
#include "query/render/style.h"

namespace tarry {

struct PieceTextOptions {
  TextStyle style = {};
  bool whole = false;  // nothing is cut
};

void writeLines(const FlowText& text, const PieceTextOptions& options, std::ostream& out);
// As xxd: offset from the piece's first byte, 16 bytes, their characters. What is from the pieces before has
// negative offsets.
void writeHex(const FlowText& text, const PieceTextOptions& options, std::ostream& out);

// On one line: "GET / HTTP/1.1\r\nHost: a\r\n", at most some hundred columns.
std::string escapedLine(std::string_view bytes);

}  // namespace tarry
