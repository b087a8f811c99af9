// What polling calls wait for: pollfd, fd_set, epoll events; futex_waitv, io_uring.
#include <fmt/format.h>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

void pollFds(std::string& out, const Call& call, int arg) {
  const uint64_t count = call.arg32(call.lengthArg(arg));
  if (count == 0 && call.known(call.lengthArg(arg))) {
    if (call.known(arg)) {
      call.appendAddress(out, arg);
    } else {
      out += "[]";
    }
    return;
  }
  appendStruct(
      out, call, arg, D::in, 8,
      [&](const Bytes& bytes) {
        out += '[';
        for (uint64_t i = 0; i < count; ++i) {
          if (i > 0) out += ", ";
          if (!bytes.has(i * 8, 8) || (i >= call.options().string_limit && call.options().abbreviate)) {
            out += "...";
            break;
          }
          const int32_t fd = bytes.i32(i * 8);
          out += "{fd=";
          call.appendFd(out, fd);
          if (fd >= 0) {
            out += ", events=";
            appendFlags(out, kPollEvents, bytes.u16(i * 8 + 4), call.style());
          }
          out += '}';
        }
        out += ']';
      },
      "[...]");
}

// The fds of one set, up to nfds (argument 0).
void fdSet(std::string& out, const Call& call, int arg) {
  appendStruct(
      out, call, arg, D::in, 1,
      [&](const Bytes& bytes) {
        const int32_t count = call.argInt(0);
        out += '[';
        bool first = true;
        for (int32_t fd = 0; fd < count; ++fd) {
          const auto byte = static_cast<size_t>(fd) / 8;
          if (byte >= bytes.size()) {
            out += first ? "..." : " ...";
            break;
          }
          if ((bytes.u8(byte) >> (fd % 8) & 1) == 0) continue;
          if (!first) out += ' ';
          first = false;
          call.appendFd(out, fd);
        }
        out += ']';
      },
      "[...]");
}

// struct epoll_event is packed on x86 (include/uapi/linux/eventpoll.h).
size_t dataOffset(const Call& call) {
  return call.abi() == Abi::aarch64 ? 8 : 4;
}

void appendEvent(std::string& out, const Call& call, const Bytes& bytes, size_t at) {
  const size_t data = at + dataOffset(call);
  out += "{events=";
  appendFlags(out, kEpollEvents, bytes.u32(at), call.style());
  out += ", data={u32=";
  appendUnsigned(out, bytes.u32(data));
  out += ", u64=";
  appendUnsigned(out, bytes.u64(data));
  out += "}}";
}

void epollEvent(std::string& out, const Call& call, int arg) {
  constexpr uint32_t kDelete = 2;  // EPOLL_CTL_DEL does not look at it
  if (call.arg32(1) == kDelete) return call.appendAddress(out, arg);
  appendStruct(out, call, arg, D::in, dataOffset(call) + 8,
               [&](const Bytes& bytes) { appendEvent(out, call, bytes, 0); });
}

void epollEvents(std::string& out, const Call& call, int arg) {
  if (call.succeeded() && call.ret() == 0) {
    out += "[]";
    return;
  }
  appendStruct(
      out, call, arg, D::out, dataOffset(call) + 8,
      [&](const Bytes& bytes) {
        const size_t size = dataOffset(call) + 8;
        out += '[';
        for (int64_t i = 0; i < call.ret(); ++i) {
          if (i > 0) out += ", ";
          const size_t at = static_cast<size_t>(i) * size;
          if (!bytes.has(at, size) ||
              (static_cast<size_t>(i) >= call.options().string_limit && call.options().abbreviate)) {
            out += "...";
            break;
          }
          appendEvent(out, call, bytes, at);
        }
        out += ']';
      },
      "[...]");
}

