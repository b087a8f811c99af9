// Plain numbers, addresses and fds.
#include "analyzer/decode/decoders.h"
#include "analyzer/decode/names.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

constexpr int32_t kAtFdCwd = -100;

void hex(std::string& out, const Call& call, int arg) {
  if (!call.known(arg)) {
    call.appendAddress(out, arg);
  } else {
    appendHex(out, call.arg(arg));
  }
}

void address(std::string& out, const Call& call, int arg) {
  call.appendAddress(out, arg);
}
void signedInt(std::string& out, const Call& call, int arg) {
  appendSigned(out, call.argInt(arg));
}
void unsignedInt(std::string& out, const Call& call, int arg) {
  appendUnsigned(out, call.arg32(arg));
}
void unsignedLong(std::string& out, const Call& call, int arg) {
  appendUnsigned(out, call.arg(arg));
}
void mode(std::string& out, const Call& call, int arg) {
  appendMode(out, call.arg(arg) & 0177777);
}
void fileMode(std::string& out, const Call& call, int arg) {
  appendFileMode(out, call.arg(arg) & 0177777, call.style());
}
void signalNumber(std::string& out, const Call& call, int arg) {
  appendSignal(out, call.arg32(arg));
}
void device(std::string& out, const Call& call, int arg) {
  appendDevice(out, call.arg(arg));
}
void pageOffset(std::string& out, const Call& call, int arg) {
  appendHex(out, call.arg(arg) * 4096);
}

void signedLong(std::string& out, const Call& call, int arg) {
  appendSigned(out, call.word() == 4 ? call.argInt(arg) : static_cast<int64_t>(call.arg(arg)));
}

// uid_t and gid_t: all ones means "leave it".
void userId(std::string& out, const Call& call, int arg) {
  if (call.arg32(arg) == ~0U) {
    out += "-1";
  } else {
    appendUnsigned(out, call.arg32(arg));
  }
}

void fd(std::string& out, const Call& call, int arg) {
  call.appendFd(out, call.argInt(arg), static_cast<ObjectRole>(arg));
}

void dirFd(std::string& out, const Call& call, int arg) {
  if (call.argInt(arg) != kAtFdCwd) return fd(out, call, arg);
  const bool own = call.object(static_cast<ObjectRole>(arg)) != nullptr;
  std::string number;
  call.appendFd(number, kAtFdCwd, own ? static_cast<ObjectRole>(arg) : ObjectRole::cwd);
  const size_t label = number.find('<');
  out += "AT_FDCWD";
  if (label != std::string::npos) out += number.substr(label);
}

// A loff_t: one register on 64-bit ABIs, two halves on 32-bit ones, of which only _llseek has the
// upper one first.
void offsetLow(std::string& out, const Call& call, int arg) {
  if (call.word() == 8 || call.abi() == Abi::x32) {
    appendSigned(out, static_cast<int64_t>(call.arg(arg)));
    return;
  }
  const int high = arg > 0 && call.name() == "_llseek" ? arg - 1 : arg + 1;
  appendSigned(out, static_cast<int64_t>(call.arg(high) << 32 | call.arg(arg)));
}

void mmapFlags(std::string& out, const Call& call, int arg) {
  static constexpr Name kTypes[] = {{1, "MAP_SHARED"}, {2, "MAP_PRIVATE"}, {3, "MAP_SHARED_VALIDATE"}};
  static constexpr Name kFlags[] = {
      {0x10, "MAP_FIXED"},        {0x20, "MAP_ANONYMOUS"},
      {0x40, "MAP_32BIT"},        {0x4000, "MAP_NORESERVE"},
      {0x8000, "MAP_POPULATE"},   {0x10000, "MAP_NONBLOCK"},
      {0x100, "MAP_GROWSDOWN"},   {0x800, "MAP_DENYWRITE"},
      {0x1000, "MAP_EXECUTABLE"}, {0x2000, "MAP_LOCKED"},
      {0x20000, "MAP_STACK"},     {0x40000, "MAP_HUGETLB"},
      {0x80000, "MAP_SYNC"},      {0x100000, "MAP_FIXED_NOREPLACE"},
  };
  const NameTable types{NameTable::Kind::values, "MAP_???", kTypes};
  const NameTable flags{NameTable::Kind::flags, "MAP_???", kFlags};
  const uint64_t value = call.arg(arg);
  if (call.style() == NameStyle::raw) return appendHex(out, value);
  std::string text;
  appendConstant(text, types, value & 15, NameStyle::names);
  if (value & ~uint64_t{15}) {
    text += '|';
    appendFlags(text, flags, value & ~uint64_t{15}, NameStyle::names);
  }
  if (call.style() == NameStyle::names) {
    out += text;
    return;
  }
  appendHex(out, value);
  out += " /* " + text + " */";
}

