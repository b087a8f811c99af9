#include "format/block_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "format/errors.h"
#include "format/header_codec.h"
#include "format/seek_table.h"

namespace tarry {
namespace {

// Frames are looked for in windows of this size, which grow when a frame is longer.
constexpr uint64_t kWindowBytes = 128U << 10;
constexpr uint64_t kMaxFrameBytes = kMaxBlockBytes + (1U << 20);
// A file that begins with something else is searched so far for a block of ours.
constexpr uint64_t kForeignSearchBytes = 64U << 20;
constexpr size_t kMaxProblems = 100;
// Damage is searched for so many magics in vain; a file made to hold only such would take for ever.
constexpr uint64_t kMaxVainMagics = 64U << 10;
// And so much of frames that turn out not to be ours is decompressed in vain: more than what a writer makes
// of a file of this size, were all of it damaged.
uint64_t vainBytesFor(uint64_t file_bytes) {
  return (1ULL << 30) + 64 * std::min<uint64_t>(file_bytes, 1ULL << 40);
}

capnp::ReaderOptions readerOptions(size_t words) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words + 1024;  // each part is read once or twice
  options.nestingLimit = 16;
  return options;
}

}  // namespace

BlockView::BlockView(std::span<const uint64_t> words) : bytes_(words.size_bytes()) {
  guarded([&] {
    message_ = std::make_unique<capnp::FlatArrayMessageReader>(
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()),
        readerOptions(words.size()));
    block_ = message_->getRoot<schema::Block>();
  });
  if (block_.getSignature() != kBlockSignature) throw BadBlock("a frame of something else");
  if (block_.getRows() > kMaxBlockRows && !block_.isTrailer()) throw BadBlock("a block of too many rows");
  if (!isSaneTime(block_.getMinNs()) || !isSaneTime(block_.getMaxNs()))
    throw BadBlock("a block of impossible times");
}

BlockInfo BlockView::info() const {
  const auto which = static_cast<uint16_t>(block_.which());
  return {.kind = which < kBlockKinds ? static_cast<BlockKind>(which) : BlockKind::unknown,
          .decoded_bytes = static_cast<uint32_t>(bytes_),
          .rows = block_.getRows(),
          .epoch = block_.getEpoch(),
          .min_ns = block_.getMinNs(),
          .max_ns = block_.getMaxNs()};
}

BlockFile::BlockFile(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)), name_(std::move(name)) {
  report_.file_bytes = source_->size();
  if (!readIndex()) {
    blocks_.clear();
    trailer_.reset();
    scan();
  }
  readHeader();
  for (const BlockInfo& info : blocks_) {
    report_.decoded_bytes += info.decoded_bytes;
    if (info.kind == BlockKind::unknown) ++report_.unknown_blocks;
  }
  report_.blocks = blocks_.size();
  if (trailer_ && trailer_->repaired) problem("the file was repaired: what was damaged before is missing");
}

void BlockFile::problem(std::string line) {
  if (report_.problems.size() < kMaxProblems) report_.problems.push_back(std::move(line));
}

void BlockFile::checkVersion(uint32_t version) const {
  if (version <= kFormatVersion) return;
  throw TraceError(
      fmt::format("cannot read {}: it is of trace format {}, this tarry knows up to {} (use a newer tarry)",
                  name_, version, kFormatVersion));
}

std::span<const uint8_t> BlockFile::frame(const BlockInfo& info) {
  return source_->read(info.offset, info.file_bytes, scratch_);
}

BlockView BlockFile::load(const BlockInfo& info) {
  const auto bytes = frame(info);
  const FrameProbe probe = probeFrame(bytes);
  if (probe.kind != FrameKind::block || probe.size != info.file_bytes) throw BadBlock("no whole frame");
  return BlockView(decompressor_.decompress(bytes));
}

// ---- by index ---------------------------------------------------------------------------------

bool BlockFile::readIndex() {
  const uint64_t size = source_->size();
  if (size < kSeekFooterBytes) return false;
  const auto table_bytes = seekTableBytes(source_->read(size - kSeekFooterBytes, kSeekFooterBytes, scratch_));
  if (!table_bytes || *table_bytes >= size || *table_bytes > kMaxFrameBytes) return false;
  const auto table = parseSeekTable(source_->read(size - *table_bytes, *table_bytes, scratch_));
  if (!table || table->empty()) return false;
  const uint64_t trailer_bytes = table->back().file_bytes;
  if (trailer_bytes > size - *table_bytes) return false;
  const uint64_t trailer_at = size - *table_bytes - trailer_bytes;
  uint32_t trailer_decoded_bytes = 0;
  try {
    const BlockView view = load({.offset = trailer_at, .file_bytes = table->back().file_bytes});
    if (!view.block().isTrailer()) return false;
    trailer_decoded_bytes = view.info().decoded_bytes;
    guarded([&] {
      const auto in = view.block().getTrailer();
      trailer_ = decodeTrailer(in);
      blocks_ = decodeIndex(in.getIndex());
    });
  } catch (const BadBlock&) {
    return false;
  }
  if (blocks_.empty() || blocks_.back().offset + blocks_.back().file_bytes != trailer_at) return false;
  std::vector<SeekEntry> frames;
  for (const BlockInfo& info : blocks_) frames.push_back({info.file_bytes, info.decoded_bytes});
  frames.push_back({table->back().file_bytes, trailer_decoded_bytes});
  checkSeekTable(source_->read(size - *table_bytes, *table_bytes, scratch_), frames);
  return true;
}

