// The blocks of a trace file: finds them, by the trailer's index or by one pass over the frames,
// and decodes one at a time. Knows nothing of what is in them beyond their heads.
#pragma once

#include <capnp/serialize.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/block.h"
#include "format/byte_source.h"
#include "format/events.h"
#include "format/frame.h"
#include "format/seek_table.h"
#include "format/trace.capnp.h"
#include "format/trace_reader.h"

namespace tarry {

// A decoded block; valid until the file decodes another one.
class BlockView {
 public:
  // Throws BadBlock if it is no Block.
  explicit BlockView(std::span<const uint64_t> words);
  schema::Block::Reader block() const { return block_; }
  BlockInfo info() const;  // without offset and file_bytes

 private:
  std::unique_ptr<capnp::FlatArrayMessageReader> message_;
  schema::Block::Reader block_;
  uint64_t bytes_;
};

// Runs `decode`, turning what Cap'n Proto throws into BadBlock.
template <class Decode>
auto guarded(Decode decode) {
  try {
    return decode();
  } catch (const kj::Exception& e) {
    throw BadBlock(e.getDescription().cStr());
  }
}

class BlockFile {
 public:
  // Finds header, trailer and blocks. Throws TraceError for a foreign or newer file.
  BlockFile(std::unique_ptr<ByteSource> source, std::string name);

  const std::string& name() const { return name_; }
  const TraceHeader& header() const { return header_; }
  const std::optional<Trailer>& trailer() const { return trailer_; }
  // All blocks before the trailer, by offset.
  const std::vector<BlockInfo>& blocks() const { return blocks_; }
  // What finding them met.
  const ReadReport& report() const { return report_; }
  // Whole frames of the file as they are, for copying.
  std::span<const uint8_t> frame(const BlockInfo& info);

  // Throws BadBlock if it is damaged.
  BlockView load(const BlockInfo& info);

 private:
  bool readIndex();  // false: there is none that holds
  void scan();
  bool scanFrame(uint64_t offset, std::span<const uint8_t> frame);
  uint64_t nextMagic(uint64_t offset);
  void checkSeekTable(std::span<const uint8_t> bytes, const std::vector<SeekEntry>& frames);
  void readHeader();
  void checkVersion(uint32_t version) const;
  void problem(std::string line);

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::vector<uint8_t> scratch_;
  FrameDecompressor decompressor_;
  TraceHeader header_;
  std::optional<Trailer> trailer_;
  std::vector<BlockInfo> blocks_;
  std::vector<SeekEntry> scanned_;  // all frames, where they had to be looked for
  uint64_t vain_bytes_ = 0;         // decompressed of frames that were none of ours
  ReadReport report_;
};

}  // namespace tarry
