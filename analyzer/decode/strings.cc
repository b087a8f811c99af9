// Paths, other text, buffers, argument vectors, iovecs and messages' data.
#include <algorithm>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

constexpr int kErrorFault = 14;

std::string_view asText(std::span<const uint8_t> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

// Text that could not be read is an address where the kernel could not read it either.
void path(std::string& out, const Call& call, int arg) {
  if (const StringArg* string = call.string(arg)) {
    appendQuoted(out, call.text(string->text), SIZE_MAX, string->truncated);
  } else {
    appendMissing(out, call, arg, PayloadDirection::in, "\"\"...");
  }
}

void argumentVector(std::string& out, const Call& call, int arg) {
  const StringArg* string = call.string(arg);
  if (!string) return appendMissing(out, call, arg, PayloadDirection::in, "[...]");
  std::string_view rest = call.text(string->text);
  const size_t limit = call.options().string_limit;
  size_t count = 0;
  out += '[';
  while (!rest.empty()) {
    const size_t end = rest.find('\0');
    if (count > 0) out += ", ";
    if (count >= limit && call.options().abbreviate) {
      out += "...";
      break;
    }
    appendQuoted(out, rest.substr(0, end), limit, string->truncated && end == std::string_view::npos);
    ++count;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (rest.empty() && string->truncated) out += count > 0 ? ", ..." : "...";
  out += ']';
}

void environment(std::string& out, const Call& call, int arg) {
  call.appendAddress(out, arg);
  const PayloadRef* payload = call.payload(arg, PayloadDirection::in);
  if (call.isNull(arg) || !payload || payload->data.size() < 4) return;
  const uint32_t count = call.bytes(*payload).u32(0);
  out += " /* ";
  appendUnsigned(out, count);
  out += count == 1 ? " var */" : " vars */";
}

// `length`: how many bytes were meant, -1 where nobody knows.
void buffer(std::string& out, const Call& call, int arg, PayloadDirection direction, int64_t length) {
  const PayloadRef* payload = call.payload(arg, direction);
  if (call.isNull(arg)) {
    out += "NULL";
  } else if (length == 0) {
    out += "\"\"";
  } else if (!payload) {
    appendMissing(out, call, arg, direction, "\"\"...");
  } else {
    std::string_view data = asText(payload->data);
    if (length >= 0 && static_cast<uint64_t>(length) < data.size()) {
      data = data.substr(0, static_cast<size_t>(length));
    }
    const bool more =
        length >= 0 ? static_cast<uint64_t>(length) > data.size() : payload->length > data.size();
    const bool random = call.name() == "getrandom";
    appendQuoted(out, data, call.options().string_limit, more, random ? Quoting::hex : Quoting::plain);
  }
}

void bufferIn(std::string& out, const Call& call, int arg) {
  const int length = call.lengthArg(arg);
  buffer(out, call, arg, PayloadDirection::in, length < 0 ? -1 : static_cast<int64_t>(call.arg(length)));
}

void bufferOut(std::string& out, const Call& call, int arg) {
  if (!call.succeeded()) return call.appendAddress(out, arg);
  // The xattr calls tell the size of a value without moving it when the buffer has none.
  const int length = call.lengthArg(arg);
  if (length >= 0 && call.arg(length) == 0) return call.appendAddress(out, arg);
  buffer(out, call, arg, PayloadDirection::out, call.ret());
}

// A path that the kernel wrote: getcwd's has a NUL in its length, readlink's has not.
void pathOut(std::string& out, const Call& call, int arg) {
  if (!call.succeeded()) return call.appendAddress(out, arg);
  std::string_view text;
  bool more = false;
  if (const StringArg* string = call.string(arg)) {
    text = call.text(string->text);
    more = string->truncated;
  } else if (const PayloadRef* payload = call.payload(arg, PayloadDirection::out)) {
    text = asText(payload->data);
    more = payload->length > payload->data.size();
  } else {
    return appendMissing(out, call, arg, PayloadDirection::out, "\"\"...");
  }
  const bool whole = call.name() == "getcwd";
  if (whole) text = text.substr(0, text.find('\0'));
  if (!whole && static_cast<uint64_t>(call.ret()) < text.size())
    text = text.substr(0, static_cast<size_t>(call.ret()));
  appendQuoted(out, text, whole ? SIZE_MAX : call.options().string_limit, more);
}

void appendEntries(std::string& out, uint64_t count) {
  out += " /* ";
  appendUnsigned(out, count);
  out += " entries */";
}

void directoryEntries(std::string& out, const Call& call, int arg) {
  call.appendAddress(out, arg);
  const PayloadRef* payload = call.payload(arg, PayloadDirection::out);
  if (!call.succeeded()) return;
  // Part 1 is their count, where the recorder took it.
  if (const PayloadRef* count = call.payload(arg, PayloadDirection::out, 1);
      count && count->data.size() >= 4) {
    return appendEntries(out, call.bytes(*count).u32(0));
  }
  if (call.ret() != 0 && (!payload || payload->data.size() < static_cast<uint64_t>(call.ret()))) return;
  // include/linux/dirent.h: d_ino, d_off (longs in the old call), d_reclen
  const size_t reclen = call.name() == "getdents" ? 2 * call.word() : 16;
  size_t entries = 0;
  if (call.ret() != 0) {
    const Bytes bytes = call.bytes(*payload);
    for (size_t at = 0; at < static_cast<size_t>(call.ret()); ++entries) {
      const uint16_t length = bytes.u16(at + reclen);
      if (length == 0) break;
      at += length;
    }
  }
  appendEntries(out, entries);
}

void iovecIn(std::string& out, const Call& call, int arg) {
  const int length = call.lengthArg(arg);
  const PayloadRef* array = call.payloadPart(arg, 2);
  if (call.isNull(arg) || !array || call.abi() == Abi::x32)
    return appendMissing(out, call, arg, PayloadDirection::in, "[...]");
  appendIovec(out, call, arg, call.arg(length), -1);
}

void iovecOut(std::string& out, const Call& call, int arg) {
  const int length = call.lengthArg(arg);
  const PayloadRef* array = call.payloadPart(arg, 2);
  if (call.isNull(arg) || !array || call.abi() == Abi::x32)
    return appendMissing(out, call, arg, PayloadDirection::out, "[...]");
  // strace shows the vector itself where nothing was read.
  appendIovec(out, call, arg, call.arg(length), call.succeeded() ? call.ret() : 0);
}

void iovecAddresses(std::string& out, const Call& call, int arg) {
  const PayloadRef* array = call.payloadPart(arg, 2);
  if (call.isNull(arg) || !array || call.abi() == Abi::x32)
    return appendMissing(out, call, arg, PayloadDirection::in, "[...]");
  appendIovec(out, call, arg, call.arg(call.lengthArg(arg)), -2);
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::path, Phase::enter, path},
    {ArgType::string, Phase::enter, path},
    {ArgType::argv, Phase::enter, argumentVector},
    {ArgType::envp, Phase::enter, environment},
    {ArgType::buffer_in, Phase::enter, bufferIn},
    {ArgType::buffer_out, Phase::exit, bufferOut},
    {ArgType::path_out, Phase::exit, pathOut},
    {ArgType::dirents_out, Phase::exit, directoryEntries},
    {ArgType::iovec_in, Phase::enter, iovecIn},
    {ArgType::iovec_out, Phase::exit, iovecOut},
    {ArgType::iovec_addr, Phase::enter, iovecAddresses},
};

}  // namespace