// Blocks are found by the index in the trailer or by their own frames: a wrong table costs nothing, but
// a file that is not as it was written is not sound.
void BlockFile::checkSeekTable(std::span<const uint8_t> bytes, const std::vector<SeekEntry>& frames) {
  const std::vector<uint8_t> right = makeSeekTable(frames);
  if (std::equal(bytes.begin(), bytes.end(), right.begin(), right.end())) return;
  report_.bad_seek_table = true;
  problem("the seek table at the end of the file is damaged: nothing else is lost");
}

// ---- by reading all frames --------------------------------------------------------------------

// Offset of the next zstd or skippable magic at or after `offset`, the size of the file without one.
uint64_t BlockFile::nextMagic(uint64_t offset) {
  std::vector<uint8_t> window;
  while (offset + 4 <= source_->size()) {
    const auto bytes = source_->read(offset, kWindowBytes, window);
    if (bytes.size() < 4) break;
    for (size_t i = 0; i + 4 <= bytes.size(); ++i) {
      if (bytes[i] == (kZstdMagic & 0xFF) && loadU32(bytes.data() + i) == kZstdMagic) return offset + i;
    }
    offset += bytes.size() - 3;
  }
  return source_->size();
}

// True if it is a block of ours.
bool BlockFile::scanFrame(uint64_t offset, std::span<const uint8_t> frame) {
  if (vain_bytes_ > vainBytesFor(report_.file_bytes)) return false;
  try {
    const BlockView view(decompressor_.decompress(frame));
    BlockInfo info = view.info();
    info.offset = offset;
    info.file_bytes = static_cast<uint32_t>(frame.size());
    scanned_.push_back({info.file_bytes, info.decoded_bytes});
    if (info.kind == BlockKind::header) checkVersion(view.block().getHeader().getFormatVersion());
    if (info.kind == BlockKind::trailer) {
      trailer_ = guarded([&] { return decodeTrailer(view.block().getTrailer()); });
    } else {
      blocks_.push_back(info);
    }
    return true;
  } catch (const BadBlock&) {
  } catch (const kj::Exception&) {
  }
  vain_bytes_ += contentBytes(frame);
  return false;
}

void BlockFile::scan() {
  const uint64_t size = source_->size();
  uint64_t offset = 0, damage_at = 0, window_bytes = kWindowBytes;
  bool damaged = false;
  uint64_t vain_magics = 0;
  std::vector<uint8_t> window;
  const auto damage_ends = [&](uint64_t at) {
    if (!damaged) return;
    ++report_.damaged_frames;
    report_.damaged_bytes += at - damage_at;
    problem(fmt::format("bytes {} to {} are damaged: what was in them is lost", damage_at, at));
    damaged = false;
  };
  while (offset < size) {
    const auto bytes = source_->read(offset, window_bytes, window);
    if (bytes.empty()) break;
    const FrameProbe probe = probeFrame(bytes);
    const bool at_end = offset + bytes.size() >= size;
    if (probe.kind == FrameKind::incomplete && !at_end && window_bytes < kMaxFrameBytes) {
      window_bytes = std::min(window_bytes * 4, kMaxFrameBytes);
      continue;
    }
    window_bytes = kWindowBytes;
    if (probe.kind == FrameKind::skippable && offset + probe.size == size && trailer_) {
      // After damage the table rightly knows of more frames than were found.
      if (!damaged && report_.damaged_frames == 0) checkSeekTable(bytes.first(probe.size), scanned_);
    }
    if (probe.kind == FrameKind::skippable ||
        (probe.kind == FrameKind::block && scanFrame(offset, bytes.first(probe.size)))) {
      damage_ends(offset);
      offset += probe.size;
      continue;
    }
    if (blocks_.empty() && offset > kForeignSearchBytes) break;
    const uint64_t next = nextMagic(offset + 1);
    if (next == size && probe.kind == FrameKind::incomplete) {
      damage_ends(offset);
      report_.cut_bytes = size - offset;
      break;
    }
    if (!damaged) {
      damaged = true;
      damage_at = offset;
    }
    if (++vain_magics > kMaxVainMagics) break;
    offset = next;
  }
  damage_ends(size);
  if (trailer_ && report_.cut_bytes != 0) {
    report_.bad_seek_table = true;
    problem("the seek table at the end of the file is cut: nothing else is lost");
  }
  if (!trailer_) {
    report_.cut = true;
    problem(report_.cut_bytes == 0
                ? std::string("the recording was not finished: its end is missing")
                : fmt::format("the file is cut: the last {} bytes are of an incomplete block",
                              report_.cut_bytes));
  }
}

void BlockFile::readHeader() {
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const BlockInfo info = blocks_[i];
    if (info.kind != BlockKind::header) continue;
    try {
      const BlockView view = load(info);
      if (!view.block().isHeader()) throw BadBlock("no header");
      header_ = guarded([&] { return decodeHeader(view.block().getHeader()); });
      checkVersion(header_.format_version);
      return;
    } catch (const BadBlock&) {
      // Found by the index, so nothing else has met the damage yet.
      ++report_.damaged_frames;
      report_.damaged_bytes += info.file_bytes;
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i--));
    }
  }
  if (blocks_.empty() && !trailer_) throw TraceError(fmt::format("cannot read {}: not a tarry trace", name_));
  problem("the header is damaged: host, target and level are not known");
}

}  // namespace tarry
