#include "format/seek_table.h"

#include "format/frame.h"

namespace tarry {
namespace {

constexpr uint32_t kSeekTableMagic = kSkippableMagic | 0xE;
constexpr uint8_t kChecksumsFlag = 0x80, kReservedBits = 0x7C;
constexpr size_t kEntryBytes = 8, kChecksumBytes = 4;

}  // namespace

std::vector<uint8_t> makeSeekTable(const std::vector<SeekEntry>& frames) {
  std::vector<uint8_t> bytes;
  bytes.reserve(kSkippableHeaderBytes + frames.size() * kEntryBytes + kSeekFooterBytes);
  appendU32(bytes, kSeekTableMagic);
  appendU32(bytes, static_cast<uint32_t>(frames.size() * kEntryBytes + kSeekFooterBytes));
  for (const SeekEntry& frame : frames) {
    appendU32(bytes, frame.file_bytes);
    appendU32(bytes, frame.decoded_bytes);
  }
  appendU32(bytes, static_cast<uint32_t>(frames.size()));
  bytes.push_back(0);  // descriptor: no checksums, each frame has its own
  appendU32(bytes, kSeekableMagic);
  return bytes;
}

std::optional<uint64_t> seekTableBytes(std::span<const uint8_t> footer) {
  if (footer.size() != kSeekFooterBytes || loadU32(footer.data() + 5) != kSeekableMagic) return {};
  const uint8_t descriptor = footer[4];
  if ((descriptor & kReservedBits) != 0) return {};
  const uint64_t entry = kEntryBytes + ((descriptor & kChecksumsFlag) != 0 ? kChecksumBytes : 0);
  return kSkippableHeaderBytes + uint64_t{loadU32(footer.data())} * entry + kSeekFooterBytes;
}

std::optional<std::vector<SeekEntry>> parseSeekTable(std::span<const uint8_t> frame) {
  if (frame.size() < kSkippableHeaderBytes + kSeekFooterBytes) return {};
  const auto footer = frame.last(kSeekFooterBytes);
  if (loadU32(frame.data()) != kSeekTableMagic || seekTableBytes(footer) != frame.size()) return {};
  if (uint64_t{loadU32(frame.data() + 4)} + kSkippableHeaderBytes != frame.size()) return {};
  const uint32_t count = loadU32(footer.data());
  const size_t entry = kEntryBytes + ((footer[4] & kChecksumsFlag) != 0 ? kChecksumBytes : 0);
  std::vector<SeekEntry> entries;
  entries.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* at = frame.data() + kSkippableHeaderBytes + i * entry;
    entries.push_back({loadU32(at), loadU32(at + 4)});
  }
  return entries;
}

}  // namespace tarry
