// What a block is, apart from its content: its kind, where it lies, what it covers; and the limits
// that a reader holds every block to. The constants of the file format are here and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace tarry {

inline constexpr uint32_t kBlockSignature = 0x59525254;  // "TRRY"

// The members of Block's union, in the order of format/trace.capnp.
enum class BlockKind : uint16_t {
  unknown = 0,
  header = 1,
  strings = 2,
  processes = 3,
  resources = 4,
  stacks = 5,
  syscalls = 6,
  payloads = 7,
  switches = 8,
  wakes = 9,
  losses = 10,
  clocks = 11,
  trailer = 12,
  signals = 13,
  folds = 14,
  sockets = 15,
  plaintexts = 16,
  packets = 17,
};
inline constexpr int kBlockKinds = 18;

std::string_view blockKindName(BlockKind kind);

// What a block refers to is delivered before it; these hold events, the others define.
bool isEventBlock(BlockKind kind);

struct BlockInfo {
  BlockKind kind = BlockKind::unknown;
  uint64_t offset = 0;  // of its frame in the file
  uint32_t file_bytes = 0;
  uint32_t decoded_bytes = 0;
  uint32_t rows = 0;
  uint32_t epoch = 0;
  int64_t min_ns = 0;  // of its events, 0 without any
  int64_t max_ns = 0;
};

// A reader refuses more than this: decoded bytes of a block, rows of a block, and times further
// than 73 years from the clock's zero (so that sums of two never overflow).
inline constexpr uint64_t kMaxBlockBytes = 64U << 20;
inline constexpr uint32_t kMaxBlockRows = 256 * 1024;
inline constexpr int64_t kMaxTimeNs = int64_t{1} << 61;
// What a writer cuts longer things to.
inline constexpr uint64_t kMaxPayloadBytes = 16U << 20;       // kept of one payload
inline constexpr uint64_t kMaxBlockPayloadBytes = 32U << 20;  // kept in one block
inline constexpr uint64_t kMaxStringBytes = 4U << 20;
inline constexpr uint32_t kMaxStackDepth = 1024;
inline constexpr uint32_t kMaxBlockFrameRefs = 4U << 20;  // sum of the depths of a block's stacks
// Calls that one row may stand for: more than a machine makes in years.
inline constexpr uint64_t kMaxFoldedCount = uint64_t{1} << 48;
// An index of more blocks than this is not written: a reader makes its own.
inline constexpr size_t kMaxIndexRows = 1U << 20;

constexpr bool isSaneTime(int64_t ns) {
  return ns >= -kMaxTimeNs && ns <= kMaxTimeNs;
}

// A block's bytes are not what a writer makes. Stays inside format/: the reader counts it as damage.
class BadBlock : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The number of elements of a list that becomes memory of ours, element by element.
template <class List>
uint32_t checkedSize(const List& list) {
  if (list.size() > kMaxBlockRows) throw BadBlock("a list that is too long");
  return list.size();
}

// An enumeration as it stands in the file: a number that a newer writer put there is `otherwise`.
template <class Enum>
constexpr Enum knownOr(uint64_t value, Enum last, Enum otherwise) {
  return value <= static_cast<uint64_t>(last) ? static_cast<Enum>(value) : otherwise;
}

}  // namespace tarry