void openFlags(std::string& out, const Call& call, int arg) {
  // delete_module() and dup3-like calls share the bits but have no access mode.
  if (call.name() == "delete_module") {
    appendFlags(out, openFlagNames(call.abi()), call.arg32(arg), call.style());
  } else {
    appendOpenFlags(out, call, call.arg32(arg));
  }
}

// The O_* bits of pipe2 and dup3.
void descriptorFlags(std::string& out, const Call& call, int arg) {
  appendFlags(out, openFlagNames(call.abi()), call.arg32(arg), call.style());
}

void socketType(std::string& out, const Call& call, int arg) {
  const uint32_t value = call.arg32(arg);
  constexpr uint32_t kFlagBits = 02004000;  // SOCK_CLOEXEC | SOCK_NONBLOCK
  if (call.style() == NameStyle::raw) return appendHex(out, value);
  appendConstant(out, kSocketTypes, value & ~kFlagBits, call.style());
  if (value & kFlagBits) {
    out += '|';
    appendFlags(out, kAcceptFlags, value & kFlagBits, call.style());
  }
}

void socketProtocol(std::string& out, const Call& call, int arg) {
  const uint32_t domain = call.arg32(0), value = call.arg32(arg);
  switch (domain) {
    case 2:   // AF_INET
    case 10:  // AF_INET6
      return appendConstant(out, kInetProtocols, value, call.style());
    case 16:  // AF_NETLINK
      return appendConstant(out, kNetlinkProtocols, value, call.style());
    case 17: {  // AF_PACKET, network order
      const auto ether = static_cast<uint16_t>((value & 0xff) << 8 | (value >> 8 & 0xff));
      out += "htons(";
      appendConstant(out, kEtherTypes, ether, call.style());
      out += ')';
      return;
    }
    default: return appendUnsigned(out, value);
  }
}

void sockoptName(std::string& out, const Call& call, int arg) {
  const uint32_t level = call.arg32(arg - 1), value = call.arg32(arg);
  switch (level) {
    case 1: return appendConstant(out, kSocketOptions, value, call.style());
    case 0: return appendConstant(out, kIpOptions, value, call.style());
    case 6: return appendConstant(out, kTcpOptions, value, call.style());
    case 41: return appendConstant(out, kIpv6Options, value, call.style());
    case 270: return appendConstant(out, kNetlinkOptions, value, call.style());
    default: return appendUnsigned(out, value);
  }
}

void futexOp(std::string& out, const Call& call, int arg) {
  const uint32_t value = call.arg32(arg);
  constexpr uint32_t kPrivate = 128, kClockRealtime = 256;
  const std::string_view name = nameOf(kFutexOps, value & ~(kPrivate | kClockRealtime));
  if (call.style() == NameStyle::raw || name.empty()) {
    appendHex(out, value);
    if (call.style() != NameStyle::raw) out += " /* FUTEX_??? */";
    return;
  }
  if (call.style() == NameStyle::both) {
    appendHex(out, value);
    out += " /* ";
  }
  out += name;
  if (value & kPrivate) out += "_PRIVATE";
  if (value & kClockRealtime) out += "|FUTEX_CLOCK_REALTIME";
  if (call.style() == NameStyle::both) out += " */";
}

void ioctlRequest(std::string& out, const Call& call, int arg) {
  const uint32_t value = call.arg32(arg);
  const std::string_view name = ioctlName(value);
  if (call.style() == NameStyle::raw) return appendHex(out, value);
  if (!name.empty()) {
    if (call.style() == NameStyle::both) appendHex(out, value);
    out += call.style() == NameStyle::both ? " /* " : "";
    out += name;
    out += call.style() == NameStyle::both ? " */" : "";
    return;
  }
  static constexpr std::string_view kDirections[] = {"_IOC_NONE", "_IOC_WRITE", "_IOC_READ",
                                                     "_IOC_READ|_IOC_WRITE"};
  out += "_IOC(";
  out += kDirections[value >> 30];
  out += ", ";
  appendHex(out, value >> 8 & 0xff);
  out += ", ";
  appendHex(out, value & 0xff);
  out += ", ";
  appendHex(out, value >> 16 & 0x3fff);
  out += ')';
}

void cloneFlags(std::string& out, const Call& call, int arg) {
  appendFlags(out, kCloneFlags, call.arg(arg) & ~uint64_t{0xff}, call.style());
}

