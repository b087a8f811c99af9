// Socket addresses and socket options; messages are in structs_message.cc.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

constexpr uint16_t kUnix = 1, kInet = 2, kInet6 = 10, kNetlink = 16, kPacket = 17, kVsock = 40;

void appendIpv4(std::string& out, const Bytes& bytes, size_t at) {
  fmt::format_to(std::back_inserter(out), "{}.{}.{}.{}", bytes.u8(at), bytes.u8(at + 1), bytes.u8(at + 2),
                 bytes.u8(at + 3));
}

// RFC 5952: the longest run of zero groups becomes "::"; IPv4 inside is dotted.
void appendIpv6(std::string& out, const Bytes& bytes, size_t at) {
  std::array<uint16_t, 8> groups{};
  for (size_t i = 0; i < 8; ++i) groups[i] = bytes.be16(at + i * 2);
  size_t best = 8, best_length = 1;
  for (size_t i = 0; i < 8; ++i) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
  }
  const bool mapped = best == 0 && (best_length == 6 || (best_length == 5 && groups[5] == 0xffff));
  for (size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (i > 0 && i != best + best_length) out += ':';
    if (mapped && i == 6) return appendIpv4(out, bytes, at + 12);
    fmt::format_to(std::back_inserter(out), "{:x}", groups[i]);
  }
}

// The length that goes with a sockaddr: as passed in, as written, or both where they differ.
void socklen(std::string& out, const Call& call, int arg) {
  const PayloadRef* before = call.payload(arg, D::in);
  const PayloadRef* after = call.payload(arg, D::out);
  if (call.isNull(arg) || (!before && !after) || call.abi() == Abi::x32) {
    return appendMissing(out, call, arg, D::out, "[...]");
  }
  out += '[';
  if (before) appendUnsigned(out, call.bytes(*before).u32(0));
  if (after && call.succeeded()) {
    const uint32_t length = call.bytes(*after).u32(0);
    if (!before) {
      appendUnsigned(out, length);
    } else if (call.bytes(*before).u32(0) != length) {
      out += " => ";
      appendUnsigned(out, length);
    }
  }
  out += ']';
}

void sockaddrIn(std::string& out, const Call& call, int arg) {
  const int length = call.lengthArg(arg);
  // Too short for a family: no address.
  if (call.known(length) && call.arg32(length) < 2 && !call.isNull(arg)) return call.appendAddress(out, arg);
  appendStruct(out, call, arg, D::in, 2,
               [&](const Bytes& bytes) { appendSockaddr(out, call, bytes, call.arg32(length)); });
}

void sockaddrOut(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::out, 2, [&](const Bytes& bytes) {
    const PayloadRef* length = call.payload(call.lengthArg(arg), D::out);
    appendSockaddr(out, call, bytes, length ? call.bytes(*length).u32(0) : bytes.size());
  });
}

