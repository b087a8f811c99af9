// ioctl(2): what its third argument is, by the request: asm-generic/ioctls.h, linux/sockios.h, linux/fs.h.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

enum Request : uint32_t {
  kTcGets = 0x5401,
  kTcSets = 0x5402,
  kTcSetsf = 0x5404,
  kTcGets2 = 0x802c542a,
  kTcSets2 = 0x402c542b,
  kTcSetsw2 = 0x402c542c,
  kTcSetsf2 = 0x402c542d,
  kTcSendBreak = 0x5409,
  kTcFlow = 0x540a,
  kTcFlush = 0x540b,
  kTcSendBreakPosix = 0x5425,
  kControllingTty = 0x540e,
  kTioGetPgrp = 0x540f,
  kTioSetPgrp = 0x5410,
  kOutputQueue = 0x5411,
  kGetWindow = 0x5413,
  kSetWindow = 0x5414,
  kGetModem = 0x5415,
  kSetModemBits = 0x5416,
  kClearModemBits = 0x5417,
  kSetModem = 0x5418,
  kInputQueue = 0x541b,
  kPacketMode = 0x5420,
  kNonBlock = 0x5421,
  kSetDiscipline = 0x5423,
  kGetDiscipline = 0x5424,
  kGetSession = 0x5429,
  kPtyNumber = 0x80045430,
  kPtyLock = 0x40045431,
  kAsync = 0x5452,
  kNoCloexec = 0x5450,
  kCloexec = 0x5451,
  kExclusive = 0x540c,
  kNotExclusive = 0x540d,
  kNoTty = 0x5422,
  kFiClone = 0x40049409,
  kSectorSize = 0x1268,
  kDeviceBytes = 0x80081272,
  kAtMark = 0x8905,
  kInterfaceName = 0x8910,
  kInterfaceList = 0x8912,
  kFirstInterface = 0x8913,
  kLastInterface = 0x8942,
  kInterfaceFlags = 0x8913,
  kInterfaceAddress = 0x8915,
  kPeerAddress = 0x8917,
  kBroadcastAddress = 0x8919,
  kNetmask = 0x891b,
  kMetric = 0x891d,
  kMtu = 0x8921,
  kInterfaceIndex = 0x8933,
  kQueueLength = 0x8942,
};

constexpr uint32_t kIntOut[] = {kTioGetPgrp, kOutputQueue,   kInputQueue, kGetSession,
                                kPtyNumber,  kGetDiscipline, kSectorSize, kAtMark};
constexpr uint32_t kIntIn[] = {kTioSetPgrp, kNonBlock, kAsync, kPtyLock, kPacketMode, kSetDiscipline};
constexpr uint32_t kPlainNumber[] = {kFiClone, kTcSendBreak, kTcSendBreakPosix, kControllingTty};
constexpr uint32_t kNoArgument[] = {kCloexec, kNoCloexec, kExclusive, kNotExclusive, kNoTty};

template <size_t N>
bool isOneOf(uint32_t value, const uint32_t (&list)[N]) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

constexpr Name kFlow[] = {{0, "TCOOFF"}, {1, "TCOON"}, {2, "TCIOFF"}, {3, "TCION"}};
constexpr Name kFlush[] = {{0, "TCIFLUSH"}, {1, "TCOFLUSH"}, {2, "TCIOFLUSH"}};

// include/uapi/linux/if.h
constexpr Name kInterfaceBits[] = {
    {0x1, "IFF_UP"},           {0x2, "IFF_BROADCAST"},   {0x4, "IFF_DEBUG"},        {0x8, "IFF_LOOPBACK"},
    {0x10, "IFF_POINTOPOINT"}, {0x20, "IFF_NOTRAILERS"}, {0x40, "IFF_RUNNING"},     {0x80, "IFF_NOARP"},
    {0x100, "IFF_PROMISC"},    {0x200, "IFF_ALLMULTI"},  {0x400, "IFF_MASTER"},     {0x800, "IFF_SLAVE"},
    {0x1000, "IFF_MULTICAST"}, {0x2000, "IFF_PORTSEL"},  {0x4000, "IFF_AUTOMEDIA"}, {0x8000, "IFF_DYNAMIC"}};

constexpr size_t kInterfaceNameBytes = 16;

void appendInterfaceName(std::string& out, const Bytes& bytes) {
  out += "ifr_name=";
  appendQuoted(out, bytes.cString(0, kInterfaceNameBytes), SIZE_MAX, false);
}