void appendMissing(std::string& out, const Call& call, int arg, PayloadDirection direction,
                   std::string_view mark) {
  const bool unread = direction == PayloadDirection::out && !call.succeeded();
  if (call.known(arg) || unread || call.error() == kErrorFault) {
    call.appendAddress(out, arg);
  } else {
    out += mark;
  }
}

namespace {

// The bytes of each buffer of an array in turn, out of parts 3 and 5.
class BufferBytes {
 public:
  BufferBytes(const PayloadRef* data, const PayloadRef* starts)
      : data_(data ? asText(data->data) : std::string_view{}),
        starts_(starts ? asText(starts->data) : std::string_view{}) {}

  // What was kept of the next buffer, of which `length` bytes were moved.
  std::string_view next(uint64_t length) {
    const uint64_t wanted = std::min<uint64_t>(length, data_.size());
    const uint64_t from = at_;
    at_ += length;
    // The recorder's rule: part 5 has those whose start is not all in part 3.
    if (!starts_.empty() && from + wanted > data_.size()) return take(starts_, wanted);
    if (from >= data_.size()) return {};
    return data_.substr(static_cast<size_t>(from),
                        static_cast<size_t>(std::min(wanted, data_.size() - from)));
  }

 private:
  static std::string_view take(std::string_view& rest, uint64_t length) {
    const std::string_view taken =
        rest.substr(0, static_cast<size_t>(std::min<uint64_t>(length, rest.size())));
    rest.remove_prefix(taken.size());
    return taken;
  }

  const std::string_view data_;
  std::string_view starts_;
  uint64_t at_ = 0;  // moved bytes before the next buffer
};

}  // namespace

void appendIovec(std::string& out, const Call& call, int arg, uint64_t count, int64_t moved, int base) {
  const PayloadRef* array = call.payloadPart(arg, base + 2);
  const Bytes bytes = array ? call.bytes(*array) : Bytes();
  const uint32_t word = call.word();
  const size_t limit = call.options().string_limit;
  BufferBytes kept(call.payloadPart(arg, base + 3), call.payloadPart(arg, base + 5));
  uint64_t left = moved >= 0 ? static_cast<uint64_t>(moved) : UINT64_MAX;
  out += '[';
  for (uint64_t i = 0; i < count; ++i) {
    if (i > 0) out += ", ";
    if (!bytes.has(i * 2 * word, 2 * word) || (i >= limit && call.options().abbreviate)) {
      out += "...";
      break;
    }
    const uint64_t address = bytes.ulong(i * 2 * word), length = bytes.ulong(i * 2 * word + word);
    const uint64_t here = std::min(length, left);
    const std::string_view text = kept.next(here);
    out += "{iov_base=";
    if (address == 0 || moved == -2) {
      call.appendPointer(out, address);
    } else if (here == 0) {
      out += "\"\"";
    } else {
      appendQuoted(out, text, limit, text.size() < here);
    }
    out += ", iov_len=";
    appendUnsigned(out, length);
    out += '}';
    if (left != UINT64_MAX) left -= here;
  }
  out += ']';
}

std::span<const ArgDecoder> stringDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
