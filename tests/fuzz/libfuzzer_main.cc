// The entry points that libFuzzer calls, compiled once a target: TARRY_FUZZ_TARGET is its function, and with
// TARRY_FUZZ_MESSAGES its inputs are messages.
#include <cstring>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tarry::fuzz::TARRY_FUZZ_TARGET({data, size});
  return 0;
}

#ifdef TARRY_FUZZ_MESSAGES

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

static size_t give(const tarry::fuzz::Bytes& bytes, uint8_t* out) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  return give(tarry::fuzz::mutateMessages({data, size}, max_size, seed, LLVMFuzzerMutate), data);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                                            uint8_t* out, size_t max_size, unsigned seed) {
  return give(tarry::fuzz::crossMessages({a, a_size}, {b, b_size}, max_size, seed), out);
}

#endif
