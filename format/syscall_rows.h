// The rows of one syscalls block in memory, as the writer collects them and the reader gets them
// back; syscall_codec.h turns them into columns.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "format/events.h"

namespace tarry {

// A writer keeps the first so many of each; a reader refuses more.
inline constexpr size_t kMaxObjectsPerCall = 128;
inline constexpr size_t kMaxStringsPerCall = 16;
inline constexpr size_t kMaxObjectsPerBlock = 1U << 20;

// What all calls of one form have in common. Few per block: so a row holds only what varies.
struct CallShape {
  Abi abi = Abi::none;
  uint8_t arg_mask = 0;
  uint8_t flags = 0;  // kFlag…
  int32_t nr = -1;
  std::vector<uint8_t> roles;    // ObjectRole of each object
  std::vector<uint8_t> strings;  // argument of each string, plus kTruncated

  static constexpr uint8_t kFlagUnfinished = 1, kFlagNoEnter = 2, kFlagRestarted = 4;
  static constexpr uint8_t kTruncated = 128;

  CallFlags callFlags() const;
  int argCount() const;
};

struct CallRow {
  int64_t enter_ns = 0;
  int64_t dur_ns = 0;
  int64_t ret = 0;
  uint32_t thread = 0;  // index in SyscallRows::threads
  uint32_t seq = 0;
  uint32_t shape = 0;  // index in SyscallRows::shapes
  uint32_t user_stack = 0;
  uint32_t args_at = 0;     // first recorded argument in SyscallRows::args
  uint32_t objects_at = 0;  // likewise
  uint32_t strings_at = 0;
};

struct SyscallRows {
  int64_t base_ns = 0;
  uint64_t payload_link = 0;
  std::vector<uint32_t> threads;
  std::vector<CallShape> shapes;
  std::vector<CallRow> rows;
  std::vector<int64_t> args;
  std::vector<ObjectRef> objects;
  std::vector<StringArg> strings;

  void clear();
  // Everything of a row but its payloads and locator; spans borrow from this.
  void fill(const CallRow& row, SyscallEvent& event) const;
};

// Collects rows for the writer: finds a call's shape and thread in the block's dictionaries.
class SyscallCollector {
 public:
  void add(const SyscallEvent& event);
  void clear();
  SyscallRows& rows() { return rows_; }
  // About what the rows take decoded.
  uint64_t bytes() const;

 private:
  uint32_t shapeOf(const SyscallEvent& event);
  uint32_t threadOf(ThreadId thread);

  SyscallRows rows_;
  std::unordered_map<std::string, uint32_t> shape_index_;
  std::unordered_map<uint32_t, uint32_t> thread_index_;
  std::string key_;
};

}  // namespace tarry
