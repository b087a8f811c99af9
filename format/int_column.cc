#include "format/int_column.h"

#include <algorithm>
#include <bit>

namespace tarry {

bool isZero(const IntColumn& column) {
  for (uint64_t value : column) {
    if (value != 0) return false;
  }
  return true;
}

void putPlanes(const IntColumn& column, schema::Ints::Builder out) {
  uint64_t all_bits = 0;
  for (uint64_t value : column) all_bits |= value;
  const auto planes = static_cast<unsigned>((std::bit_width(all_bits) + 7) / 8);
  auto list = out.initPlanes(planes);
  for (unsigned k = 0; k < planes; ++k) {
    auto plane = list.init(k, static_cast<unsigned>(column.size()));
    for (size_t i = 0; i < column.size(); ++i) {
      plane[i] = static_cast<uint8_t>(column[i] >> (8 * k));
    }
  }
}

void getPlanes(schema::Ints::Reader in, size_t count, IntColumn& column) {
  column.resize(count);
  auto list = in.getPlanes();
  if (list.size() > 8) throw BadBlock("a column of more than 64 bits");
  if (list.size() == 0) std::fill(column.begin(), column.end(), 0);
  for (unsigned k = 0; k < list.size(); ++k) {
    const auto plane = list[k];
    if (plane.size() != count) throw BadBlock("a column of the wrong length");
    const uint8_t* bytes = plane.begin();
    if (k == 0) {
      for (size_t i = 0; i < count; ++i) column[i] = bytes[i];
    } else {
      for (size_t i = 0; i < count; ++i) column[i] |= uint64_t{bytes[i]} << (8 * k);
    }
  }
}

}  // namespace tarry
