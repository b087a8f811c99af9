#include "format/block_output.h"

#include <capnp/serialize.h>

namespace tarry {

BlockMessage::BlockMessage(uint32_t epoch, size_t rows, int64_t min_ns, int64_t max_ns)
    : message_(32 * 1024), block_(message_.initRoot<schema::Block>()) {
  block_.setSignature(kBlockSignature);
  block_.setEpoch(epoch);
  block_.setRows(static_cast<uint32_t>(rows));
  block_.setMinNs(min_ns);
  block_.setMaxNs(max_ns);
}

BlockOutput::BlockOutput(std::unique_ptr<ByteSink> sink, int compression_level)
    : sink_(std::move(sink)), compressor_(compression_level) {}

void BlockOutput::write(BlockMessage& message) {
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(message.message_);
  const auto content = words.asBytes();
  const auto block = message.block_.asReader();
  copy(compressor_.compress({content.begin(), content.size()}),
       {.kind = static_cast<BlockKind>(block.which()),
        .decoded_bytes = static_cast<uint32_t>(content.size()),
        .rows = block.getRows(),
        .epoch = block.getEpoch(),
        .min_ns = block.getMinNs(),
        .max_ns = block.getMaxNs()});
}

void BlockOutput::copy(std::span<const uint8_t> frame, BlockInfo info) {
  sink_->append(frame);
  info.offset = bytes_;
  info.file_bytes = static_cast<uint32_t>(frame.size());
  bytes_ += frame.size();
  decoded_bytes_ += info.decoded_bytes;
  // One row too many for an index is enough to know that there will be none.
  if (index_.size() <= kMaxIndexRows) index_.push_back(info);
}

void BlockOutput::writeSeekTable() {
  if (index_.size() > kMaxIndexRows) return;
  std::vector<SeekEntry> entries;
  entries.reserve(index_.size());
  for (const BlockInfo& info : index_) entries.push_back({info.file_bytes, info.decoded_bytes});
  const std::vector<uint8_t> table = makeSeekTable(entries);
  sink_->append(table);
  bytes_ += table.size();
}

}  // namespace tarry
