// zstd frames: one block each, with content size and checksum.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "format/block.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace tarry {

inline constexpr uint32_t kZstdMagic = 0xFD2FB528;
inline constexpr uint32_t kSkippableMagic = 0x184D2A50;  // to …5F
inline constexpr size_t kSkippableHeaderBytes = 8;

enum class FrameKind {
  block,  // a whole frame of the form that a writer makes, as far as its headers say
  skippable,
  incomplete,  // begins like one of these but the bytes given end before it does
  none,
};

struct FrameProbe {
  FrameKind kind = FrameKind::none;
  uint64_t size = 0;  // of the whole frame; 0 for none, and for incomplete where not known
};

// What begins at bytes[0].
FrameProbe probeFrame(std::span<const uint8_t> bytes);

// Bytes that a frame of kind `block` claims to hold.
uint64_t contentBytes(std::span<const uint8_t> frame);

class FrameCompressor {
 public:
  explicit FrameCompressor(int level);
  // The result lives until the next call.
  std::span<const uint8_t> compress(std::span<const uint8_t> content);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::vector<uint8_t> frame_;
};

class FrameDecompressor {
 public:
  FrameDecompressor();
  // Content of a whole frame, in 8-byte words as Cap'n Proto wants it; lives until the next call.
  // Throws BadBlock if it is damaged, larger than kMaxBlockBytes or no whole number of words.
  std::span<const uint64_t> decompress(std::span<const uint8_t> frame);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::vector<uint64_t> content_;
};

// Little-endian numbers as the seek table and the magics have them.
uint32_t loadU32(const uint8_t* bytes);
void appendU32(std::vector<uint8_t>& bytes, uint32_t value);

}  // namespace tarry
