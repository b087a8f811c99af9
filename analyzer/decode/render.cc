#include "analyzer/decode/render.h"

#include <array>

#include "analyzer/decode/call.h"
#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry {
namespace decode {
namespace {

constexpr size_t kTypes = 512;

// Decoders by type; flags and constants need none, their table is enough.
const std::array<ArgDecoder, kTypes>& decoderIndex() {
  static const auto index = [] {
    std::array<ArgDecoder, kTypes> decoders{};
    for (const auto list : {numberDecoders(), stringDecoders(), fileDecoders(), timeDecoders(),
                            taskDecoders(), signalDecoders(), networkDecoders(), messageDecoders(),
                            pollDecoders(), ipcDecoders(), controlDecoders(), ioctlDecoders()}) {
      for (const ArgDecoder& decoder : list) decoders.at(static_cast<size_t>(decoder.type)) = decoder;
    }
    return decoders;
  }();
  return index;
}

// Flags whose type is a long; the others are ints, whose upper half in the register means nothing.
bool isLongFlags(ArgType type) {
  return type == ArgType::mmap_prot || type == ArgType::mremap_flags || type == ArgType::unshare_flags ||
         type == ArgType::mount_flags || type == ArgType::perf_flags || type == ArgType::ptrace_request;
}

void appendArgument(std::string& out, const Call& call, int arg) {
  const ArgType type = call.type(arg);
  const ArgDecoder& decoder = decoderIndex()[static_cast<size_t>(type)];
  if (decoder.append) return decoder.append(out, call, arg);
  if (const NameTable* table = namesOfType(type)) {
    return appendNames(out, *table, isLongFlags(type) ? call.arg(arg) : call.arg32(arg), call.style());
  }
  if (call.known(arg)) {
    appendHex(out, call.arg(arg));
  } else {
    call.appendAddress(out, arg);
  }
}

// Appends the arguments; returns how much of them was known when the call was entered.
size_t appendArguments(std::string& out, const Call& call) {
  if (appendSpecialCall(out, call)) return out.size();
  const int count = shownArgs(call);
  size_t entered = std::string::npos;
  bool first = true;
  for (int i = 0; i < count; ++i) {
    if (call.type(i) == ArgType::offset_high) continue;
    if (!first) out += ", ";
    first = false;
    const bool later =
        decoderIndex()[static_cast<size_t>(call.type(i))].phase == Phase::exit || filledByCall(call, i);
    if (later && entered == std::string::npos) {
      entered = out.size();
      if (!call.finished()) return entered;
    }
    appendArgument(out, call, i);
  }
  return entered == std::string::npos ? out.size() : entered;
}

const SyscallSpec& specOf(const SyscallEvent& event) {
  if (const SyscallSpec* spec = findSyscall(event.abi, event.nr)) return *spec;
  static const SyscallSpec unknown = [] {
    SyscallSpec spec;
    spec.arg_count = kMaxArgs;
    for (ArgSpec& arg : spec.args) arg.type = ArgType::hex;
    return spec;
  }();
  return unknown;
}

}  // namespace
}  // namespace decode

RenderedCall renderCall(const SyscallEvent& event, const TextOf& text, const ResourceLabelOf& label,
                        const RenderOptions& options) {
  const decode::Call call(event, decode::specOf(event), text, label, options);
  RenderedCall rendered;
  rendered.entered = decode::appendArguments(rendered.args, call);
  decode::appendResult(rendered.result, call);
  return rendered;
}

std::string renderArgs(const SyscallEvent& event, const TextOf& text, const ResourceLabelOf& label,
                       const RenderOptions& options) {
  const decode::Call call(event, decode::specOf(event), text, label, options);
  std::string out;
  decode::appendArguments(out, call);
  return out;
}

std::string renderArgument(const SyscallEvent& event, int arg, const TextOf& text,
                           const ResourceLabelOf& label, const RenderOptions& options) {
  const decode::Call call(event, decode::specOf(event), text, label, options);
  std::string out;
  decode::appendArgument(out, call, arg);
  return out;
}

std::string renderResult(const SyscallEvent& event, const TextOf& text, const ResourceLabelOf& label,
                         const RenderOptions& options) {
  const decode::Call call(event, decode::specOf(event), text, label, options);
  std::string out;
  decode::appendResult(out, call);
  return out;
}

std::string callName(const SyscallEvent& event) {
  if (const SyscallSpec* spec = findSyscall(event.abi, event.nr)) return std::string(spec->name);
  std::string out = "syscall_";
  decode::appendHex(out, event.abi == Abi::i386 ? static_cast<uint32_t>(event.nr)
                                                : static_cast<uint64_t>(int64_t{event.nr}));
  return out;
}

}  // namespace tarry
