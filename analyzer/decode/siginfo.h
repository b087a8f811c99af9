// What comes with a signal: siginfo_t in numbers, in words and as strace prints it. From a recorded
// signal or from the bytes behind a pointer of a call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/decode/call.h"
#include "format/events.h"

namespace tarry::decode {

// Which members the union behind si_code has (kernel/signal.c, siginfo_layout()).
enum class SiginfoLayout : uint8_t {
  kill,     // pid, uid
  child,    // pid, uid, status, CPU times
  queued,   // pid, uid, value
  timer,    // timer, overrun, value
  fault,    // address
  poll,     // band, fd
  syscall,  // address, number, architecture
};

struct Siginfo {
  int32_t signo = 0;
  int32_t error = 0;
  int32_t code = 0;
  Bytes fields;  // the union, with the longs of its ABI

  SiginfoLayout layout() const;
  bool hasSender() const;  // pid() and uid() mean something
  bool isOfChild() const { return layout() == SiginfoLayout::child; }
  int32_t pid() const { return fields.i32(0); }
  uint32_t uid() const { return fields.u32(4); }
  int32_t status() const { return fields.i32(8); }      // of a child: exit status, or a signal's number
  uint64_t address() const { return fields.ulong(0); }  // of a fault
  bool hasValue() const;
  int32_t intValue() const { return fields.i32(8); }
  uint64_t pointerValue() const { return fields.ulong(8); }
};

// Borrows the event's fields.
Siginfo siginfoOf(const SignalEvent& event);
// Of the bytes of a siginfo_t.
Siginfo siginfoOf(const Bytes& bytes);

// SI_USER, CLD_EXITED, SEGV_MAPERR; "" where it has no name.
std::string_view siginfoCodeName(int32_t signo, int32_t code);
// {si_signo=SIGCHLD, si_code=CLD_EXITED, …}
void appendSiginfo(std::string& out, const Siginfo& info, NameStyle style, bool hide_pointers);

// What happens without a handler (signal(7)).
enum class DefaultAction : uint8_t { terminate, core, stop, resume, ignore };
DefaultAction defaultAction(int32_t signo);

}  // namespace tarry::decode
