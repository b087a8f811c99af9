#include "format/syscall_rows.h"

#include <algorithm>
#include <bit>

namespace tarry {
namespace {

constexpr uint8_t kAllArgs = (1U << kMaxArgs) - 1;

uint8_t flagBits(const CallFlags& flags) {
  return static_cast<uint8_t>((flags.unfinished ? CallShape::kFlagUnfinished : 0U) |
                              (flags.no_enter ? CallShape::kFlagNoEnter : 0U) |
                              (flags.restarted ? CallShape::kFlagRestarted : 0U));
}

uint8_t stringByte(const StringArg& string) {
  return static_cast<uint8_t>((string.arg & 127U) | (string.truncated ? CallShape::kTruncated : 0U));
}

}  // namespace

CallFlags CallShape::callFlags() const {
  return {.unfinished = (flags & kFlagUnfinished) != 0,
          .no_enter = (flags & kFlagNoEnter) != 0,
          .restarted = (flags & kFlagRestarted) != 0};
}

int CallShape::argCount() const {
  return std::popcount(arg_mask);
}

void SyscallRows::clear() {
  payload_link = 0;
  threads.clear();
  shapes.clear();
  rows.clear();
  args.clear();
  objects.clear();
  strings.clear();
}

void SyscallRows::fill(const CallRow& row, SyscallEvent& event) const {
  const CallShape& shape = shapes[row.shape];
  event.thread = ThreadId{threads[row.thread]};
  event.call_seq = row.seq;
  event.enter_ns = row.enter_ns;
  event.dur_ns = row.dur_ns;
  event.abi = shape.abi;
  event.nr = shape.nr;
  event.ret = row.ret;
  event.arg_mask = shape.arg_mask;
  event.flags = shape.callFlags();
  const int64_t* arg = args.data() + row.args_at;
  for (size_t i = 0; i < kMaxArgs; ++i) {
    event.args[i] = (shape.arg_mask >> i & 1) != 0 ? *arg++ : 0;
  }
  event.objects = {objects.data() + row.objects_at, shape.roles.size()};
  event.strings = {strings.data() + row.strings_at, shape.strings.size()};
  event.payloads = {};
  event.user_stack = StackId{row.user_stack};
}

uint32_t SyscallCollector::shapeOf(const SyscallEvent& event) {
  const size_t objects = std::min(event.objects.size(), kMaxObjectsPerCall);
  const size_t strings = std::min(event.strings.size(), kMaxStringsPerCall);
  key_.clear();
  key_.push_back(static_cast<char>(event.abi));
  key_.push_back(static_cast<char>(event.arg_mask & kAllArgs));
  key_.push_back(static_cast<char>(flagBits(event.flags)));
  key_.append(reinterpret_cast<const char*>(&event.nr), sizeof event.nr);
  key_.push_back(static_cast<char>(objects));
  for (const ObjectRef& object : event.objects.first(objects)) key_.push_back(static_cast<char>(object.role));
  for (const StringArg& string : event.strings.first(strings))
    key_.push_back(static_cast<char>(stringByte(string)));
  const auto [found, is_new] = shape_index_.try_emplace(key_, static_cast<uint32_t>(rows_.shapes.size()));
  if (is_new) {
    CallShape shape{.abi = event.abi,
                    .arg_mask = static_cast<uint8_t>(event.arg_mask & kAllArgs),
                    .flags = flagBits(event.flags),
                    .nr = event.nr,
                    .roles = {},
                    .strings = {}};
    for (const ObjectRef& object : event.objects.first(objects)) {
      shape.roles.push_back(static_cast<uint8_t>(object.role));
    }
    for (const StringArg& string : event.strings.first(strings)) shape.strings.push_back(stringByte(string));
    rows_.shapes.push_back(std::move(shape));
  }
  return found->second;
}

uint32_t SyscallCollector::threadOf(ThreadId thread) {
  if (!rows_.rows.empty()) {
    const uint32_t last = rows_.rows.back().thread;
    if (rows_.threads[last] == thread.value) return last;
  }
  const auto [found, is_new] =
      thread_index_.try_emplace(thread.value, static_cast<uint32_t>(rows_.threads.size()));
  if (is_new) rows_.threads.push_back(thread.value);
  return found->second;
}

void SyscallCollector::add(const SyscallEvent& event) {
  if (rows_.rows.empty()) rows_.base_ns = event.enter_ns;
  CallRow row;
  row.enter_ns = event.enter_ns;
  row.dur_ns = event.dur_ns;
  row.ret = event.ret;
  row.thread = threadOf(event.thread);
  row.seq = event.call_seq;
  row.shape = shapeOf(event);
  row.user_stack = event.user_stack.value;
  row.args_at = static_cast<uint32_t>(rows_.args.size());
  row.objects_at = static_cast<uint32_t>(rows_.objects.size());
  row.strings_at = static_cast<uint32_t>(rows_.strings.size());
  const CallShape& shape = rows_.shapes[row.shape];
  for (size_t i = 0; i < kMaxArgs; ++i) {
    if ((shape.arg_mask >> i & 1) != 0) rows_.args.push_back(event.args[i]);
  }
  const auto objects = event.objects.first(shape.roles.size());
  rows_.objects.insert(rows_.objects.end(), objects.begin(), objects.end());
  const auto strings = event.strings.first(shape.strings.size());
  rows_.strings.insert(rows_.strings.end(), strings.begin(), strings.end());
  rows_.rows.push_back(row);
}

void SyscallCollector::clear() {
  rows_.clear();
  shape_index_.clear();
  thread_index_.clear();
}

uint64_t SyscallCollector::bytes() const {
  return rows_.rows.size() * 24 + rows_.args.size() * 4 + rows_.objects.size() * 8 + rows_.strings.size() * 4;
}

}  // namespace tarry
