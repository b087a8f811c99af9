#include "analyzer/decode/siginfo.h"

#include <array>

#include "analyzer/decode/names.h"
#include "analyzer/decode/text.h"
#include "format/syscall_table.h"

namespace tarry::decode {
namespace {

// Numbers as on x86 and aarch64 (include/uapi/asm-generic/signal.h).
constexpr int32_t kQuit = 3, kIll = 4, kTrap = 5, kAbrt = 6, kBus = 7, kFpe = 8, kSegv = 11, kChld = 17,
                  kCont = 18, kStop = 19, kTstp = 20, kTtin = 21, kTtou = 22, kUrg = 23, kXcpu = 24,
                  kXfsz = 25, kWinch = 28, kPoll = 29, kSys = 31;
// include/uapi/asm-generic/siginfo.h
constexpr int32_t kCodeUser = 0, kCodeKernel = 0x80, kCodeTimer = -2, kCodeSigio = -5, kCodeTkill = -6;
constexpr int32_t kCldExited = 1, kLastPollCode = 6;
constexpr int32_t kPollIn = 1, kPollMsg = 3;

constexpr Name kArchNames[] = {
    // include/uapi/linux/audit.h
    {0x40000003, "AUDIT_ARCH_I386"},
    {0xc000003e, "AUDIT_ARCH_X86_64"},
    {0xc00000b7, "AUDIT_ARCH_AARCH64"},
};
constexpr NameTable kArch = {NameTable::Kind::values, "AUDIT_ARCH_???", kArchNames};

Abi abiOfArch(uint32_t arch) {
  if (arch == kArchNames[0].value) return Abi::i386;
  if (arch == kArchNames[1].value) return Abi::x86_64;
  return arch == kArchNames[2].value ? Abi::aarch64 : Abi::none;
}

// The table of the codes that only this signal has, nullptr where it has none.
const NameTable* codesOf(int32_t signo) {
  switch (signo) {
    case kIll: return &kIllCodes;
    case kTrap: return &kTrapCodes;
    case kBus: return &kBusCodes;
    case kFpe: return &kFpeCodes;
    case kSegv: return &kSegvCodes;
    case kChld: return &kCldCodes;
    case kPoll: return &kPollCodes;
    case kSys: return &kSysCodes;
    default: return nullptr;
  }
}

bool isOwnCode(int32_t code) {
  return code > kCodeUser && code < kCodeKernel;
}

const NameTable& tableOf(int32_t signo, int32_t code) {
  const NameTable* own = isOwnCode(code) ? codesOf(signo) : nullptr;
  return own != nullptr ? *own : kSiCodes;
}

class Writer {
 public:
  Writer(std::string& out, const Siginfo& info, NameStyle style, bool hide_pointers)
      : out_(out), info_(info), style_(style), hide_pointers_(hide_pointers) {}

  void write() {
    out_ += "{si_signo=";
    appendSignal(out_, static_cast<uint32_t>(info_.signo));
    name("si_code");
    appendConstant(out_, tableOf(info_.signo, info_.code), static_cast<uint32_t>(info_.code), style_);
    if (info_.error != 0) error();
    if (info_.code <= kCodeUser) fromUser();
    else fromKernel();
    out_ += '}';
  }

 private:
  void name(std::string_view text) {
    out_ += ", ";
    out_ += text;
    out_ += '=';
  }
  void number(std::string_view text, int64_t value) {
    name(text);
    appendSigned(out_, value);
  }
  void pointer(std::string_view text, uint64_t value) {
    name(text);
    if (value == 0) out_ += "NULL";
    else if (hide_pointers_) out_ += "0x...";
    else appendHex(out_, value);
  }
  void error() {
    name("si_errno");
    const ErrorName* known = findError(info_.error);
    if (known != nullptr) out_ += known->name;
    else appendSigned(out_, info_.error);
  }
  void source() {
    number("si_pid", info_.pid());
    number("si_uid", info_.uid());
  }
  void value() {
    number("si_int", info_.intValue());
    pointer("si_ptr", info_.pointerValue());
  }
  void ticks(std::string_view text, int64_t value) {
    name(text);
    appendTicks(out_, static_cast<uint64_t>(value));
  }

  void fromUser() {
    if (info_.code == kCodeTimer) {
      name("si_timerid");
      appendHex(out_, info_.fields.u32(0));
      number("si_overrun", info_.fields.i32(4));
      return value();
    }
    source();
    const bool may_have_value = info_.code != kCodeUser && info_.code != kCodeTkill;
    if (may_have_value && info_.pointerValue() != 0) value();
  }

