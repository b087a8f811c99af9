// A column of integers as it lies in a block (struct Ints of format/trace.capnp): zigzag coded and
// split into byte planes, which zstd compresses far better than varints or fixed-width numbers:
// the high planes are nearly constant and the low one has its own statistics.
//
// Coder is the one description of how a column's values follow from predictions: the same code
// runs for writing and for reading, so the two cannot drift apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/block.h"
#include "format/trace.capnp.h"

namespace tarry {

// All arithmetic on values is modulo 2^64: a delta of any two values is defined.
constexpr uint64_t zigzag(uint64_t value) {
  return (value << 1) ^ (0 - (value >> 63));
}
constexpr uint64_t unzigzag(uint64_t coded) {
  return (coded >> 1) ^ (0 - (coded & 1));
}

using IntColumn = std::vector<uint64_t>;  // zigzag coded values

// True if every value is 0: such a column is left null.
bool isZero(const IntColumn& column);
void putPlanes(const IntColumn& column, schema::Ints::Builder out);
// Throws BadBlock unless every plane has exactly `count` bytes.
void getPlanes(schema::Ints::Reader in, size_t count, IntColumn& column);

// Writes `column` by way of `init`, which makes the Ints builder, unless it is all zeros.
template <class Init>
void putColumn(const IntColumn& column, Init init) {
  if (!isZero(column)) putPlanes(column, init());
}

struct Writing {
  static constexpr bool kWriting = true;
};
struct Reading {
  static constexpr bool kWriting = false;
};

// Codes one value against what both sides expect it to be. Writing: column[at] is set from
// `value`; reading: the other way round. `at` must be in range.
template <class Mode, class T>
inline void code(Mode, IntColumn& column, size_t at, T& value, T expected) {
  if constexpr (Mode::kWriting) {
    column[at] = zigzag(static_cast<uint64_t>(value) - static_cast<uint64_t>(expected));
  } else {
    value = static_cast<T>(static_cast<uint64_t>(expected) + unzigzag(column[at]));
  }
}

}  // namespace tarry