// The permission bits stand behind the flags: IPC_CREAT|0600.
void ipcFlags(std::string& out, const Call& call, int arg) {
  const uint32_t value = call.arg32(arg);
  const bool message = call.name() == "msgsnd" || call.name() == "msgrcv";
  const NameTable& table = message ? kMsgQueueFlags : call.name() == "shmget" ? kShmFlags : kIpcFlags;
  if (message || call.style() != NameStyle::names) return appendFlags(out, table, value, call.style());
  if (value & ~0777U) {
    appendFlags(out, table, value & ~0777U, call.style());
    out += '|';
  }
  appendMode(out, value & 0777);
}

void ipcCommand(std::string& out, const Call& call, int arg) {
  constexpr uint32_t kIpc64 = 0x100;
  const uint32_t value = call.arg32(arg);
  if (value & kIpc64) out += "IPC_64|";
  const NameTable& table = call.name() == "semctl"   ? kSemCommands
                           : call.name() == "shmctl" ? kShmCommands
                                                     : kMsgCommands;
  appendConstant(out, table, value & ~kIpc64, call.style());
}

void ipcKey(std::string& out, const Call& call, int arg) {
  if (arg == 0 && call.arg32(0) == 0 &&
      (call.name() == "semget" || call.name() == "shmget" || call.name() == "msgget")) {
    out += "IPC_PRIVATE";
  } else {
    hex(out, call, arg);
  }
}

// A CPU clock of another process or thread has its id in the upper bits (kernel/time/posix-cpu-timers.c).
void clockId(std::string& out, const Call& call, int arg) {
  const int32_t value = call.argInt(arg);
  if (value >= 0 || value == -1) return appendConstant(out, kClockId, call.arg32(arg), call.style());
  static constexpr std::string_view kKinds[] = {"CPUCLOCK_PROF", "CPUCLOCK_VIRT", "CPUCLOCK_SCHED",
                                                "CLOCKFD"};
  const auto kind = static_cast<uint32_t>(value) & 3;
  out += kind == 3 ? "FD_TO_CLOCKID(" : (value & 4) != 0 ? "MAKE_THREAD_CPUCLOCK(" : "MAKE_PROCESS_CPUCLOCK(";
  appendSigned(out, ~(value >> 3));
  if (kind != 3) {
    out += ", ";
    out += kKinds[kind];
  }
  out += ')';
}

void memoryPolicy(std::string& out, const Call& call, int arg) {
  static constexpr Name kModes[] = {{0, "MPOL_DEFAULT"},
                                    {1, "MPOL_PREFERRED"},
                                    {2, "MPOL_BIND"},
                                    {3, "MPOL_INTERLEAVE"},
                                    {4, "MPOL_LOCAL"},
                                    {5, "MPOL_PREFERRED_MANY"},
                                    {6, "MPOL_WEIGHTED_INTERLEAVE"}};
  static constexpr Name kFlags[] = {
      {0x8000, "MPOL_F_STATIC_NODES"}, {0x4000, "MPOL_F_RELATIVE_NODES"}, {0x2000, "MPOL_F_NUMA_BALANCING"}};
  const NameTable modes{NameTable::Kind::values, "MPOL_???", kModes};
  const NameTable flags{NameTable::Kind::flags, "MPOL_???", kFlags};
  appendConstant(out, modes, call.arg(arg) & 0x1fff, call.style());
  if (const uint64_t rest = call.arg(arg) & ~uint64_t{0x1fff}) {
    out += '|';
    appendFlags(out, flags, rest, call.style());
  }
}

void quotaCommand(std::string& out, const Call& call, int arg) {
  out += "QCMD(";
  appendHex(out, call.arg32(arg) >> 8);
  out += ", ";
  appendHex(out, call.arg32(arg) & 0xff);
  out += ')';
}

// Two of the bits are a value of their own, whose 0 has a name too.
void statxFlags(std::string& out, const Call& call, int arg) {
  const uint32_t value = call.arg32(arg);
  if (call.style() == NameStyle::names && (value & 0x6000) == 0) {
    out += "AT_STATX_SYNC_AS_STAT";
    if (value == 0) return;
    out += '|';
  }
  appendFlags(out, kStatxFlags, value, call.style());
}