  void fromKernel() {
    switch (info_.signo) {
      case kChld: return child();
      case kIll:
      case kTrap:
      case kBus:
      case kFpe:
      case kSegv: return pointer("si_addr", info_.address());
      case kPoll:
        if (info_.code >= kPollIn && info_.code <= kPollMsg) number("si_band", info_.fields.slong(0));
        return;
      case kSys: return call();
      default:
        if (info_.pid() != 0 || info_.uid() != 0) source();
        if (info_.pointerValue() != 0) value();
    }
  }

  void child() {
    source();
    name("si_status");
    if (info_.code == kCldExited) appendSigned(out_, info_.status());
    else appendSignal(out_, static_cast<uint32_t>(info_.status()));
    const uint32_t word = info_.fields.word();
    const size_t times = word == 4 ? 12 : 16;
    ticks("si_utime", info_.fields.slong(times));
    ticks("si_stime", info_.fields.slong(times + word));
  }

  void call() {
    const uint32_t word = info_.fields.word();
    const uint32_t arch = info_.fields.u32(word + 4);
    const int32_t nr = info_.fields.i32(word);
    const SyscallSpec* spec = findSyscall(abiOfArch(arch), nr);
    pointer("si_call_addr", info_.address());
    name("si_syscall");
    if (spec != nullptr) (out_ += "__NR_") += spec->name;
    else appendSigned(out_, nr);
    name("si_arch");
    appendConstant(out_, kArch, arch, style_);
  }

  std::string& out_;
  const Siginfo& info_;
  const NameStyle style_;
  const bool hide_pointers_;
};

}  // namespace

SiginfoLayout Siginfo::layout() const {
  if (isOwnCode(code)) {
    switch (signo) {
      case kIll:
      case kTrap:
      case kBus:
      case kFpe:
      case kSegv: return SiginfoLayout::fault;
      case kChld: return SiginfoLayout::child;
      case kSys: return SiginfoLayout::syscall;
      default: return code <= kLastPollCode ? SiginfoLayout::poll : SiginfoLayout::kill;
    }
  }
  if (code == kCodeTimer) return SiginfoLayout::timer;
  if (code == kCodeSigio) return SiginfoLayout::poll;
  return code < 0 ? SiginfoLayout::queued : SiginfoLayout::kill;
}

bool Siginfo::hasSender() const {
  switch (layout()) {
    case SiginfoLayout::kill: return code == kCodeUser;
    case SiginfoLayout::child:
    case SiginfoLayout::queued: return true;
    case SiginfoLayout::timer:
    case SiginfoLayout::fault:
    case SiginfoLayout::poll:
    case SiginfoLayout::syscall: return false;
  }
  return false;
}

bool Siginfo::hasValue() const {
  return layout() == SiginfoLayout::timer || (layout() == SiginfoLayout::queued && code != kCodeTkill);
}

Siginfo siginfoOf(const SignalEvent& event) {
  return {event.signo,
          event.error,
          event.code,
          {{reinterpret_cast<const uint8_t*>(event.fields.data()), sizeof(event.fields)}, 8}};
}

// include/uapi/asm-generic/siginfo.h: the union begins at the next multiple of the word.
Siginfo siginfoOf(const Bytes& bytes) {
  return {bytes.i32(0), bytes.i32(4), bytes.i32(8), bytes.from(bytes.word() == 4 ? 12 : 16)};
}

std::string_view siginfoCodeName(int32_t signo, int32_t code) {
  return nameOf(tableOf(signo, code), static_cast<uint32_t>(code));
}

void appendSiginfo(std::string& out, const Siginfo& info, NameStyle style, bool hide_pointers) {
  Writer(out, info, style, hide_pointers).write();
}

DefaultAction defaultAction(int32_t signo) {
  switch (signo) {
    case kQuit:
    case kIll:
    case kTrap:
    case kAbrt:
    case kBus:
    case kFpe:
    case kSegv:
    case kXcpu:
    case kXfsz:
    case kSys: return DefaultAction::core;
    case kStop:
    case kTstp:
    case kTtin:
    case kTtou: return DefaultAction::stop;
    case kCont: return DefaultAction::resume;
    case kChld:
    case kUrg:
    case kWinch: return DefaultAction::ignore;
    default: return DefaultAction::terminate;
  }
}

}  // namespace tarry::decode