// include/uapi/linux/futex.h: struct futex_waitv
void futexWaiters(std::string& out, const Call& call, int arg, uint64_t count) {
  constexpr size_t kSize = 24;
  appendStruct(
      out, call, arg, D::in, kSize,
      [&](const Bytes& bytes) {
        out += '[';
        for (uint64_t i = 0; i < count; ++i) {
          if (i > 0) out += ", ";
          if (!bytes.has(i * kSize, kSize)) {
            out += "...";
            break;
          }
          out += "{val=";
          appendHex(out, bytes.u64(i * kSize));
          out += ", uaddr=";
          call.appendPointer(out, bytes.u64(i * kSize + 8));
          out += ", flags=";
          appendFlags(out, kFutexWaitvFlags, bytes.u32(i * kSize + 16), call.style());
          out += '}';
        }
        out += ']';
      },
      "[...]");
}
void futexWaitv(std::string& out, const Call& call, int arg) {
  futexWaiters(out, call, arg, call.arg32(call.lengthArg(arg)));
}
void futexWaitvPair(std::string& out, const Call& call, int arg) {
  futexWaiters(out, call, arg, 2);
}

// include/uapi/linux/io_uring.h: struct io_uring_params; the kernel fills sizes and features in.
void ioUringParams(std::string& out, const Call& call, int arg) {
  const D direction = call.payload(arg, D::out) && call.succeeded() ? D::out : D::in;
  constexpr uint32_t kAttachWorkers = 0x20;  // IORING_SETUP_ATTACH_WQ
  appendStruct(out, call, arg, direction, 120, [&](const Bytes& bytes) {
    const auto offsets = [&](std::string_view ring, size_t at, std::span<const std::string_view> names) {
      fmt::format_to(std::back_inserter(out), ", {}={{", ring);
      for (size_t i = 0; i < names.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "{}{}={}", i == 0 ? "" : ", ", names[i],
                       bytes.u32(at + 4 * i));
      }
      out += '}';
    };
    out += "{flags=";
    appendFlags(out, kIoUringSetup, bytes.u32(8), call.style());
    out += ", sq_thread_cpu=";
    appendUnsigned(out, bytes.u32(12));
    out += ", sq_thread_idle=";
    appendUnsigned(out, bytes.u32(16));
    if (direction == D::out) {
      out += ", sq_entries=";
      appendUnsigned(out, bytes.u32(0));
      out += ", cq_entries=";
      appendUnsigned(out, bytes.u32(4));
      out += ", features=";
      appendFlags(out, kIoUringFeatures, bytes.u32(20), call.style());
    }
    if ((bytes.u32(8) & kAttachWorkers) != 0) {
      out += ", wq_fd=";
      call.appendFd(out, bytes.i32(24));
    }
    if (direction == D::out) {
      static constexpr std::string_view kSubmission[] = {"head",  "tail",    "ring_mask", "ring_entries",
                                                         "flags", "dropped", "array"};
      static constexpr std::string_view kCompletion[] = {"head",     "tail", "ring_mask", "ring_entries",
                                                         "overflow", "cqes", "flags"};
      offsets("sq_off", 40, kSubmission);
      offsets("cq_off", 80, kCompletion);
    }
    out += '}';
  });
}

// pselect6's struct {const sigset_t *set; size_t size} (part 0) and the set (part 1).
void pselectMask(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 2 * call.word(), [&](const Bytes& bytes) {
    out += "{sigmask=";
    const PayloadRef* set = call.payload(arg, D::in, 1);
    if (set && bytes.ulong(0) != 0) {
      appendSigset(out, call.bytes(*set).text(0, static_cast<size_t>(bytes.ulong(call.word()))));
    } else {
      call.appendPointer(out, bytes.ulong(0));
    }
    out += ", sigsetsize=";
    appendUnsigned(out, bytes.ulong(call.word()));
    out += '}';
  });
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::pollfd_inout, Phase::enter, pollFds},
    {ArgType::fd_set_inout, Phase::enter, fdSet},
    {ArgType::pselect_sigset_in, Phase::enter, pselectMask},
    {ArgType::epoll_event_in, Phase::enter, epollEvent},
    {ArgType::epoll_events_out, Phase::exit, epollEvents},
    {ArgType::futex_waitv_in, Phase::enter, futexWaitv},
    {ArgType::futex_waitv_pair_in, Phase::enter, futexWaitvPair},
    {ArgType::io_uring_params_inout, Phase::exit, ioUringParams},
};

}  // namespace

std::span<const ArgDecoder> pollDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
