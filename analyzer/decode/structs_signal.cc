// Signal sets, actions, information.
#include <bitset>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/siginfo.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

void sigset(std::string& out, const Call& call, int arg, D direction) {
  appendStruct(
      out, call, arg, direction, 8, [&](const Bytes& bytes) { appendSigset(out, bytes.text(0, 8)); },
      "[...]");
}
void sigsetIn(std::string& out, const Call& call, int arg) {
  constexpr uint32_t kExtendedArgument = 8;  // IORING_ENTER_EXT_ARG: another structure in its place
  if (call.name() == "io_uring_enter" && (call.arg32(3) & kExtendedArgument) != 0) {
    return call.appendAddress(out, arg);
  }
  sigset(out, call, arg, D::in);
}
void sigsetOut(std::string& out, const Call& call, int arg) {
  sigset(out, call, arg, D::out);
}
// One long, of the calls that had no room for more signals.
void oldSigset(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::old_sigset_in ? D::in : D::out;
  appendStruct(
      out, call, arg, direction, call.word(),
      [&](const Bytes& bytes) { appendSigset(out, bytes.text(0, call.word())); }, "[...]");
}

// The kernel's struct sigaction (include/linux/signal_types.h): handler, flags, restorer, mask.
void sigaction(std::string& out, const Call& call, int arg, D direction) {
  const uint32_t word = call.word();
  const bool restorer = call.abi() != Abi::aarch64;
  const size_t mask = restorer ? 3 * word : 2 * word;
  appendStruct(out, call, arg, direction, mask + 8, [&](const Bytes& bytes) {
    constexpr uint64_t kRestorer = 0x4000000;
    const uint64_t handler = bytes.ulong(0), flags = bytes.ulong(word);
    out += "{sa_handler=";
    if (handler <= 1) {
      out += handler == 0 ? "SIG_DFL" : "SIG_IGN";
    } else if (bytes.slong(0) == -1) {
      out += "SIG_ERR";
    } else {
      call.appendPointer(out, handler);
    }
    out += ", sa_mask=";
    appendSigset(out, bytes.text(mask, 8));
    out += ", sa_flags=";
    appendFlags(out, kSigactionFlags, flags, call.style());
    if (restorer && (flags & kRestorer) != 0) {
      out += ", sa_restorer=";
      call.appendPointer(out, bytes.ulong(2 * word));
    }
    out += '}';
  });
}
void sigactionIn(std::string& out, const Call& call, int arg) {
  sigaction(out, call, arg, D::in);
}
void sigactionOut(std::string& out, const Call& call, int arg) {
  sigaction(out, call, arg, D::out);
}

void siginfo(std::string& out, const Call& call, int arg, D direction) {
  appendStruct(out, call, arg, direction, 28, [&](const Bytes& bytes) {
    appendSiginfo(out, siginfoOf(bytes), call.style(), call.options().hide_pointers);
  });
}
void siginfoIn(std::string& out, const Call& call, int arg) {
  siginfo(out, call, arg, D::in);
}
void siginfoOut(std::string& out, const Call& call, int arg) {
  // waitid with WNOHANG and nothing to tell leaves zeros.
  const PayloadRef* payload = call.payload(arg, D::out);
  if (call.name() == "waitid" && payload && call.succeeded() && call.bytes(*payload).u32(0) == 0 &&
      !call.isNull(arg)) {
    out += "{}";
    return;
  }
  siginfo(out, call, arg, D::out);
}

void altStack(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::sigaltstack_in ? D::in : D::out;
  const uint32_t word = call.word();
  appendStruct(out, call, arg, direction, 3 * word, [&](const Bytes& bytes) {
    out += "{ss_sp=";
    call.appendPointer(out, bytes.ulong(0));
    out += ", ss_flags=";
    appendFlags(out, kAltStackFlags, bytes.u32(word), call.style());
    out += ", ss_size=";
    appendUnsigned(out, bytes.ulong(2 * word));
    out += '}';
  });
}

// pselect6's last argument: a pointer to the set and its size. Part 1 is the set itself.
void pselectSet(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 2 * call.word(), [&](const Bytes& bytes) {
    const PayloadRef* set = call.payload(arg, D::in, 1);
    out += "{sigmask=";
    if (set && set->data.size() >= 8) {
      appendSigset(out, call.bytes(*set).text(0, 8));
    } else {
      call.appendPointer(out, bytes.ulong(0));
    }
    out += ", sigsetsize=";
    appendUnsigned(out, bytes.ulong(call.word()));
    out += '}';
  });
}

void sigevent(std::string& out, const Call& call, int arg) {
  const uint32_t word = call.word();
  appendStruct(out, call, arg, D::in, word + 8, [&](const Bytes& bytes) {
    constexpr uint32_t kNone = 1, kThreadId = 4;
    const uint32_t notify = bytes.u32(word + 4);
    out += '{';
    if (bytes.ulong(0) != 0) {
      out += "sigev_value={sival_int=";
      appendSigned(out, bytes.i32(0));
      out += ", sival_ptr=";
      call.appendPointer(out, bytes.ulong(0));
      out += "}, ";
    }
    out += "sigev_signo=";
    if (notify == kNone) {
      appendUnsigned(out, bytes.u32(word));
    } else {
      appendSignal(out, bytes.u32(word));
    }
    out += ", sigev_notify=";
    appendConstant(out, kSigevNotify, notify, call.style());
    if (notify == kThreadId) {
      out += ", sigev_notify_thread_id=";
      appendSigned(out, bytes.i32(word + 8));
    }
    out += '}';
  });
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::sigset_in, Phase::enter, sigsetIn},
    {ArgType::sigset_out, Phase::exit, sigsetOut},
    {ArgType::old_sigset_in, Phase::enter, oldSigset},
    {ArgType::old_sigset_out, Phase::exit, oldSigset},
    {ArgType::sigaction_in, Phase::enter, sigactionIn},
    {ArgType::sigaction_out, Phase::exit, sigactionOut},
    {ArgType::siginfo_in, Phase::enter, siginfoIn},
    {ArgType::siginfo_out, Phase::exit, siginfoOut},
    {ArgType::sigaltstack_in, Phase::enter, altStack},
    {ArgType::sigaltstack_out, Phase::exit, altStack},
    {ArgType::pselect_sigset_in, Phase::enter, pselectSet},
    {ArgType::sigevent_in, Phase::enter, sigevent},
};

}  // namespace

void appendSigset(std::string& out, std::string_view bytes) {
  std::bitset<64> set;
  for (size_t i = 0; i < bytes.size() * 8 && i < 64; ++i) {
    set[i] = (static_cast<uint8_t>(bytes[i / 8]) >> (i % 8) & 1) != 0;
  }
  // Where most are in, the others are named.
  if (set.count() >= 64 * 2 / 3) {
    out += '~';
    set.flip();
  }
  out += '[';
  bool first = true;
  for (size_t i = 0; i < 64; ++i) {
    if (!set[i]) continue;
    if (!first) out += ' ';
    first = false;
    std::string name;
    appendSignal(name, static_cast<uint32_t>(i + 1));
    out += name.starts_with("SIG") ? name.substr(3) : name;
  }
  out += ']';
}

std::span<const ArgDecoder> signalDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
