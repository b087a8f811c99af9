// The decoders of arguments by type: one list a subject, joined by render.cc. A decoder appends the
// text of one argument; it may look at the other arguments and at the result, since a call is
// rendered when it is over.
#pragma once

#include <span>
#include <string>

#include "analyzer/decode/call.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {

using ArgFunction = void (*)(std::string& out, const Call& call, int arg);

// When strace would know the argument: decides where an unfinished call's text ends.
enum class Phase : uint8_t { enter, exit };

struct ArgDecoder {
  ArgType type = ArgType::none;
  Phase phase = Phase::enter;
  ArgFunction append = nullptr;
};

std::span<const ArgDecoder> numberDecoders();   // numbers.cc
std::span<const ArgDecoder> stringDecoders();   // strings.cc
std::span<const ArgDecoder> fileDecoders();     // structs_file.cc
std::span<const ArgDecoder> timeDecoders();     // structs_time.cc
std::span<const ArgDecoder> taskDecoders();     // structs_task.cc
std::span<const ArgDecoder> signalDecoders();   // structs_signal.cc
std::span<const ArgDecoder> networkDecoders();  // structs_network.cc
std::span<const ArgDecoder> pollDecoders();     // structs_poll.cc
std::span<const ArgDecoder> messageDecoders();  // structs_message.cc
std::span<const ArgDecoder> ipcDecoders();      // structs_ipc.cc
std::span<const ArgDecoder> controlDecoders();  // control.cc: arguments that depend on a command
std::span<const ArgDecoder> ioctlDecoders();    // ioctl.cc

// ---- special_calls.cc

// How many arguments are shown: open's mode only where a file is created, and so on.
int shownArgs(const Call& call);
// True for an argument whose type says enter but which this command fills in.
bool filledByCall(const Call& call, int arg);
// Calls whose arguments strace puts in another order; false: not one of them.
bool appendSpecialCall(std::string& out, const Call& call);

// ---- ioctl.cc

bool ioctlFillsIn(uint32_t request);      // its argument is known at the return only
bool ioctlHasArgument(uint32_t request);  // a third one

// ---- structs_terminal.cc

void appendTermios(std::string& out, const Call& call, int arg, PayloadDirection direction);
void appendWindowSize(std::string& out, const Call& call, int arg, PayloadDirection direction);
void appendModemLines(std::string& out, const Call& call, int arg, PayloadDirection direction);

// ---- result.cc

void appendResult(std::string& out, const Call& call);

// ---- pieces that several subjects need

void appendTimespec(std::string& out, const Bytes& bytes, size_t offset, uint32_t word);
void appendTimeval(std::string& out, const Bytes& bytes, size_t offset);
// A signal set: [INT CHLD], ~[RTMIN].
void appendSigset(std::string& out, std::string_view bytes);
void appendSockaddr(std::string& out, const Call& call, const Bytes& bytes, size_t length);
// Elements of the iovec array in part 2 with the bytes of parts 3 and 5 (docs/trace-format.md), of which
// `moved` were moved (-1: all, -2: addresses only). `base` is added to the numbers of the parts.
void appendIovec(std::string& out, const Call& call, int arg, uint64_t count, int64_t moved, int base = 0);
void appendWaitStatus(std::string& out, uint32_t status);
void appendOpenFlags(std::string& out, const Call& call, uint64_t flags);

// What is shown for a structure behind argument `arg` that is not there to be decoded: NULL, an
// address where the call failed, otherwise `mark`.
void appendMissing(std::string& out, const Call& call, int arg, PayloadDirection direction,
                   std::string_view mark = "{...}");

// Calls body(bytes) where at least `size` bytes were captured, otherwise appendMissing(). Structures
// of x32 are not taken apart: their longs have 64 bits and their pointers 32.
template <class Body>
void appendStruct(std::string& out, const Call& call, int arg, PayloadDirection direction, size_t size,
                  const Body& body, std::string_view mark = "{...}") {
  const PayloadRef* payload = call.payload(arg, direction);
  const bool readable = direction == PayloadDirection::in || call.succeeded();
  if (call.isNull(arg) || !payload || !readable || payload->data.size() < size || call.abi() == Abi::x32) {
    appendMissing(out, call, arg, direction, mark);
    return;
  }
  body(call.bytes(*payload));
}

// An int behind the argument: "[5]".
inline void appendIntAt(std::string& out, const Call& call, int arg, PayloadDirection direction) {
  const auto body = [&](const Bytes& bytes) {
    out += '[';
    appendSigned(out, bytes.i32(0));
    out += ']';
  };
  appendStruct(out, call, arg, direction, 4, body, "[...]");
}

}  // namespace tarry::decode
