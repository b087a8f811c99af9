// System V message queues and shared memory.
#include <fmt/format.h>

#include <iterator>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

// include/uapi/linux/msg.h: struct msgbuf; `length`: of its text.
void appendMessageBuffer(std::string& out, const Call& call, int arg, D direction, uint64_t length) {
  appendStruct(out, call, arg, direction, call.word(), [&](const Bytes& bytes) {
    out += "{mtype=";
    appendSigned(out, bytes.slong(0));
    out += ", mtext=";
    const std::string_view text = bytes.text(call.word(), static_cast<size_t>(length));
    appendQuoted(out, text, call.options().string_limit, text.size() < length);
    out += '}';
  });
}
void messageBufferIn(std::string& out, const Call& call, int arg) {
  appendMessageBuffer(out, call, arg, D::in, call.arg(call.lengthArg(arg)));
}
void messageBufferOut(std::string& out, const Call& call, int arg) {
  appendMessageBuffer(out, call, arg, D::out, call.succeeded() ? static_cast<uint64_t>(call.ret()) : 0);
}

// include/uapi/asm-generic/shmbuf.h, ipcbuf.h of 64-bit ABIs: struct shmid64_ds
void sharedMemory(std::string& out, const Call& call, int arg) {
  constexpr uint32_t kSet = 1, kStat = 2, kCommandBits = 0xff;  // IPC_64 is above
  const uint32_t command = call.arg32(arg - 1) & kCommandBits;
  if (command != kStat && command != kSet) return call.appendAddress(out, arg);
  appendStruct(out, call, arg, D::out, 112, [&](const Bytes& bytes) {
    fmt::format_to(std::back_inserter(out), "{{shm_perm={{uid={}, gid={}, mode=", bytes.u32(4), bytes.u32(8));
    appendMode(out, bytes.u32(20));
    fmt::format_to(std::back_inserter(out), ", key={}, cuid={}, cgid={}}}, shm_segsz={}", bytes.i32(0),
                   bytes.u32(12), bytes.u32(16), bytes.u64(48));
    fmt::format_to(std::back_inserter(out), ", shm_cpid={}, shm_lpid={}, shm_nattch={}", bytes.i32(80),
                   bytes.i32(84), bytes.u64(88));
    fmt::format_to(std::back_inserter(out), ", shm_atime={}, shm_dtime={}, shm_ctime={}}}", bytes.u64(56),
                   bytes.u64(64), bytes.u64(72));
  });
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::msgbuf_in, Phase::enter, messageBufferIn},
    {ArgType::msgbuf_out, Phase::exit, messageBufferOut},
    {ArgType::shmctl_arg, Phase::exit, sharedMemory},
};

}  // namespace

std::span<const ArgDecoder> ipcDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
