// The skippable frame at the end of a finished file, in the layout of zstd's seekable format
// (zstd, contrib/seekable_format/zstd_seekable_compression_format.md), so that its tools can
// seek in a trace. For ours it only says where the trailer is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tarry {

struct SeekEntry {
  uint32_t file_bytes = 0;
  uint32_t decoded_bytes = 0;
};

inline constexpr uint32_t kSeekableMagic = 0x8F92EAB1;
inline constexpr size_t kSeekFooterBytes = 9;

std::vector<uint8_t> makeSeekTable(const std::vector<SeekEntry>& frames);

// Size of the whole skippable frame that ends with `footer` (the file's last kSeekFooterBytes);
// none if that is no footer of a seek table.
std::optional<uint64_t> seekTableBytes(std::span<const uint8_t> footer);
// Entries of a whole seek table frame; none if it is malformed.
std::optional<std::vector<SeekEntry>> parseSeekTable(std::span<const uint8_t> frame);

}  // namespace tarry
