// Changes one field of a Block by way of its schema: a number becomes an interesting one, a list longer or
// shorter, the bytes of a column others.
#pragma once

#include <random>

#include "tests/fuzz/messages.h"

namespace tarry::fuzz {

// The message unchanged where it is no Block, or where the result would have more than max_size bytes.
Bytes mutateFields(const Bytes& message, size_t max_size, std::minstd_rand& random, ByteMutator mutate);

}  // namespace tarry::fuzz