// The value of a socket option: by its name where that has a structure, an int, or bytes.
void sockopt(std::string& out, const Call& call, int arg, D direction) {
  constexpr uint32_t kSocketLevel = 1, kError = 4, kLinger = 13, kPeerCredentials = 17, kReceiveTimeout = 20,
                     kSendTimeout = 21;
  const uint32_t level = call.arg32(arg - 2), name = call.arg32(arg - 1);
  appendStruct(
      out, call, arg, direction, 1,
      [&](const Bytes& bytes) {
        size_t length = bytes.size();
        if (direction == D::in) {
          length = call.arg32(call.lengthArg(arg));
        } else if (const PayloadRef* size = call.payload(call.lengthArg(arg), D::out)) {
          length = call.bytes(*size).u32(0);
        }
        if (level == kSocketLevel && name == kLinger && bytes.has(0, 8)) {
          fmt::format_to(std::back_inserter(out), "{{l_onoff={}, l_linger={}}}", bytes.i32(0), bytes.i32(4));
        } else if (level == kSocketLevel && name == kPeerCredentials && bytes.has(0, 12)) {
          fmt::format_to(std::back_inserter(out), "{{pid={}, uid={}, gid={}}}", bytes.i32(0), bytes.u32(4),
                         bytes.u32(8));
        } else if (level == kSocketLevel && name == kError && bytes.has(0, 4) && findError(bytes.i32(0))) {
          out += '[';
          out += findError(bytes.i32(0))->name;
          out += ']';
        } else if (length == 4 && bytes.has(0, 4) &&
                   (level != kSocketLevel || name < kReceiveTimeout || name > kSendTimeout)) {
          out += '[';
          appendSigned(out, bytes.i32(0));
          out += ']';
        } else {
          const std::string_view text = bytes.text(0, length);
          appendQuoted(out, text, call.options().string_limit, text.size() < length);
        }
      },
      "[...]");
}
void sockoptIn(std::string& out, const Call& call, int arg) {
  sockopt(out, call, arg, D::in);
}
void sockoptOut(std::string& out, const Call& call, int arg) {
  sockopt(out, call, arg, D::out);
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::sockaddr_in, Phase::enter, sockaddrIn}, {ArgType::sockaddr_out, Phase::exit, sockaddrOut},
    {ArgType::socklen_inout, Phase::exit, socklen},   {ArgType::sockopt_in, Phase::enter, sockoptIn},
    {ArgType::sockopt_out, Phase::exit, sockoptOut},
};

}  // namespace

void appendSockaddr(std::string& out, const Call& call, const Bytes& bytes, size_t length) {
  const uint16_t family = bytes.u16(0);
  out += "{sa_family=";
  appendConstant(out, kSocketDomain, family, call.style());
  const auto port = [&](std::string_view name) {
    fmt::format_to(std::back_inserter(out), ", {}=htons({})", name, bytes.be16(2));
  };
  if (family == kInet && bytes.has(0, 8)) {
    port("sin_port");
    out += ", sin_addr=inet_addr(\"";
    appendIpv4(out, bytes, 4);
    out += "\")";
  } else if (family == kInet6 && bytes.has(0, 24)) {
    port("sin6_port");
    fmt::format_to(std::back_inserter(out), ", sin6_flowinfo=htonl({}), inet_pton(AF_INET6, \"",
                   bytes.be32(4));
    appendIpv6(out, bytes, 8);
    fmt::format_to(std::back_inserter(out), "\", &sin6_addr), sin6_scope_id={}", bytes.u32(24));
  } else if (family == kUnix && length > 2) {
    const std::string_view path = bytes.text(2, length - 2);
    out += ", sun_path=";
    if (!path.empty() && path[0] == '\0') {
      out += '@';
      appendQuoted(out, path.substr(1), SIZE_MAX, path.size() < length - 2);
    } else {
      const std::string_view name = path.substr(0, path.find('\0'));
      appendQuoted(out, name, SIZE_MAX, name.size() == path.size() && path.size() < length - 2);
    }
  } else if (family == kNetlink && bytes.has(0, 12)) {
    fmt::format_to(std::back_inserter(out), ", nl_pid={}, nl_groups={:08x}", bytes.i32(4), bytes.u32(8));
  } else if (family == kPacket && bytes.has(0, 12)) {
    out += ", sll_protocol=htons(";
    appendConstant(out, kEtherTypes, bytes.be16(2), call.style());
    fmt::format_to(std::back_inserter(out), "), sll_ifindex={}, ...", bytes.i32(4));
  } else if (family == kVsock && bytes.has(0, 12)) {
    fmt::format_to(std::back_inserter(out), ", svm_cid={}, svm_port={}", bytes.u32(8), bytes.u32(4));
  } else if (length > 2) {
    out += ", sa_data=";
    const std::string_view data = bytes.text(2, length - 2);
    appendQuoted(out, data, call.options().string_limit, data.size() < length - 2);
  }
  out += '}';
}

std::span<const ArgDecoder> networkDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
