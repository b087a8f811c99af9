// Arguments whose meaning a command decides: fcntl, prctl. How many arguments are shown.
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
  kSetOwnEx = 15,
  kGetOwnEx = 16,
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

// include/uapi/asm-generic/fcntl.h: struct f_owner_ex
void appendOwner(std::string& out, const Call& call, int arg, D direction) {
  static constexpr Name kTypes[] = {{0, "F_OWNER_TID"}, {1, "F_OWNER_PID"}, {2, "F_OWNER_PGRP"}};
  appendStruct(out, call, arg, direction, 8, [&](const Bytes& bytes) {
    out += "{type=";
    appendConstant(out, {NameTable::Kind::values, "F_OWNER_???", kTypes}, bytes.u32(0), call.style());
    out += ", pid=";
    appendSigned(out, bytes.i32(4));
    out += '}';
  });
}

void fcntlArgument(std::string& out, const Call& call, int arg) {
  const uint32_t command = call.arg32(arg - 1);
  if (isLock(command)) return appendLock(out, call, arg);
  switch (command) {
    case kSetFd: return appendFlags(out, kFdFlags, call.arg32(arg), call.style());
    case kSetFl: return appendOpenFlags(out, call, call.arg32(arg));
    case kSetOwnEx: return appendOwner(out, call, arg, D::in);
    case kGetOwnEx: return appendOwner(out, call, arg, D::out);
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
  kGetSecureBits = 27,
  kSetTimerSlack = 29,
  kGetTimerSlack = 30,
  kPerfDisable = 31,
  kPerfEnable = 32,
  kGetTsc = 25,
  kSetSubreaper = 36,
  kGetSubreaper = 37,
  kSetNoNewPrivs = 38,
  kGetTidAddress = 40,
  kAmbient = 47,
  kGetNoNewPrivs = 39,
  kSetThpDisable = 41,
  kGetThpDisable = 42,
};

template <class Body>
void appendPointed(std::string& out, const Call& call, int arg, size_t size, const Body& body) {
  appendStruct(
      out, call, arg, D::out, size,
      [&](const Bytes& bytes) {
        out += '[';
        body(bytes);
        out += ']';
      },
      "[...]");
}

// include/uapi/linux/filter.h: struct sock_fprog
void appendFilterProgram(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 2 * call.word(), [&](const Bytes& bytes) {
    out += "{len=";
    appendUnsigned(out, bytes.u16(0));
    out += ", filter=";
    call.appendPointer(out, bytes.ulong(call.word()));
    out += '}';
  });
}

// seccomp(2)
void seccompArgument(std::string& out, const Call& call, int arg) {
  constexpr uint32_t kSetModeFilter = 1;
  if (call.arg32(0) == kSetModeFilter) {
    appendFilterProgram(out, call, arg);
  } else {
    call.appendAddress(out, arg);
  }
}

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
        // As strace: from 15 characters on nobody knows whether there were more.
        const std::string_view text = call.bytes(*payload).cString(0, 16);
        return appendQuoted(out, text, 15, text.size() >= 15);
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
      case kGetDeathSignal:
        return appendPointed(out, call, arg, 4, [&](const Bytes& bytes) { appendSignal(out, bytes.u32(0)); });
      case kGetSubreaper:
        return appendPointed(out, call, arg, 4, [&](const Bytes& bytes) { appendSigned(out, bytes.i32(0)); });
      case kGetTidAddress:
        return appendPointed(out, call, arg, call.word(),
                             [&](const Bytes& bytes) { call.appendPointer(out, bytes.ulong(0)); });
      case kGetTsc: {
        static constexpr Name kNames[] = {{1, "PR_TSC_ENABLE"}, {2, "PR_TSC_SIGSEGV"}};
        return appendPointed(out, call, arg, 4, [&](const Bytes& bytes) {
          appendConstant(out, {NameTable::Kind::values, "PR_TSC_???", kNames}, bytes.u32(0), call.style());
        });
      }
      case kBoundingRead:
      case kBoundingDrop: return appendConstant(out, kCapabilities, call.arg(arg), call.style());
      default: break;
    }
  }
  if (option == kAmbient && arg == 1) {
    static constexpr Name kNames[] = {{1, "PR_CAP_AMBIENT_IS_SET"},
                                      {2, "PR_CAP_AMBIENT_RAISE"},
                                      {3, "PR_CAP_AMBIENT_LOWER"},
                                      {4, "PR_CAP_AMBIENT_CLEAR_ALL"}};
    return appendConstant(out, {NameTable::Kind::values, "PR_CAP_AMBIENT_???", kNames}, call.arg(arg),
                          call.style());
  }
  if (option == kAmbient && arg == 2) return appendConstant(out, kCapabilities, call.arg(arg), call.style());
  if (arg == 2 && option == kSetSeccomp) return appendFilterProgram(out, call, arg);
  if (!call.known(arg)) return call.appendAddress(out, arg);
  if (call.options().hide_pointers && call.arg(arg) >= 4096) return call.appendPointer(out, call.arg(arg));
  appendHex(out, call.arg(arg));
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::fcntl_arg, Phase::enter, fcntlArgument},
    {ArgType::prctl_arg, Phase::enter, prctlArgument},
    {ArgType::seccomp_in, Phase::enter, seccompArgument},
};

int shownPrctl(uint32_t option) {
  switch (option) {
    case kGetDumpable:
    case kGetKeepCaps:
    case kGetSeccomp:
    case kGetTimerSlack:
    case kGetSecureBits:
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
    case kGetTsc:
    case kGetTidAddress:
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
      case ArgType::ioctl_request: return ioctlHasArgument(value) ? count : i + 1;
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
    case ArgType::fcntl_arg: return isGetLock(call.arg32(arg - 1)) || call.arg32(arg - 1) == kGetOwnEx;
    case ArgType::ioctl_arg: return ioctlFillsIn(call.arg32(arg - 1));
    case ArgType::prctl_arg:
      return arg == 1 &&
             (call.arg32(0) == kGetName || call.arg32(0) == kGetDeathSignal ||
              call.arg32(0) == kGetSubreaper || call.arg32(0) == kGetTsc || call.arg32(0) == kGetTidAddress);
    default: return false;
  }
}

std::span<const ArgDecoder> controlDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