// personality(2): a domain and flags, or a question for the present one.
void personality(std::string& out, const Call& call, int arg) {
  static constexpr Name kFlags[] = {
      {0x0020000, "UNAME26"},          {0x0040000, "ADDR_NO_RANDOMIZE"},  {0x0080000, "FDPIC_FUNCPTRS"},
      {0x0100000, "MMAP_PAGE_ZERO"},   {0x0200000, "ADDR_COMPAT_LAYOUT"}, {0x0400000, "READ_IMPLIES_EXEC"},
      {0x0800000, "ADDR_LIMIT_32BIT"}, {0x1000000, "SHORT_INODE"},        {0x2000000, "WHOLE_SECONDS"},
      {0x4000000, "STICKY_TIMEOUTS"},  {0x8000000, "ADDR_LIMIT_3GB"},
  };
  constexpr uint32_t kDomain = 0xff, kQuestion = 0xffffffff;
  const uint32_t value = call.arg32(arg);
  if (value == kQuestion || call.style() != NameStyle::names || (value & ~kDomain) == 0) {
    if (value == kQuestion) return appendHex(out, value);
    return appendConstant(out, kPersonality, value, call.style());
  }
  appendConstant(out, kPersonality, value & kDomain, call.style());
  out += '|';
  appendFlags(out, {NameTable::Kind::flags, "PER_???", kFlags}, value & ~kDomain, call.style());
}

// Unnamed bits of flags that have tables of their own in strace but not here.
void plainHex32(std::string& out, const Call& call, int arg) {
  appendHex(out, call.arg32(arg));
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::hex, Phase::enter, ipcKey},
    {ArgType::address, Phase::enter, address},
    {ArgType::pointer, Phase::enter, address},
    {ArgType::robust_list, Phase::enter, address},
    {ArgType::rseq, Phase::enter, address},
    {ArgType::user_desc, Phase::enter, address},
    {ArgType::perf_attr_in, Phase::enter, address},
    {ArgType::signed_int, Phase::enter, signedInt},
    {ArgType::signed_long, Phase::enter, signedLong},
    {ArgType::unsigned_int, Phase::enter, unsignedInt},
    {ArgType::unsigned_long, Phase::enter, unsignedLong},
    {ArgType::size, Phase::enter, unsignedLong},
    {ArgType::offset, Phase::enter, signedLong},
    {ArgType::offset_low, Phase::enter, offsetLow},
    {ArgType::page_offset, Phase::enter, pageOffset},
    {ArgType::octal_mode, Phase::enter, mode},
    {ArgType::file_mode, Phase::enter, fileMode},
    {ArgType::pid, Phase::enter, signedInt},
    {ArgType::tid, Phase::enter, signedInt},
    {ArgType::uid, Phase::enter, userId},
    {ArgType::gid, Phase::enter, userId},
    {ArgType::signal, Phase::enter, signalNumber},
    {ArgType::clock_id, Phase::enter, clockId},
    {ArgType::device, Phase::enter, device},
    {ArgType::fd, Phase::enter, fd},
    {ArgType::dirfd, Phase::enter, dirFd},
    {ArgType::poll_timeout, Phase::enter, signedInt},
    {ArgType::open_flags, Phase::enter, openFlags},
    {ArgType::pipe_flags, Phase::enter, descriptorFlags},
    {ArgType::dup_flags, Phase::enter, descriptorFlags},
    {ArgType::mmap_flags, Phase::enter, mmapFlags},
    {ArgType::socket_type, Phase::enter, socketType},
    {ArgType::socket_protocol, Phase::enter, socketProtocol},
    {ArgType::sockopt_name, Phase::enter, sockoptName},
    {ArgType::futex_op, Phase::enter, futexOp},
    {ArgType::ioctl_request, Phase::enter, ioctlRequest},
    {ArgType::clone_flags, Phase::enter, cloneFlags},
    {ArgType::ipc_flags, Phase::enter, ipcFlags},
    {ArgType::ipc_cmd, Phase::enter, ipcCommand},
    {ArgType::mempolicy, Phase::enter, memoryPolicy},
    {ArgType::quota_cmd, Phase::enter, quotaCommand},
    {ArgType::statx_flags, Phase::enter, statxFlags},
    {ArgType::copy_flags, Phase::enter, plainHex32},
    {ArgType::personality, Phase::enter, personality},
    {ArgType::mq_flags, Phase::enter, plainHex32},
};

}  // namespace

void appendOpenFlags(std::string& out, const Call& call, uint64_t flags) {
  static constexpr std::string_view kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  if (call.style() != NameStyle::names) {
    appendHex(out, flags);
    if (call.style() == NameStyle::raw) return;
    out += " /* ";
  }
  out += kModes[flags & 3];
  if (flags & ~uint64_t{3}) {
    out += '|';
    appendFlags(out, openFlagNames(call.abi()), flags & ~uint64_t{3}, NameStyle::names);
  }
  if (call.style() == NameStyle::both) out += " */";
}

std::span<const ArgDecoder> numberDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
