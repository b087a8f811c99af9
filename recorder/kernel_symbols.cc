#include "recorder/kernel_symbols.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

namespace tarry {

namespace {

std::string readWhole(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

KernelSymbols::KernelSymbols() : text_(readWhole("/proc/kallsyms")) {
  parse();
}

KernelSymbols::KernelSymbols(std::string text) : text_(std::move(text)) {
  parse();
}

// A line: "ffffffff81000000 T name" or "… t name\t[module]".
void KernelSymbols::parse() {
  const std::string_view text = text_;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    Entry entry{};
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), entry.address, 16);
    const auto number_size = static_cast<size_t>(rest - line.data());
    if (error == std::errc() && entry.address != 0 && line.size() > number_size + 3 &&
        (line[number_size + 1] == 't' || line[number_size + 1] == 'T' || line[number_size + 1] == 'W' ||
         line[number_size + 1] == 'w')) {
      const size_t name = number_size + 3;
      const size_t name_end = std::min(line.find_first_of("\t ", name), line.size());
      entry.name_at = static_cast<uint32_t>(at + name);
      entry.name_size = static_cast<uint32_t>(name_end - name);
      const size_t open = line.find('[', name_end);
      if (open != std::string_view::npos && line.back() == ']') {
        entry.module_at = static_cast<uint32_t>(at + open + 1);
        entry.module_size = static_cast<uint32_t>(line.size() - open - 2);
      }
      entries_.push_back(entry);
    }
    at = end + 1;
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.address < b.address; });
}

KernelSymbols::Symbol KernelSymbols::find(uint64_t address) const {
  const auto after =
      std::upper_bound(entries_.begin(), entries_.end(), address,
                       [](uint64_t value, const Entry& entry) { return value < entry.address; });
  if (after == entries_.begin()) return {};
  const Entry& entry = *std::prev(after);
  const std::string_view text = text_;
  Symbol symbol;
  symbol.name = text.substr(entry.name_at, entry.name_size);
  symbol.module = entry.module_size == 0 ? "kernel" : text.substr(entry.module_at, entry.module_size);
  symbol.offset = address - entry.address;
  return symbol;
}

}  // namespace tarry
