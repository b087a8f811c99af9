// ZSTD_findFrameCompressedSize and ZSTD_getFrameContentSize are stable API; the frame header's
// layout is that of RFC 8878, section 3.1.1.
#include "format/frame.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <string>

#include "format/errors.h"

namespace tarry {

uint32_t loadU32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
}

void appendU32(std::vector<uint8_t>& bytes, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
}

FrameProbe probeFrame(std::span<const uint8_t> bytes) {
  if (bytes.size() < 4) return {FrameKind::incomplete, 0};
  const uint32_t magic = loadU32(bytes.data());
  if ((magic & 0xFFFFFFF0U) == kSkippableMagic) {
    if (bytes.size() < kSkippableHeaderBytes) return {FrameKind::incomplete, 0};
    const uint64_t size = kSkippableHeaderBytes + uint64_t{loadU32(bytes.data() + 4)};
    return {size <= bytes.size() ? FrameKind::skippable : FrameKind::incomplete, size};
  }
  if (magic != kZstdMagic) return {};
  if (bytes.size() < 5) return {FrameKind::incomplete, 0};
  constexpr uint8_t kChecksumFlag = 4, kReservedFlag = 8, kDictionaryFlags = 3;
  if ((bytes[4] & kChecksumFlag) == 0 || (bytes[4] & (kReservedFlag | kDictionaryFlags)) != 0) return {};
  constexpr size_t kLongestHeader = 18;
  const unsigned long long content = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (content == ZSTD_CONTENTSIZE_ERROR && bytes.size() < kLongestHeader) return {FrameKind::incomplete, 0};
  if (content > kMaxBlockBytes) return {};  // also: unknown, error
  const size_t size = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) {
    if (ZSTD_getErrorCode(size) == ZSTD_error_srcSize_wrong) return {FrameKind::incomplete, 0};
    return {};
  }
  return {FrameKind::block, size};
}

uint64_t contentBytes(std::span<const uint8_t> frame) {
  return ZSTD_getFrameContentSize(frame.data(), frame.size());
}

void FrameCompressor::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}
void FrameDecompressor::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

FrameCompressor::FrameCompressor(int level) : context_(ZSTD_createCCtx()) {
  if (!context_) throw TraceError("cannot start the compressor: out of memory");
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

std::span<const uint8_t> FrameCompressor::compress(std::span<const uint8_t> content) {
  frame_.resize(ZSTD_compressBound(content.size()));
  const size_t size =
      ZSTD_compress2(context_.get(), frame_.data(), frame_.size(), content.data(), content.size());
  if (ZSTD_isError(size) != 0) {
    throw TraceError(std::string("cannot compress: ") + ZSTD_getErrorName(size));
  }
  return {frame_.data(), size};
}

FrameDecompressor::FrameDecompressor() : context_(ZSTD_createDCtx()) {
  if (!context_) throw TraceError("cannot start the decompressor: out of memory");
}

std::span<const uint64_t> FrameDecompressor::decompress(std::span<const uint8_t> frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size > kMaxBlockBytes) throw BadBlock("a frame that is too large");
  if (size % sizeof(uint64_t) != 0 || size == 0) throw BadBlock("a frame that holds no message");
  // A frame cannot hold more than this per byte (RFC 8878: an RLE block gives 128 KiB for 4 bytes),
  // so nothing is allocated for a size that is only claimed.
  if (size / (128U << 10) > frame.size()) throw BadBlock("a frame that claims too much");
  content_.resize(size / sizeof(uint64_t));
  const size_t got = ZSTD_decompressDCtx(context_.get(), content_.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) throw BadBlock(ZSTD_getErrorName(got));
  if (got != size) throw BadBlock("a frame that is too short");
  return {content_.data(), content_.size()};
}

}  // namespace tarry
