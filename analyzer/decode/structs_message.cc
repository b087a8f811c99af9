// Messages of sockets: msghdr and mmsghdr with their addresses, buffers and control data.
#include <fmt/format.h>

#include <iterator>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

// Parts of one message (docs/trace-format.md); message i of several adds 8 * (i + 1).
constexpr int kNamePart = 1, kIovecPart = 2, kControlPart = 4, kMessageParts = 8;

constexpr uint32_t kSocketLevel = 1, kIpLevel = 0;
enum SocketControl : uint32_t {
  kRights = 1,
  kCredentials = 2,
  kSecurity = 3,
  kTimestamp = 29,
  kTimestampNs = 35,
};
enum IpControl : uint32_t { kTos = 1, kTtl = 2, kPacketInfo = 8 };

constexpr Name kIpControlNames[] = {{1, "IP_TOS"},      {2, "IP_TTL"},          {6, "IP_RECVOPTS"},
                                    {7, "IP_RETOPTS"},  {8, "IP_PKTINFO"},      {11, "IP_RECVERR"},
                                    {18, "IP_PASSSEC"}, {20, "IP_ORIGDSTADDR"}, {23, "IP_CHECKSUM"}};
constexpr NameTable kIpControl{NameTable::Kind::values, "IP_???", kIpControlNames};

void appendFds(std::string& out, const Call& call, const Bytes& data, size_t length) {
  out += '[';
  for (size_t i = 0; i + 4 <= length; i += 4) {
    if (i > 0) out += ", ";
    call.appendFd(out, data.i32(i));
  }
  out += ']';
}

// What stands behind one header; nothing for kinds whose data strace does not show either.
void appendControlData(std::string& out, const Call& call, uint32_t level, uint32_t type, const Bytes& data,
                       size_t length) {
  const auto begin = [&] { out += ", cmsg_data="; };
  if (level == kSocketLevel) {
    if (type == kRights && length >= 4) {
      begin();
      appendFds(out, call, data, length);
    } else if (type == kCredentials && length >= 12) {
      begin();
      fmt::format_to(std::back_inserter(out), "{{pid={}, uid={}, gid={}}}", data.i32(0), data.u32(4),
                     data.u32(8));
    } else if (type == kSecurity) {
      begin();
      appendQuoted(out, data.text(0, length), SIZE_MAX, false);
    } else if (type == kTimestamp && length >= 2 * call.word()) {
      begin();
      appendTimeval(out, data, 0);
    } else if (type == kTimestampNs && length >= 2 * call.word()) {
      begin();
      appendTimespec(out, data, 0, call.word());
    }
    return;
  }
  if (level != kIpLevel) return;
  if (type == kTtl && length >= 4) {
    begin();
    fmt::format_to(std::back_inserter(out), "[{}]", data.u32(0));
  } else if (type == kTos && length >= 1) {
    begin();
    fmt::format_to(std::back_inserter(out), "[{:#x}]", data.u8(0));
  } else if (type == kPacketInfo && length >= 12) {
    begin();
    const auto address = [&](size_t at) {
      return fmt::format("inet_addr(\"{}.{}.{}.{}\")", data.u8(at), data.u8(at + 1), data.u8(at + 2),
                         data.u8(at + 3));
    };
    fmt::format_to(std::back_inserter(out), "{{ipi_ifindex={}, ipi_spec_dst={}, ipi_addr={}}}", data.u32(0),
                   address(4), address(8));
  }
}

// cmsg(3): headers and data, each padded to a long.
void appendControl(std::string& out, const Call& call, const Bytes& bytes, uint64_t length) {
  const uint32_t word = call.word();
  const size_t header = word + 8;
  out += '[';
  for (size_t at = 0; at + header <= length;) {
    if (at > 0) out += ", ";
    const uint64_t size = bytes.ulong(at);
    if (!bytes.has(at, header) || (size > header && !bytes.has(at, size))) {
      out += "...";
      break;
    }
    const uint32_t level = bytes.u32(at + word), type = bytes.u32(at + word + 4);
    out += "{cmsg_len=";
    appendUnsigned(out, size);
    out += ", cmsg_level=";
    appendConstant(out, kSockoptLevel, level, call.style());
    out += ", cmsg_type=";
    switch (level) {
      case kSocketLevel: appendConstant(out, kScmTypes, type, call.style()); break;
      case kIpLevel: appendConstant(out, kIpControl, type, call.style()); break;
      default: appendHex(out, type); break;
    }
    if (size > header) {
      appendControlData(out, call, level, type, bytes.from(at + header), static_cast<size_t>(size - header));
    }
    out += '}';
    if (size < header || size > length - at) break;
    at += (size + word - 1) / word * word;
  }
  out += ']';
}

// Where the members of struct msghdr lie: name, namelen (padded to a word), iov, iovlen, control,
// controllen, flags.
class Header {
 public:
  Header(const Bytes& bytes, uint32_t word) : bytes_(bytes), word_(word) {}
  static size_t size(uint32_t word) { return 6 * word + 4; }
  // struct mmsghdr: the header, padded, then the bytes moved.
  static size_t sizeOfMany(uint32_t word) { return word == 8 ? 64 : 32; }
  static size_t movedOffset(uint32_t word) { return word == 8 ? 56 : 28; }

