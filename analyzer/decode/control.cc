// Arguments whose meaning a command decides: fcntl, ioctl, prctl.
#include <algorithm>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

// ---- fcntl(2); commands of include/uapi/asm-generic/fcntl.h and linux/fcntl.h

enum FcntlCommand : uint32_t {
  kDupFd = 0,
  kGetFd = 1,
  kSetFd = 2,
  kGetFl = 3,
  kSetFl = 4,
  kGetLk = 5,
  kSetLk = 6,
  kSetLkw = 7,
  kSetOwn = 8,
  kGetOwn = 9,
  kSetSig = 10,
  kGetSig = 11,
  kGetLk64 = 12,
  kSetLk64 = 13,
  kSetLkw64 = 14,
  kOfdGetLk = 36,
  kOfdSetLk = 37,
  kOfdSetLkw = 38,
  kSetLease = 1024,
  kGetLease = 1025,
  kDupFdCloexec = 1030,
  kSetPipeSize = 1031,
  kGetPipeSize = 1032,
  kAddSeals = 1033,
  kGetSeals = 1034,
};

bool isLock(uint32_t command) {
  return (command >= kGetLk && command <= kSetLkw) ||
         (command >= kGetLk64 && command <= kOfdSetLkw && command != 15 && command != 16);
}
bool isGetLock(uint32_t command) {
  return command == kGetLk || command == kGetLk64 || command == kOfdGetLk;
}

void appendLock(std::string& out, const Call& call, int arg) {
  // struct flock, or struct flock64 of a 32-bit ABI, whose 64-bit members are not padded.
  const uint32_t command = call.arg32(arg - 1);
  const bool wide = call.word() == 8 || command >= kGetLk64;
  const size_t number = wide ? 8 : 4, start = call.word() == 8 ? 8 : 4;
  const D direction = isGetLock(command) && call.succeeded() ? D::out : D::in;
  appendStruct(out, call, arg, direction, start + 2 * number + 4, [&](const Bytes& bytes) {
    const auto offset = [&](size_t at) { return wide ? bytes.i64(at) : int64_t{bytes.i32(at)}; };
    out += "{l_type=";
    appendConstant(out, kLockTypes, bytes.u16(0), call.style());
    out += ", l_whence=";
    appendConstant(out, kSeekWhence, bytes.u16(2), call.style());
    out += ", l_start=";
    appendSigned(out, offset(start));
    out += ", l_len=";
    appendSigned(out, offset(start + number));
    if (direction == D::out) {
      out += ", l_pid=";
      appendSigned(out, bytes.i32(start + 2 * number));
    }
    out += '}';
  });
}

void fcntlArgument(std::string& out, const Call& call, int arg) {
  const uint32_t command = call.arg32(arg - 1);
  if (isLock(command)) return appendLock(out, call, arg);
  switch (command) {
    case kSetFd: return appendFlags(out, kFdFlags, call.arg32(arg), call.style());
    case kSetFl: return appendOpenFlags(out, call, call.arg32(arg));
    case kSetSig: return appendSignal(out, call.arg32(arg));
    case kSetLease: return appendConstant(out, kLockTypes, call.arg32(arg), call.style());
    case kAddSeals: return appendFlags(out, kSeals, call.arg32(arg), call.style());
    case kDupFd:
    case kDupFdCloexec:
    case kSetOwn:
    case kSetPipeSize: return appendSigned(out, call.argInt(arg));
    default: return call.known(arg) ? appendHex(out, call.arg(arg)) : call.appendAddress(out, arg);
  }
}

// ---- ioctl(2): requests of asm-generic/ioctls.h and others

enum Request : uint32_t {
  kTcGets = 0x5401,
  kTcSets = 0x5402,
  kTcSetsw = 0x5403,
  kTcSetsf = 0x5404,
  kTcFlush = 0x540b,
  kTioGetPgrp = 0x540f,
  kTioSetPgrp = 0x5410,
  kOutputQueue = 0x5411,
  kGetWindow = 0x5413,
  kSetWindow = 0x5414,
  kInputQueue = 0x541b,
  kNonBlock = 0x5421,
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
};

constexpr uint32_t kIntOut[] = {kTioGetPgrp, kOutputQueue, kInputQueue, kGetSession, kPtyNumber};
constexpr uint32_t kIntIn[] = {kTioSetPgrp, kNonBlock, kAsync, kPtyLock};
constexpr uint32_t kPlainNumber[] = {kTcFlush, kFiClone};

