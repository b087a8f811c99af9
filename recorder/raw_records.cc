#include "recorder/raw_records.h"

#include <algorithm>
#include <cstring>

namespace tarry {

void appendRecord(std::vector<uint8_t>& out, std::span<const uint8_t> record) {
  constexpr size_t kHeaderBytes = 8;
  const auto length = static_cast<uint32_t>(record.size());
  const size_t at = out.size();
  out.resize(at + ((kHeaderBytes + record.size() + 7) & ~size_t{7}));
  std::memcpy(out.data() + at, &length, sizeof(length));
  std::copy(record.begin(), record.end(), out.begin() + static_cast<ptrdiff_t>(at + kHeaderBytes));
}

}  // namespace tarry
