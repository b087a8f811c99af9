// The bytes of a trace, wherever they are. Nothing is mapped: a file that shrinks while it is read
// must give a short read, not SIGBUS.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tarry {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // Bytes from `offset` on, fewer at the end of the source. They may lie in `scratch` and live
  // until it is used again. Throws TraceError if reading fails.
  virtual std::span<const uint8_t> read(uint64_t offset, uint64_t count,
                                        std::vector<uint8_t>& scratch) const = 0;
};

// A file; "-" or any other thing that cannot be sought is first copied, to memory or, when it is
// long, to an unlinked temporary file. Throws TraceError.
std::unique_ptr<ByteSource> openByteSource(const std::string& path);
std::unique_ptr<ByteSource> memoryByteSource(std::vector<uint8_t> bytes);

}  // namespace tarry
