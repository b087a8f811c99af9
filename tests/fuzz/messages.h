// Inputs of the fuzz targets that work inside the frames: Cap'n Proto messages in standard stream
// framing, one behind the other, as `zstd -dc t.tarry` prints them. A fuzzer that changed a trace as it
// stands would rarely get past zstd's checksums.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace tarry::fuzz {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

// Views of `input`; what is left when the framing makes no sense any more is the last one.
std::vector<ByteView> splitMessages(ByteView input);
Bytes joinMessages(const std::vector<Bytes>& messages);

// A trace of these messages. Ends the last one's being a trailer the file as a writer does: the trailer's
// index says where the blocks are, whatever else it says about them, and a seek table follows.
Bytes frameMessages(const std::vector<ByteView>& messages);

// Changes the bytes in [data, data + size), whose room is max_size, and returns their new number; what
// LLVMFuzzerMutate() is.
using ByteMutator = size_t (*)(uint8_t* data, size_t size, size_t max_size);

// Makes a neighbour of `input`: messages are dropped, repeated and exchanged, and their fields are given
// other values by way of the schema, so that what comes out is mostly well-formed. At most max_size bytes.
Bytes mutateMessages(ByteView input, size_t max_size, uint32_t seed, ByteMutator mutate);
// Messages of one between those of the other.
Bytes crossMessages(ByteView a, ByteView b, size_t max_size, uint32_t seed);

}  // namespace tarry::fuzz
