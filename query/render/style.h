// How text output looks: colour, width, branches. Decided once per output, by the command line.
#pragma once

#include <string>
#include <string_view>

namespace tarry {

struct TextStyle {
  bool color = false;
  int width = 0;  // columns of the terminal; 0: no limit, nothing is cut
};

// What a report that lays itself out to a width aims at: the terminal's, otherwise one that most
// windows and mails take.
inline constexpr int kUsualWidth = 120;
inline int layoutWidth(const TextStyle& style) {
  return style.width > 0 ? style.width : kUsualWidth;
}

// Colour only if `fd` is a terminal, NO_COLOR (no-color.org) is not set and TERM is not "dumb";
// width only if it is a terminal.
TextStyle styleOf(int fd);

enum class Ink { plain, bold, dim, red, green, yellow, cyan };

// `text` in ANSI colours if the style has them.
std::string inked(const TextStyle& style, Ink ink, std::string_view text);

}  // namespace tarry
