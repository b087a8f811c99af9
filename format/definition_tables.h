// What the writer remembers of strings and stacks: texts and frame lists to ids, and what the
// file has already been told in the current epoch.
//
// A definition is written in each epoch before the first block that uses it, so `use` queues it
// when the epoch has not seen it yet. Memory is bounded: when a new epoch begins and the table
// holds too much, what two epochs have not used is given up; the same text or stack then gets a
// new id, and an old id is none to the readers of later epochs.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/definition_codec.h"
#include "format/events.h"

namespace tarry {

// When a definition was last used and written, in epochs counted from 1.
struct EpochMarks {
  uint32_t used = 0;
  uint32_t written = 0;
};

class StringTable {
 public:
  explicit StringTable(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  StringId intern(std::string_view text);
  void use(StringId id);
  // Keeps a string that a living definition needs, without writing it.
  void touch(StringId id);
  void beginEpoch();  // after touch() of what must stay

  // To be written, in order of id; views live until beginEpoch().
  std::vector<StringRow> takePending();
  bool hasPending() const { return !pending_.empty(); }
  uint64_t pendingBytes() const { return pending_bytes_; }
  size_t pendingRows() const { return pending_.size(); }
  // Of memory, since the epoch began.
  uint64_t grownBytes() const { return bytes_ - epoch_bytes_; }

 private:
  struct Entry {
    uint32_t id = 0;
    std::string text;
    EpochMarks marks;
  };
  std::unordered_map<uint32_t, std::unique_ptr<Entry>> entries_;
  std::unordered_map<std::string_view, Entry*> by_text_;  // views of entries' texts
  std::vector<uint32_t> pending_;
  uint64_t pending_bytes_ = 0;
  uint64_t bytes_ = 0;
  uint64_t epoch_bytes_ = 0;  // when the epoch began
  uint64_t max_bytes_;
  uint32_t next_id_ = 1;
  uint32_t epoch_ = 1;
};

class StackTable {
 public:
  StackTable(StringTable& strings, size_t max_entries) : strings_(strings), max_entries_(max_entries) {}

  FrameId internFrame(const Frame& frame);
  StackId internStack(bool kernel, std::span<const FrameId> frames);
  void use(StackId id);
  void beginEpoch();

  StackRows takePending();
  bool hasPending() const { return pending_.size() != 0; }
  size_t pendingRefs() const { return pending_refs_; }

 private:
  struct FrameEntry {
    Frame frame;
    EpochMarks marks;
  };
  struct StackEntry {
    StackRow row;
    EpochMarks marks;
  };
  void useFrame(FrameId id);

  StringTable& strings_;
  std::unordered_map<std::string, uint32_t> frame_ids_, stack_ids_;  // by the bytes of their content
  std::unordered_map<uint32_t, FrameEntry> frames_;
  std::unordered_map<uint32_t, StackEntry> stacks_;
  StackRows pending_;
  size_t pending_refs_ = 0;
  size_t max_entries_;
  uint32_t next_frame_ = 1, next_stack_ = 1;
  uint32_t epoch_ = 1;
  std::string key_;
};

}  // namespace tarry
