#include "tests/fuzz/messages.h"

#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "format/block_output.h"
#include "format/frame.h"
#include "format/header_codec.h"
#include "format/testing/trace_builder.h"
#include "tests/fuzz/field_mutator.h"

namespace tarry::fuzz {
namespace {

constexpr size_t kMaxMessages = 4096;

uint32_t wordAt(ByteView bytes, size_t offset) {
  return loadU32(bytes.data() + offset);
}

// Bytes of the message at the beginning of `bytes`: the number of segments less one, the words of each,
// padding to 8 bytes, the segments. 0 if it does not fit.
size_t messageBytes(ByteView bytes) {
  if (bytes.size() < 8) return 0;
  const uint64_t segments = uint64_t{wordAt(bytes, 0)} + 1;
  const uint64_t table_bytes = (4 + 4 * segments + 7) / 8 * 8;
  if (table_bytes > bytes.size()) return 0;
  uint64_t size = table_bytes;
  for (uint64_t i = 0; i < segments; ++i) size += uint64_t{8} * wordAt(bytes, 4 + 4 * i);
  return size <= bytes.size() ? size : 0;
}

// A copy that is aligned as Cap'n Proto wants it.
std::vector<uint64_t> aligned(ByteView message) {
  std::vector<uint64_t> words(message.size() / 8);
  std::memcpy(words.data(), message.data(), words.size() * 8);
  return words;
}

// The trailer in `message` with an index that is true about places and sizes; none if it is no trailer.
std::optional<Bytes> trueTrailer(ByteView message, const std::vector<BlockInfo>& written) {
  try {
    const std::vector<uint64_t> words = aligned(message);
    capnp::FlatArrayMessageReader reader(
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()));
    const auto block = reader.getRoot<schema::Block>();
    if (!block.isTrailer()) return {};
    std::vector<BlockInfo> index = decodeIndex(block.getTrailer().getIndex());
    index.resize(written.size());
    for (size_t i = 0; i < index.size(); ++i) {
      index[i].offset = written[i].offset;
      index[i].file_bytes = written[i].file_bytes;
    }
    capnp::MallocMessageBuilder out;
    auto trailer = out.initRoot<schema::Block>();
    trailer.setSignature(block.getSignature());
    trailer.setRows(static_cast<uint32_t>(index.size()));
    encodeTrailer(decodeTrailer(block.getTrailer()), index, block.getTrailer().getLost(),
                  trailer.initTrailer());
    const auto flat = capnp::messageToFlatArray(out);
    const auto bytes = flat.asBytes();
    return Bytes(bytes.begin(), bytes.end());
  } catch (const kj::Exception&) {
    return {};
  } catch (const BadBlock&) {
    return {};
  }
}

}  // namespace

std::vector<ByteView> splitMessages(ByteView input) {
  std::vector<ByteView> messages;
  while (!input.empty() && messages.size() < kMaxMessages) {
    size_t size = messageBytes(input);
    if (size == 0) size = input.size();
    messages.push_back(input.first(size));
    input = input.subspan(size);
  }
  return messages;
}

Bytes joinMessages(const std::vector<Bytes>& messages) {
  Bytes all;
  for (const Bytes& message : messages) all.insert(all.end(), message.begin(), message.end());
  return all;
}

Bytes frameMessages(const std::vector<ByteView>& messages) {
  Bytes file;
  FrameCompressor compressor(1);
  std::vector<BlockInfo> written;
  std::vector<SeekEntry> frames;
  const auto append = [&](ByteView message) {
    const auto frame = compressor.compress(message);
    BlockInfo info;
    info.offset = file.size();
    info.file_bytes = static_cast<uint32_t>(frame.size());
    written.push_back(info);
    frames.push_back({info.file_bytes, static_cast<uint32_t>(message.size())});
    file.insert(file.end(), frame.begin(), frame.end());
  };
  for (size_t i = 0; i < messages.size(); ++i) {
    const bool last = i + 1 == messages.size();
    const auto trailer = last ? trueTrailer(messages[i], written) : std::nullopt;
    append(trailer ? ByteView(*trailer) : messages[i]);
    if (!trailer) continue;
    const Bytes table = makeSeekTable(frames);
    file.insert(file.end(), table.begin(), table.end());
  }
  return file;
}

Bytes mutateMessages(ByteView input, size_t max_size, uint32_t seed, ByteMutator mutate) {
  std::minstd_rand random(seed);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random()) % limit; };
  std::vector<Bytes> messages;
  for (ByteView message : splitMessages(input)) messages.emplace_back(message.begin(), message.end());
  if (messages.empty()) {
    Bytes bytes(max_size);
    bytes.resize(mutate(bytes.data(), 0, max_size));
    return bytes;
  }
  const size_t at = below(messages.size());
  switch (below(16)) {
    case 0: messages.erase(messages.begin() + static_cast<ptrdiff_t>(at)); break;
    case 1:
      messages.insert(messages.begin() + static_cast<ptrdiff_t>(below(messages.size() + 1)),
                      Bytes(messages[at]));
      break;
    case 2: std::swap(messages[at], messages[below(messages.size())]); break;
    case 3: {
      // Some bytes of the message as it lies there: pointers, sizes.
      Bytes& bytes = messages[at];
      const size_t from = below(bytes.size());
      const size_t size = std::min<size_t>(1 + below(16), bytes.size() - from);
      mutate(bytes.data() + from, size, size);
      break;
    }
    default: {
      const size_t others = input.size() - messages[at].size();
      const size_t room = max_size > others ? max_size - others : 0;
      messages[at] = mutateFields(messages[at], room, random, mutate);
    }
  }
  Bytes all = joinMessages(messages);
  if (all.size() > max_size) return {input.begin(), input.end()};
  return all;
}

Bytes crossMessages(ByteView a, ByteView b, size_t max_size, uint32_t seed) {
  std::minstd_rand random(seed);
  Bytes all;
  const auto left = splitMessages(a), right = splitMessages(b);
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    for (const auto* side : {&left, &right}) {
      if (i >= side->size() || random() % 2 == 0) continue;
      const ByteView message = (*side)[i];
      if (all.size() + message.size() <= max_size) all.insert(all.end(), message.begin(), message.end());
    }
  }
  return all;
}

}  // namespace tarry::fuzz
