// Calls told in a line, for the tests of analyzer/decode/.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/decode/render.h"
#include "format/syscall_table.h"

namespace tarry::testing {

// Little-endian bytes of a structure.
class Memory {
 public:
  Memory& u(uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Memory& u8(uint64_t v) { return u(v, 1); }
  Memory& u16(uint64_t v) { return u(v, 2); }
  Memory& u32(uint64_t v) { return u(v, 4); }
  Memory& u64(uint64_t v) { return u(v, 8); }
  Memory& text(std::string_view t) {
    bytes_.insert(bytes_.end(), t.begin(), t.end());
    return *this;
  }
  Memory& zeros(size_t n) {
    bytes_.insert(bytes_.end(), n, 0);
    return *this;
  }
  std::vector<uint8_t> bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

class CallText {
 public:
  explicit CallText(std::string_view name, Abi abi = Abi::x86_64) {
    event_.abi = abi;
    if (const SyscallSpec* spec = findSyscall(abi, name)) event_.nr = spec->nr;
    event_.arg_mask = 0x3f;
  }
  CallText& nr(int32_t nr) {
    event_.nr = nr;
    return *this;
  }
  CallText& args(std::initializer_list<int64_t> values) {
    size_t i = 0;
    for (const int64_t value : values) event_.args[i++] = value;
    return *this;
  }
  // This argument is a pointer that was not recorded.
  CallText& unrecorded(int arg) {
    event_.arg_mask = static_cast<uint8_t>(event_.arg_mask & ~(1U << arg));
    return *this;
  }
  CallText& ret(int64_t ret) {
    event_.ret = ret;
    return *this;
  }
  CallText& unfinished() {
    event_.flags.unfinished = true;
    return *this;
  }
  CallText& string(uint8_t arg, std::string text, bool truncated = false) {
    texts_.push_back(std::move(text));
    strings_.push_back({arg, StringId{static_cast<uint32_t>(texts_.size())}, truncated});
    return *this;
  }
  CallText& in(uint8_t arg, const Memory& memory, uint8_t part = 0) {
    return payload(arg, PayloadDirection::in, memory.bytes(), part);
  }
  CallText& out(uint8_t arg, const Memory& memory, uint8_t part = 0) {
    return payload(arg, PayloadDirection::out, memory.bytes(), part);
  }
  CallText& in(uint8_t arg, std::string_view bytes, uint64_t length = 0) {
    return in_or_out(arg, PayloadDirection::in, bytes, length);
  }
  CallText& out(uint8_t arg, std::string_view bytes, uint64_t length = 0) {
    return in_or_out(arg, PayloadDirection::out, bytes, length);
  }
  CallText& object(ObjectRole role, int32_t fd, std::string label, uint64_t ready = 0) {
    labels_.push_back(std::move(label));
    objects_.push_back({role, fd, ResourceId{static_cast<uint32_t>(labels_.size())}, ready});
    return *this;
  }
  CallText& options(const RenderOptions& options) {
    options_ = options;
    return *this;
  }

  // "args = result"
  std::string line() const {
    const RenderedCall call = rendered();
    return call.args + " = " + call.result;
  }
  std::string argsText() const { return rendered().args; }
  RenderedCall rendered() const {
    SyscallEvent event = event_;
    event.strings = strings_;
    event.objects = objects_;
    std::vector<PayloadRef> payloads = payloads_;
    for (size_t i = 0; i < payloads.size(); ++i) payloads[i].data = data_[i];
    event.payloads = payloads;
    return renderCall(
        event,
        [this](StringId id) { return id ? std::string_view(texts_[id.value - 1]) : std::string_view{}; },
        [this](ResourceId id) { return id ? labels_[id.value - 1] : std::string(); }, options_);
  }

 private:
  CallText& in_or_out(uint8_t arg, PayloadDirection direction, std::string_view bytes, uint64_t length) {
    payload(arg, direction, {bytes.begin(), bytes.end()}, 0);
    if (length > 0) payloads_.back().length = length;
    return *this;
  }
  CallText& payload(uint8_t arg, PayloadDirection direction, std::vector<uint8_t> bytes, uint8_t part) {
    data_.push_back(std::move(bytes));
    PayloadRef payload;
    payload.arg = arg;
    payload.direction = direction;
    payload.part = part;
    payload.length = data_.back().size();
    payloads_.push_back(payload);
    return *this;
  }

  SyscallEvent event_;
  RenderOptions options_;
  std::deque<std::string> texts_, labels_;
  std::vector<StringArg> strings_;
  std::vector<ObjectRef> objects_;
  std::vector<PayloadRef> payloads_;
  std::deque<std::vector<uint8_t>> data_;
};

}  // namespace tarry::testing
