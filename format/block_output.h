// Turns a filled message into a frame at the end of the file, and keeps the index of what it wrote.
#pragma once

#include <capnp/message.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "format/block.h"
#include "format/frame.h"
#include "format/seek_table.h"
#include "format/trace.capnp.h"
#include "format/trace_writer.h"

namespace tarry {

// A block being filled.
class BlockMessage {
 public:
  BlockMessage(uint32_t epoch, size_t rows, int64_t min_ns, int64_t max_ns);
  schema::Block::Builder& block() { return block_; }

 private:
  friend class BlockOutput;
  capnp::MallocMessageBuilder message_;
  schema::Block::Builder block_;
};

class BlockOutput {
 public:
  BlockOutput(std::unique_ptr<ByteSink> sink, int compression_level);

  void write(BlockMessage& message);
  // A frame that is known to be good (for repairs); `info.offset` is ignored.
  void copy(std::span<const uint8_t> frame, BlockInfo info);
  void writeSeekTable();
  void sync() { sink_->sync(); }

  const std::vector<BlockInfo>& index() const { return index_; }
  uint64_t bytesWritten() const { return bytes_; }
  uint64_t decodedBytes() const { return decoded_bytes_; }

 private:
  std::unique_ptr<ByteSink> sink_;
  FrameCompressor compressor_;
  std::vector<BlockInfo> index_;
  uint64_t bytes_ = 0;
  uint64_t decoded_bytes_ = 0;
};

}  // namespace tarry
