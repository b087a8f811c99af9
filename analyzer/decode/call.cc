#include "analyzer/decode/call.h"

#include "analyzer/decode/text.h"

namespace tarry::decode {

uint64_t Bytes::u(size_t offset, size_t length) const {
  if (!has(offset, length)) return 0;
  uint64_t value = 0;
  for (size_t i = length; i-- > 0;) value = value << 8 | data_[offset + i];
  return value;
}

uint16_t Bytes::be16(size_t offset) const {
  return static_cast<uint16_t>(u8(offset) << 8 | u8(offset + 1));
}

uint32_t Bytes::be32(size_t offset) const {
  return static_cast<uint32_t>(be16(offset)) << 16 | be16(offset + 2);
}

int64_t Bytes::slong(size_t offset) const {
  return word_ == 4 ? i32(offset) : i64(offset);
}

std::string_view Bytes::text(size_t offset, size_t length) const {
  if (offset >= data_.size()) return {};
  const size_t left = data_.size() - offset;
  return {reinterpret_cast<const char*>(data_.data()) + offset, length < left ? length : left};
}

std::string_view Bytes::cString(size_t offset, size_t length) const {
  const std::string_view whole = text(offset, length);
  return whole.substr(0, whole.find('\0'));
}

int64_t Call::ret() const {
  return word() == 4 && abi() == Abi::i386 ? static_cast<int32_t>(event_.ret) : event_.ret;
}

int Call::error() const {
  const int64_t value = ret();
  return finished() && value < 0 && value >= -4095 ? static_cast<int>(-value) : 0;
}

uint64_t Call::arg(int arg) const {
  const auto value = static_cast<uint64_t>(event_.args[static_cast<size_t>(arg)]);
  return abi() == Abi::i386 ? value & 0xffffffffU : value;
}

const PayloadRef* Call::payload(int arg, PayloadDirection direction, int part) const {
  for (const PayloadRef& payload : event_.payloads) {
    if (payload.arg == arg && payload.direction == direction && payload.part == part) return &payload;
  }
  return nullptr;
}

const PayloadRef* Call::payloadPart(int arg, int part) const {
  const PayloadRef* found = payload(arg, PayloadDirection::out, part);
  return found ? found : payload(arg, PayloadDirection::in, part);
}

const StringArg* Call::string(int arg) const {
  for (const StringArg& string : event_.strings) {
    if (string.arg == arg) return &string;
  }
  return nullptr;
}

const ObjectRef* Call::object(ObjectRole role) const {
  for (const ObjectRef& object : event_.objects) {
    if (object.role == role) return &object;
  }
  return nullptr;
}

void Call::appendAddress(std::string& out, int a) const {
  if (!known(a)) {
    out += "0x...";
  } else {
    appendPointer(out, arg(a));
  }
}

void Call::appendPointer(std::string& out, uint64_t pointer) const {
  if (pointer == 0) {
    out += "NULL";
  } else if (options_.hide_pointers) {
    out += "0x...";
  } else {
    appendHex(out, pointer);
  }
}

void Call::appendLabel(std::string& out, ResourceId resource) const {
  if (!options_.annotate_fds || !resource) return;
  const std::string label = label_(resource);
  if (label.empty()) return;
  out += '<';
  out += label;
  out += '>';
}

void Call::appendFd(std::string& out, int32_t fd, ObjectRole role) const {
  appendSigned(out, fd);
  if (const ObjectRef* found = object(role)) appendLabel(out, found->resource);
}

void Call::appendFd(std::string& out, int32_t fd) const {
  appendSigned(out, fd);
  for (const ObjectRef& object : event_.objects) {
    if (object.fd == fd && object.resource && fd >= 0) return appendLabel(out, object.resource);
  }
}

}  // namespace tarry::decode