template <size_t N>
bool isOneOf(uint32_t value, const uint32_t (&list)[N]) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

void appendWindow(std::string& out, const Call& call, int arg, D direction) {
  appendStruct(out, call, arg, direction, 8, [&](const Bytes& bytes) {
    static constexpr std::string_view kNames[] = {"ws_row", "ws_col", "ws_xpixel", "ws_ypixel"};
    for (size_t i = 0; i < 4; ++i) {
      out += i == 0 ? "{" : ", ";
      out += kNames[i];
      out += '=';
      appendUnsigned(out, bytes.u16(i * 2));
    }
    out += '}';
  });
}

// struct termios of the kernel (include/uapi/asm-generic/termbits.h), in strace's short form.
void appendTermios(std::string& out, const Call& call, int arg, D direction) {
  appendStruct(out, call, arg, direction, 17, [&](const Bytes& bytes) {
    static constexpr std::string_view kNames[] = {"c_iflag", "c_oflag", "c_cflag", "c_lflag"};
    for (size_t i = 0; i < 4; ++i) {
      out += i == 0 ? "{" : ", ";
      out += kNames[i];
      out += '=';
      appendHex(out, bytes.u32(i * 4));
    }
    out += ", ...}";
  });
}

bool ioctlFillsIn(uint32_t request) {
  if (isOneOf(request, kIntOut) || request == kGetWindow || request == kTcGets) return true;
  // _IOR of the generic encoding; terminal requests are older than it.
  return (request >> 30 & 2) != 0;
}

void ioctlArgument(std::string& out, const Call& call, int arg) {
  const uint32_t request = call.arg32(arg - 1);
  const auto number = [&](D direction) {
    appendStruct(
        out, call, arg, direction, 4,
        [&](const Bytes& bytes) {
          out += '[';
          appendSigned(out, bytes.i32(0));
          out += ']';
        },
        "[...]");
  };
  if (isOneOf(request, kIntOut)) return number(D::out);
  if (isOneOf(request, kIntIn)) return number(D::in);
  if (isOneOf(request, kPlainNumber)) return appendSigned(out, call.argInt(arg));
  if (request == kGetWindow) return appendWindow(out, call, arg, D::out);
  if (request == kSetWindow) return appendWindow(out, call, arg, D::in);
  if (request == kTcGets) return appendTermios(out, call, arg, D::out);
  if (request >= kTcSets && request <= kTcSetsf) return appendTermios(out, call, arg, D::in);
  if (call.known(arg)) {
    if (call.options().hide_pointers && call.arg(arg) >= 4096) return call.appendPointer(out, call.arg(arg));
    return appendHex(out, call.arg(arg));
  }
  call.appendAddress(out, arg);
}

// ---- prctl(2)

enum PrctlOption : uint32_t {
  kSetDeathSignal = 1,
  kGetDeathSignal = 2,
  kGetDumpable = 3,
  kSetDumpable = 4,
  kGetKeepCaps = 7,
  kSetKeepCaps = 8,
  kSetName = 15,
  kGetName = 16,
  kGetSeccomp = 21,
  kSetSeccomp = 22,
  kBoundingRead = 23,
  kBoundingDrop = 24,
  kSetTimerSlack = 29,
  kGetTimerSlack = 30,
  kPerfDisable = 31,
  kPerfEnable = 32,
  kSetSubreaper = 36,
  kGetSubreaper = 37,
  kSetNoNewPrivs = 38,
  kGetNoNewPrivs = 39,
  kSetThpDisable = 41,
  kGetThpDisable = 42,
};

