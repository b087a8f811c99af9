// What the decoders of arguments see of one call, and the bytes behind its pointers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/decode/render.h"
#include "format/syscall_table.h"

namespace tarry::decode {

// Bytes of the caller's memory, little-endian. Reading past their end gives 0: decoders check with
// has() where that would be a lie.
class Bytes {
 public:
  Bytes() = default;
  Bytes(std::span<const uint8_t> data, uint32_t word) : data_(data), word_(word) {}

  size_t size() const { return data_.size(); }
  bool has(size_t offset, size_t length) const {
    return offset <= data_.size() && length <= data_.size() - offset;
  }
  uint64_t u(size_t offset, size_t length) const;
  uint8_t u8(size_t offset) const { return static_cast<uint8_t>(u(offset, 1)); }
  uint16_t u16(size_t offset) const { return static_cast<uint16_t>(u(offset, 2)); }
  uint32_t u32(size_t offset) const { return static_cast<uint32_t>(u(offset, 4)); }
  uint64_t u64(size_t offset) const { return u(offset, 8); }
  int32_t i32(size_t offset) const { return static_cast<int32_t>(u32(offset)); }
  int64_t i64(size_t offset) const { return static_cast<int64_t>(u64(offset)); }
  uint16_t be16(size_t offset) const;
  uint32_t be32(size_t offset) const;
  // A long of the caller.
  uint32_t word() const { return word_; }
  uint64_t ulong(size_t offset) const { return u(offset, word_); }
  int64_t slong(size_t offset) const;
  Bytes from(size_t offset) const {
    return {has(offset, 0) ? data_.subspan(offset) : std::span<const uint8_t>{}, word_};
  }
  std::string_view text(size_t offset, size_t length) const;     // clamped to what is there
  std::string_view cString(size_t offset, size_t length) const;  // up to NUL

 private:
  std::span<const uint8_t> data_;
  uint32_t word_ = 8;
};

class Call {
 public:
  Call(const SyscallEvent& event, const SyscallSpec& spec, const TextOf& text, const ResourceLabelOf& label,
       const RenderOptions& options)
      : event_(event), spec_(spec), text_(text), label_(label), options_(options) {}

  const SyscallEvent& event() const { return event_; }
  const SyscallSpec& spec() const { return spec_; }
  const RenderOptions& options() const { return options_; }
  NameStyle style() const { return options_.names; }
  std::string_view name() const { return spec_.name; }
  Abi abi() const { return event_.abi; }
  uint32_t word() const { return abiWordSize(event_.abi); }

  bool finished() const { return !event_.flags.unfinished; }
  int64_t ret() const;  // sign-extended where the ABI has 32 bits
  int error() const;    // errno, 0 if the call succeeded or never returned
  bool failed() const { return error() != 0; }
  bool succeeded() const { return finished() && !failed(); }

  ArgType type(int arg) const { return spec_.args[static_cast<size_t>(arg)].type; }
  int lengthArg(int arg) const { return spec_.args[static_cast<size_t>(arg)].length_arg; }
  bool known(int arg) const { return (event_.arg_mask >> arg & 1) != 0; }
  uint64_t arg(int arg) const;  // cut to 32 bits where registers have no more
  uint32_t arg32(int a) const { return static_cast<uint32_t>(arg(a)); }
  int32_t argInt(int a) const { return static_cast<int32_t>(arg(a)); }
  bool isNull(int a) const { return known(a) && arg(a) == 0; }

  // nullptr: not captured.
  const PayloadRef* payload(int arg, PayloadDirection direction, int part = 0) const;
  const PayloadRef* payloadPart(int arg, int part) const;  // in either direction
  Bytes bytes(const PayloadRef& payload) const { return {payload.data, word()}; }
  const StringArg* string(int arg) const;
  std::string_view text(StringId id) const { return text_(id); }
  const ObjectRef* object(ObjectRole role) const;

  void appendAddress(std::string& out, int arg) const;           // NULL, 0x7f…, 0x...
  void appendPointer(std::string& out, uint64_t pointer) const;  // one found in a structure
  // The fd of an argument, a result or a structure with its label.
  void appendFd(std::string& out, int32_t fd, ObjectRole role) const;
  void appendFd(std::string& out, int32_t fd) const;  // label by the number, if any object has it

 private:
  void appendLabel(std::string& out, ResourceId resource) const;

  const SyscallEvent& event_;
  const SyscallSpec& spec_;
  const TextOf& text_;
  const ResourceLabelOf& label_;
  const RenderOptions& options_;
};

}  // namespace tarry::decode
