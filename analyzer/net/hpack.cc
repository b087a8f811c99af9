#include "analyzer/net/hpack.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <string_view>

namespace tarry::analysis {
namespace {

constexpr uint32_t kLargestTable = 1U << 20U;
constexpr size_t kMostText = 65'536;

std::string_view textOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A line's end within a value would make two fields of it.
void addClean(std::string& text, std::string_view part) {
  for (const char c : part) text += c == '\r' || c == '\n' ? ' ' : c;
}

void add(HeaderSet& set, std::string_view name, std::string_view value) {
  const size_t size = set.fields.size() + set.path.size() + set.authority.size() + set.method.size() +
                      set.scheme.size() + set.status.size();
  if (size + name.size() + value.size() > kMostText) {
    set.whole = false;
    return;
  }
  std::string* pseudo = nullptr;
  if (name == ":method") pseudo = &set.method;
  else if (name == ":scheme") pseudo = &set.scheme;
  else if (name == ":authority") pseudo = &set.authority;
  else if (name == ":path") pseudo = &set.path;
  else if (name == ":status") pseudo = &set.status;
  if (pseudo != nullptr) {
    if (pseudo->empty()) *pseudo = value;
    return;
  }
  addClean(set.fields, name);
  set.fields += ": ";
  addClean(set.fields, value);
  set.fields += "\r\n";
}

}  // namespace

void HeaderInflater::Free::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

bool HeaderInflater::prepare() {
  if (failed_) return false;
  if (inflater_ != nullptr) return true;
  nghttp2_hd_inflater* made = nullptr;
  failed_ = nghttp2_hd_inflate_new(&made) != 0;
  inflater_.reset(made);
  return !failed_;
}

void HeaderInflater::tableSize(uint32_t bytes) {
  if (!prepare()) return;
  failed_ = nghttp2_hd_inflate_change_table_size(inflater_.get(), std::min(bytes, kLargestTable)) != 0;
}

bool HeaderInflater::inflate(std::span<const uint8_t> block, HeaderSet& into) {
  if (!prepare()) return false;
  while (true) {
    nghttp2_nv field{};
    int flags = NGHTTP2_HD_INFLATE_NONE;
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, block.data(), block.size(), /*in_final=*/1);
    if (used < 0) {
      failed_ = true;
      return false;
    }
    block = block.subspan(static_cast<size_t>(used));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
      add(into, textOf(field.name, field.namelen), textOf(field.value, field.valuelen));
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && block.empty()) {
      failed_ = true;
      return false;
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return true;
}

}  // namespace tarry::analysis
