// Calls whose arguments strace shows in an order of their own.
#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

// clone(2): child_stack first, then what the flags make meaningful.
void appendClone(std::string& out, const Call& call) {
  constexpr uint64_t kSettls = 0x80000, kParentTid = 0x100000, kPidFd = 0x1000,
                     kChildTid = 0x200000 | 0x1000000;
  const bool tls_fourth = call.abi() == Abi::i386 || call.abi() == Abi::aarch64;
  const int tls = tls_fourth ? 3 : 4, child_tid = tls_fourth ? 4 : 3;
  const uint64_t flags = call.arg(0);
  out += "child_stack=";
  call.appendAddress(out, 1);
  out += ", flags=";
  if (flags & ~uint64_t{0xff}) appendFlags(out, kCloneFlags, flags & ~uint64_t{0xff}, call.style());
  if (flags & 0xff) {
    if (flags & ~uint64_t{0xff}) out += '|';
    appendSignal(out, static_cast<uint32_t>(flags & 0xff));
  } else if (flags == 0) {
    out += '0';
  }
  const auto pointer = [&](std::string_view name, int arg) {
    out += ", ";
    out += name;
    out += '=';
    call.appendAddress(out, arg);
  };
  if (flags & (kParentTid | kPidFd)) {
    const PayloadRef* written = call.payload(2, PayloadDirection::out);
    if (written && written->data.size() >= 4 && call.succeeded()) {
      out += ", parent_tid=[";
      if (flags & kParentTid) {
        appendSigned(out, call.bytes(*written).i32(0));
      } else {
        call.appendFd(out, call.bytes(*written).i32(0));
      }
      out += ']';
    } else {
      pointer("parent_tid", 2);
    }
  }
  if (flags & kSettls) pointer("tls", tls);
  if (flags & kChildTid) pointer("child_tidptr", child_tid);
}

// The mask that a signal handler's frame restores.
void appendSigreturn(std::string& out, const Call& call) {
  const PayloadRef* mask = call.payload(0, PayloadDirection::in);
  if (!mask) return;
  out += "{mask=";
  appendSigset(out, call.bytes(*mask).text(0, 8));
  out += '}';
}

// futex(2), "Futex operations": which arguments each one looks at.
enum FutexCommand : uint32_t {
  kWait = 0,
  kWake = 1,
  kRequeue = 3,
  kCmpRequeue = 4,
  kWakeOp = 5,
  kLockPi = 6,
  kUnlockPi = 7,
  kTryLockPi = 8,
  kWaitBitset = 9,
  kWakeBitset = 10,
  kWaitRequeuePi = 11,
  kCmpRequeuePi = 12,
  kLockPi2 = 13,
};

class FutexPrinter {
 public:
  FutexPrinter(std::string& out, const Call& call) : out_(out), call_(call) {}

  void append() {
    call_.appendAddress(out_, 0);
    out_ += ", ";
    decoded(1);
    switch (static_cast<FutexCommand>(call_.arg32(1) & 0x7f)) {
      case kWait: number(2); return decodedNext(3);
      case kWake: return number(2);
      case kRequeue:
        number(2);
        number(3);
        return address(4);
      case kCmpRequeue:
      case kCmpRequeuePi:
        number(2);
        number(3);
        address(4);
        return number(5);
      case kWakeOp:
        number(2);
        number(3);
        address(4);
        return wakeOperation();
      case kLockPi:
      case kLockPi2: return decodedNext(3);
      case kUnlockPi:
      case kTryLockPi: return;
      case kWaitBitset:
        number(2);
        decodedNext(3);
        return bitset();
      case kWakeBitset: number(2); return bitset();
      case kWaitRequeuePi:
        number(2);
        decodedNext(3);
        return address(4);
    }
    number(2);
    address(3);
    address(4);
    out_ += ", ";
    appendHex(out_, call_.arg32(5));
  }

 private:
  void decoded(int arg);
  void decodedNext(int arg) {
    out_ += ", ";
    decoded(arg);
  }
  void number(int arg) {
    out_ += ", ";
    // nr_requeue is an unsigned int in a pointer's place.
    if (!call_.known(arg)) return call_.appendAddress(out_, arg);
    appendUnsigned(out_, call_.arg32(arg));
  }
  void address(int arg) {
    out_ += ", ";
    call_.appendAddress(out_, arg);
  }
  void bitset() {
    out_ += ", ";
    if (call_.arg32(5) == ~0U) {
      out_ += "FUTEX_BITSET_MATCH_ANY";
    } else {
      appendHex(out_, call_.arg32(5));
    }
  }
  // FUTEX_OP(op, oparg, cmp, cmparg) packed in 4, 12, 4 and 12 bits.
  void wakeOperation() {
    const uint32_t value = call_.arg32(5);
    out_ += ", ";
    if (value & 0x80000000) out_ += "FUTEX_OP_OPARG_SHIFT<<28|";
    appendConstant(out_, kFutexWakeOps, value >> 28 & 7, call_.style());
    out_ += "<<28|";
    appendHex(out_, value >> 12 & 0xfff);
    out_ += "<<12|";
    appendConstant(out_, kFutexWakeCmps, value >> 24 & 0xf, call_.style());
    out_ += "<<24|";
    appendHex(out_, value & 0xfff);
  }

  std::string& out_;
  const Call& call_;
};

void FutexPrinter::decoded(int arg) {
  for (const auto list : {numberDecoders(), timeDecoders()}) {
    for (const ArgDecoder& decoder : list) {
      if (decoder.type == call_.type(arg)) return decoder.append(out_, call_, arg);
    }
  }
}

}  // namespace

bool appendSpecialCall(std::string& out, const Call& call) {
  if (call.name() == "clone") {
    appendClone(out, call);
    return true;
  }
  if (call.name() == "rt_sigreturn") {
    appendSigreturn(out, call);
    return true;
  }
  if (call.name() == "futex" || call.name() == "futex_time64") {
    FutexPrinter(out, call).append();
    return true;
  }
  return false;
}

}  // namespace tarry::decode
