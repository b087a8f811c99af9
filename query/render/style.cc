#include "query/render/style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace tarry {

TextStyle styleOf(int fd) {
  TextStyle style;
  if (::isatty(fd) == 0) return style;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  style.color =
      (no_color == nullptr || *no_color == '\0') && term != nullptr && std::string_view(term) != "dumb";
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  return style;
}

namespace {

std::string_view ansi(Ink ink) {
  switch (ink) {
    case Ink::plain: return "";
    case Ink::bold: return "\033[1m";
    case Ink::dim: return "\033[2m";
    case Ink::red: return "\033[31m";
    case Ink::green: return "\033[32m";
    case Ink::yellow: return "\033[33m";
    case Ink::cyan: return "\033[36m";
  }
  return "";
}

}  // namespace

std::string inked(const TextStyle& style, Ink ink, std::string_view text) {
  if (!style.color || ink == Ink::plain || text.empty()) return std::string(text);
  std::string out(ansi(ink));
  out += text;
  out += "\033[0m";
  return out;
}

}  // namespace tarry