  uint64_t name() const { return bytes_.ulong(0); }
  uint32_t nameLength() const { return bytes_.u32(word_); }
  uint64_t iov() const { return bytes_.ulong(2 * word_); }
  uint64_t iovCount() const { return bytes_.ulong(3 * word_); }
  uint64_t control() const { return bytes_.ulong(4 * word_); }
  uint64_t controlLength() const { return bytes_.ulong(5 * word_); }
  uint32_t flags() const { return bytes_.u32(6 * word_); }

 private:
  const Bytes& bytes_;
  const uint32_t word_;
};

// `name_room`: msg_namelen before the call, -1 where that is not known or the same thing.
void appendMessage(std::string& out, const Call& call, int arg, const Header& header, int64_t name_room,
                   int64_t moved, int base) {
  uint32_t name_length = header.nameLength();
  const PayloadRef* name = call.payloadPart(arg, base + kNamePart);
  const PayloadRef* array = call.payloadPart(arg, base + kIovecPart);
  const PayloadRef* control = call.payloadPart(arg, base + kControlPart);
  out += "{msg_name=";
  if (header.name() != 0 && name && name_length >= 2) {
    const auto room = static_cast<uint64_t>(name_room);
    appendSockaddr(out, call, call.bytes(*name), name_room >= 0 && room < name_length ? room : name_length);
  } else {
    call.appendPointer(out, header.name());
  }
  out += ", msg_namelen=";
  if (name_room >= 0 && name_room != name_length) {
    appendSigned(out, name_room);
    out += " => ";
  }
  appendUnsigned(out, name_length);
  out += ", msg_iov=";
  if (header.iov() != 0 && array) {
    appendIovec(out, call, arg, header.iovCount(), moved, base);
  } else {
    call.appendPointer(out, header.iov());
  }
  out += ", msg_iovlen=";
  appendUnsigned(out, header.iovCount());
  if (header.controlLength() > 0) {
    out += ", msg_control=";
    if (header.control() != 0 && control) {
      appendControl(out, call, call.bytes(*control), header.controlLength());
    } else {
      call.appendPointer(out, header.control());
    }
  }
  out += ", msg_controllen=";
  appendUnsigned(out, header.controlLength());
  out += ", msg_flags=";
  appendFlags(out, kMsgFlags, header.flags(), call.style());
  out += '}';
}

void messageIn(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, Header::size(call.word()), [&](const Bytes& bytes) {
    appendMessage(out, call, arg, Header(bytes, call.word()), -1, -1, 0);
  });
}

void messageOut(std::string& out, const Call& call, int arg) {
  const uint32_t word = call.word();
  const PayloadRef* before = call.payload(arg, D::in);
  const bool known = before && before->data.size() >= Header::size(word) && call.abi() != Abi::x32;
  const int64_t room = known ? int64_t{call.bytes(*before).i32(word)} : -1;
  if (call.failed() && known) {
    fmt::format_to(std::back_inserter(out), "{{msg_namelen={}}}", room);
    return;
  }
  appendStruct(out, call, arg, D::out, Header::size(word), [&](const Bytes& bytes) {
    appendMessage(out, call, arg, Header(bytes, word), room, call.ret(), 0);
  });
}

// An array of struct mmsghdr; `direction` of the array that says what is in it.
void appendMessages(std::string& out, const Call& call, int arg, D direction, uint64_t count) {
  const uint32_t word = call.word();
  const size_t size = Header::sizeOfMany(word);
  const bool sends = call.type(arg) == ArgType::mmsghdr_in;
  const uint64_t moved_count = call.succeeded() ? static_cast<uint64_t>(call.ret()) : 0;
  const PayloadRef* before = call.payload(arg, D::in);
  const PayloadRef* after = call.payload(arg, D::out);
  appendStruct(
      out, call, arg, direction, size,
      [&](const Bytes& bytes) {
        out += '[';
        for (uint64_t i = 0; i < count; ++i) {
          if (i > 0) out += ", ";
          if (!bytes.has(i * size, size) || (i >= call.options().string_limit && call.options().abbreviate)) {
            out += "...";
            break;
          }
          const Bytes element = bytes.from(i * size);
          const bool has_room = !sends && before && before->data.size() >= (i + 1) * size;
          const int64_t room = has_room ? int64_t{call.bytes(*before).i32(i * size + word)} : -1;
          const bool has_moved = i < moved_count && after && after->data.size() >= (i + 1) * size;
          const uint32_t moved = has_moved ? call.bytes(*after).u32(i * size + Header::movedOffset(word)) : 0;
          const int base = kMessageParts * (static_cast<int>(i) + 1);
          out += "{msg_hdr=";
          appendMessage(out, call, arg, Header(element, word), room, sends ? -1 : int64_t{moved}, base);
          if (has_moved) {
            out += ", msg_len=";
            appendUnsigned(out, moved);
          }
          out += '}';
        }
        out += ']';
      },
      "[...]");
}
void messagesIn(std::string& out, const Call& call, int arg) {
  appendMessages(out, call, arg, D::in, call.arg32(call.lengthArg(arg)));
}
void messagesOut(std::string& out, const Call& call, int arg) {
  const uint64_t count = call.succeeded() ? static_cast<uint64_t>(call.ret()) : 0;
  if (call.succeeded() && count == 0) {
    out += "[]";
    return;
  }
  appendMessages(out, call, arg, D::out, count);
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::msghdr_in, Phase::enter, messageIn},
    {ArgType::msghdr_out, Phase::exit, messageOut},
    {ArgType::mmsghdr_in, Phase::exit, messagesIn},
    {ArgType::mmsghdr_out, Phase::exit, messagesOut},
};

}  // namespace

std::span<const ArgDecoder> messageDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