// The member that the request is about; a pair of requests each, to get and to set.
void appendInterfaceValue(std::string& out, const Call& call, const Bytes& bytes, uint32_t request) {
  const Bytes value = bytes.from(kInterfaceNameBytes);
  const auto number = [&](std::string_view name) {
    fmt::format_to(std::back_inserter(out), "{}={}", name, value.i32(0));
  };
  const auto address = [&](std::string_view name) {
    out += name;
    out += '=';
    appendSockaddr(out, call, value, 16);
  };
  switch (request) {
    case kInterfaceFlags:
    case kInterfaceFlags + 1:
      out += "ifr_flags=";
      return appendFlags(out, {NameTable::Kind::flags, "IFF_???", kInterfaceBits}, value.u16(0),
                         call.style());
    case kInterfaceAddress:
    case kInterfaceAddress + 1: return address("ifr_addr");
    case kPeerAddress:
    case kPeerAddress + 1: return address("ifr_dstaddr");
    case kBroadcastAddress:
    case kBroadcastAddress + 1: return address("ifr_broadaddr");
    case kNetmask:
    case kNetmask + 1: return address("ifr_netmask");
    case kMetric:
    case kMetric + 1: return number("ifr_metric");
    case kMtu:
    case kMtu + 1: return number("ifr_mtu");
    case kInterfaceIndex: return number("ifr_ifindex");
    case kQueueLength: return number("ifr_qlen");
    default: out += "...";
  }
}

bool getsInterface(uint32_t request) {
  return request == kInterfaceName || request == kInterfaceIndex || request == kQueueLength ||
         (request >= kFirstInterface && request <= kMtu && (request & 1) != 0);
}

// struct ifreq
void appendInterface(std::string& out, const Call& call, int arg, uint32_t request) {
  const bool gets = getsInterface(request);
  const PayloadRef* before = call.payload(arg, D::in);
  if (gets && call.failed() && before && before->data.size() >= kInterfaceNameBytes &&
      call.abi() != Abi::x32) {
    out += '{';
    if (request == kInterfaceName) {
      fmt::format_to(std::back_inserter(out), "ifr_ifindex={}", call.bytes(*before).i32(kInterfaceNameBytes));
    } else {
      appendInterfaceName(out, call.bytes(*before));
    }
    out += '}';
    return;
  }
  appendStruct(out, call, arg, gets ? D::out : D::in, kInterfaceNameBytes + 16, [&](const Bytes& bytes) {
    out += '{';
    if (request == kInterfaceName) {
      fmt::format_to(std::back_inserter(out), "ifr_ifindex={}, ", bytes.i32(kInterfaceNameBytes));
      appendInterfaceName(out, bytes);
    } else {
      appendInterfaceName(out, bytes);
      out += ", ";
      appendInterfaceValue(out, call, bytes, request);
    }
    out += '}';
  });
}

// An argument that is a number or a pointer to something unknown.
void appendPlain(std::string& out, const Call& call, int arg) {
  if (!call.known(arg)) return call.appendAddress(out, arg);
  if (call.options().hide_pointers && call.arg(arg) >= 4096) return call.appendPointer(out, call.arg(arg));
  appendHex(out, call.arg(arg));
}

void ioctlArgument(std::string& out, const Call& call, int arg) {
  const uint32_t request = call.arg32(arg - 1);
  if (isOneOf(request, kIntOut)) return appendIntAt(out, call, arg, D::out);
  if (isOneOf(request, kIntIn)) return appendIntAt(out, call, arg, D::in);
  if (isOneOf(request, kPlainNumber)) return appendSigned(out, call.argInt(arg));
  if (request >= kFirstInterface && request <= kLastInterface)
    return appendInterface(out, call, arg, request);
  switch (request) {
    case kGetWindow: return appendWindowSize(out, call, arg, D::out);
    case kSetWindow: return appendWindowSize(out, call, arg, D::in);
    case kTcGets:
    case kTcGets2: return appendTermios(out, call, arg, D::out);
    case kTcSets:
    case kTcSets + 1:
    case kTcSetsf:
    case kTcSets2:
    case kTcSetsw2:
    case kTcSetsf2: return appendTermios(out, call, arg, D::in);
    case kGetModem: return appendModemLines(out, call, arg, D::out);
    case kSetModemBits:
    case kClearModemBits:
    case kSetModem: return appendModemLines(out, call, arg, D::in);
    case kTcFlow:
      return appendConstant(out, {NameTable::Kind::values, "TC???", kFlow}, call.arg(arg), call.style());
    case kTcFlush:
      return appendConstant(out, {NameTable::Kind::values, "TC???", kFlush}, call.arg(arg), call.style());
    case kInterfaceName: return appendInterface(out, call, arg, request);
    case kDeviceBytes:
      return appendStruct(
          out, call, arg, D::out, 8,
          [&](const Bytes& bytes) { fmt::format_to(std::back_inserter(out), "[{}]", bytes.u64(0)); },
          "[...]");
    default: return appendPlain(out, call, arg);
  }
}

constexpr ArgDecoder kDecoders[] = {{ArgType::ioctl_arg, Phase::enter, ioctlArgument}};

}  // namespace

bool ioctlFillsIn(uint32_t request) {
  if (isOneOf(request, kIntOut) || request == kGetWindow || request == kTcGets || request == kGetModem)
    return true;
  if (getsInterface(request)) return true;
  // _IOR of the generic encoding; the other requests are older than it.
  return (request >> 30 & 2) != 0;
}

bool ioctlHasArgument(uint32_t request) {
  return !isOneOf(request, kNoArgument);
}

std::span<const ArgDecoder> ioctlDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