void prctlArgument(std::string& out, const Call& call, int arg) {
  const uint32_t option = call.arg32(0);
  if (arg == 1) {
    switch (option) {
      case kSetDeathSignal: return appendSignal(out, call.arg32(arg));
      case kSetName:
      case kGetName: {
        const PayloadRef* payload = call.payloadPart(arg, 0);
        if (const StringArg* string = call.string(arg))
          return appendQuoted(out, call.text(string->text), 15, false);
        if (!payload) return call.appendAddress(out, arg);
        return appendQuoted(out, call.bytes(*payload).cString(0, 16), 15, false);
      }
      case kSetDumpable: {
        static constexpr Name kNames[] = {
            {0, "SUID_DUMP_DISABLE"}, {1, "SUID_DUMP_USER"}, {2, "SUID_DUMP_ROOT"}};
        return appendConstant(out, {NameTable::Kind::values, "SUID_DUMP_???", kNames}, call.arg(arg),
                              call.style());
      }
      case kSetSeccomp: {
        static constexpr Name kNames[] = {
            {0, "SECCOMP_MODE_DISABLED"}, {1, "SECCOMP_MODE_STRICT"}, {2, "SECCOMP_MODE_FILTER"}};
        return appendConstant(out, {NameTable::Kind::values, "SECCOMP_MODE_???", kNames}, call.arg(arg),
                              call.style());
      }
      case kSetSubreaper:
      case kSetNoNewPrivs:
      case kSetThpDisable:
      case kSetKeepCaps:
      case kSetTimerSlack: return appendUnsigned(out, call.arg(arg));
      default: break;
    }
  }
  if (!call.known(arg)) return call.appendAddress(out, arg);
  if (call.options().hide_pointers && call.arg(arg) >= 4096) return call.appendPointer(out, call.arg(arg));
  appendHex(out, call.arg(arg));
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::fcntl_arg, Phase::enter, fcntlArgument},
    {ArgType::ioctl_arg, Phase::enter, ioctlArgument},
    {ArgType::prctl_arg, Phase::enter, prctlArgument},
};

int shownPrctl(uint32_t option) {
  switch (option) {
    case kGetDumpable:
    case kGetKeepCaps:
    case kGetSeccomp:
    case kGetTimerSlack:
    case kPerfDisable:
    case kPerfEnable: return 1;
    case kSetDeathSignal:
    case kGetDeathSignal:
    case kSetDumpable:
    case kSetKeepCaps:
    case kSetName:
    case kGetName:
    case kBoundingRead:
    case kBoundingDrop:
    case kSetTimerSlack:
    case kSetSubreaper:
    case kGetSubreaper: return 2;
    case kSetSeccomp: return 3;
    default: return 5;
  }
}

}  // namespace

int shownArgs(const Call& call) {
  const int count = call.spec().arg_count;
  for (int i = 0; i < count; ++i) {
    const uint32_t value = call.arg32(i);
    switch (call.type(i)) {
      case ArgType::open_flags: {
        // The mode (and mq_open's attributes) are looked at only where a file may be created.
        constexpr uint32_t kCreate = 0100, kTmpFile = 020000000;
        if (i + 1 < count && call.type(i + 1) == ArgType::octal_mode && (value & (kCreate | kTmpFile)) == 0)
          return i + 1;
        break;
      }
      case ArgType::mremap_flags: {
        constexpr uint32_t kFixed = 2, kDontUnmap = 4;
        return (value & (kFixed | kDontUnmap)) != 0 ? count : count - 1;
      }
      case ArgType::file_mode: {
        const uint32_t type = value & 0170000;
        return type == 0020000 || type == 0060000 ? count : count - 1;
      }
      case ArgType::fcntl_cmd:
        return value == kGetFd || value == kGetFl || value == kGetOwn || value == kGetSig ||
                       value == kGetLease || value == kGetPipeSize || value == kGetSeals
                   ? i + 1
                   : count;
      case ArgType::ioctl_request:
        return value == kCloexec || value == kNoCloexec || value == kExclusive || value == kNotExclusive ||
                       value == kNoTty
                   ? i + 1
                   : count;
      case ArgType::prctl_option: return shownPrctl(value);
      case ArgType::reboot_cmd: {
        constexpr uint32_t kRestart2 = 0xa1b2c3d4;
        return value == kRestart2 ? count : count - 1;
      }
      case ArgType::offset_high:  // belongs to the argument before it
      default: break;
    }
  }
  return count;
}

bool filledByCall(const Call& call, int arg) {
  switch (call.type(arg)) {
    case ArgType::fcntl_arg: return isGetLock(call.arg32(arg - 1));
    case ArgType::ioctl_arg: return ioctlFillsIn(call.arg32(arg - 1));
    case ArgType::prctl_arg:
      return arg == 1 && (call.arg32(0) == kGetName || call.arg32(0) == kGetDeathSignal);
    default: return false;
  }
}

std::span<const ArgDecoder> controlDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
