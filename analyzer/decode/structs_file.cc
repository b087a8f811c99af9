// stat, statx, statfs, open_how and other structures of calls on files.
#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

// Where the members of one ABI's struct stat lie (arch/*/include/uapi/asm/stat.h).
struct StatLayout {
  size_t size;
  struct Member {
    uint8_t offset, length;
  };
  Member dev, ino, mode, nlink, uid, gid, rdev, file_size, blksize, blocks, atime, mtime, ctime;
  uint8_t nsec_length;
};
constexpr StatLayout kStatX64 = {144,     {0, 8},  {8, 8},  {24, 4}, {16, 8}, {28, 4},  {32, 4}, {40, 8},
                                 {48, 8}, {56, 8}, {64, 8}, {72, 8}, {88, 8}, {104, 8}, 8};
constexpr StatLayout kStatGeneric = {128,     {0, 8},  {8, 8},  {16, 4}, {20, 4}, {24, 4},  {28, 4}, {32, 8},
                                     {48, 8}, {56, 4}, {64, 8}, {72, 8}, {88, 8}, {104, 8}, 8};
constexpr StatLayout kStatI386 = {64,      {0, 4},  {4, 4},  {8, 2},  {10, 2}, {12, 2}, {14, 2}, {16, 4},
                                  {20, 4}, {24, 4}, {28, 4}, {32, 4}, {40, 4}, {48, 4}, 4};
constexpr StatLayout kStat64I386 = {96,      {0, 8},  {88, 8}, {16, 4}, {20, 4}, {24, 4}, {28, 4}, {32, 8},
                                    {44, 8}, {52, 4}, {56, 8}, {64, 4}, {72, 4}, {80, 4}, 4};

const StatLayout& statLayout(Abi abi, ArgType type) {
  if (type == ArgType::stat64_out) return kStat64I386;
  switch (abi) {
    case Abi::i386: return kStatI386;
    case Abi::aarch64: return kStatGeneric;
    case Abi::none:
    case Abi::x86_64:
    case Abi::x32: break;
  }
  return kStatX64;
}

bool isDeviceNode(uint64_t mode) {
  return (mode & 0170000) == 0020000 || (mode & 0170000) == 0060000;
}

void appendStat(std::string& out, const Call& call, const Bytes& bytes, const StatLayout& layout) {
  const auto get = [&](StatLayout::Member member) { return bytes.u(member.offset, member.length); };
  const auto number = [&](std::string_view name, uint64_t value) {
    out += ", ";
    out += name;
    out += '=';
    appendUnsigned(out, value);
  };
  const bool full = !call.options().abbreviate;
  const uint64_t mode = get(layout.mode);
  out += '{';
  if (full) {
    out += "st_dev=";
    appendDevice(out, get(layout.dev));
    number("st_ino", get(layout.ino));
    out += ", ";
  }
  out += "st_mode=";
  appendFileMode(out, mode, call.style());
  if (full) {
    number("st_nlink", get(layout.nlink));
    number("st_uid", get(layout.uid));
    number("st_gid", get(layout.gid));
    number("st_blksize", get(layout.blksize));
    number("st_blocks", get(layout.blocks));
  }
  if (isDeviceNode(mode)) {
    out += ", st_rdev=";
    appendDevice(out, get(layout.rdev));
  } else {
    number("st_size", get(layout.file_size));
  }
  if (!full) {
    out += ", ...}";
    return;
  }
  const auto time = [&](std::string_view name, StatLayout::Member member) {
    const auto seconds = member.length == 8 ? bytes.i64(member.offset) : bytes.i32(member.offset);
    const auto nanoseconds = bytes.u(member.offset + size_t{member.length}, layout.nsec_length);
    out += ", ";
    out += name;
    out += '=';
    appendSigned(out, seconds);
    out += " /* ";
    appendTime(out, seconds, static_cast<int64_t>(nanoseconds));
    out += " */, ";
    out += name;
    out += "_nsec=";
    appendUnsigned(out, nanoseconds);
  };
  time("st_atime", layout.atime);
  time("st_mtime", layout.mtime);
  time("st_ctime", layout.ctime);
  out += '}';
}

void statOut(std::string& out, const Call& call, int arg) {
  const StatLayout& layout = statLayout(call.abi(), call.type(arg));
  appendStruct(out, call, arg, D::out, layout.size,
               [&](const Bytes& bytes) { appendStat(out, call, bytes, layout); });
}

// include/uapi/linux/stat.h: the same on every ABI.
void statxOut(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::out, 256, [&](const Bytes& bytes) {
    const bool full = !call.options().abbreviate;
    const auto number = [&](std::string_view name, uint64_t value) {
      out += ", ";
      out += name;
      out += '=';
      appendUnsigned(out, value);
    };
    out += "{stx_mask=";
    appendFlags(out, kStatxMask, bytes.u32(0), call.style());
    if (full) number("stx_blksize", bytes.u32(4));
    out += ", stx_attributes=";
    appendFlags(out, kStatxAttributes, bytes.u64(8), call.style());
    if (full) {
      number("stx_nlink", bytes.u32(16));
      number("stx_uid", bytes.u32(20));
      number("stx_gid", bytes.u32(24));
    }
    out += ", stx_mode=";
    appendFileMode(out, bytes.u16(28), call.style());
    if (full) number("stx_ino", bytes.u64(32));
    number("stx_size", bytes.u64(40));
    if (!full) {
      out += ", ...}";
      return;
    }
    number("stx_blocks", bytes.u64(48));
    out += ", stx_attributes_mask=";
    appendFlags(out, kStatxAttributes, bytes.u64(56), call.style());
    static constexpr std::string_view kTimes[] = {"stx_atime", "stx_btime", "stx_ctime", "stx_mtime"};
    for (size_t i = 0; i < 4; ++i) {
      out += ", ";
      out += kTimes[i];
      out += "={tv_sec=";
      appendSigned(out, bytes.i64(64 + i * 16));
      out += ", tv_nsec=";
      appendUnsigned(out, bytes.u32(72 + i * 16));
      out += '}';
    }
    number("stx_rdev_major", bytes.u32(128));
    number("stx_rdev_minor", bytes.u32(132));
    number("stx_dev_major", bytes.u32(136));
    number("stx_dev_minor", bytes.u32(140));
    out += '}';
  });
}

// struct statfs: words on 64-bit ABIs, 32-bit words in i386's, 64-bit counts in statfs64.
void statfsOut(std::string& out, const Call& call, int arg) {
  const bool counts64 = call.type(arg) == ArgType::statfs64_out;
  const size_t word = call.abi() == Abi::i386 ? 4 : 8;
  const size_t count = counts64 || word == 8 ? 8 : 4;
  const size_t needed = 2 * word + 5 * count + 8 + 3 * word;
  appendStruct(out, call, arg, D::out, needed, [&](const Bytes& bytes) {
    size_t at = 0;
    const auto next = [&](size_t length) {
      const uint64_t value = bytes.u(at, length);
      at += length;
      return value;
    };
    out += "{f_type=";
    appendConstant(out, kFsTypes, next(word) & 0xffffffff, call.style());
    out += ", f_bsize=";
    appendUnsigned(out, next(word));
    static constexpr std::string_view kCounts[] = {"f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree"};
    for (const std::string_view name : kCounts) {
      out += ", ";
      out += name;
      out += '=';
      appendUnsigned(out, next(count));
    }
    out += ", f_fsid={val=[";
    appendHex(out, next(4));
    out += ", ";
    appendHex(out, next(4));
    out += "]}, f_namelen=";
    appendUnsigned(out, next(word));
    out += ", f_frsize=";
    appendUnsigned(out, next(word));
    out += ", f_flags=";
    appendFlags(out, kStatfsFlags, next(word), call.style());
    out += '}';
  });
}

void oldStat(std::string& out, const Call& call, int arg) {
  appendMissing(out, call, arg, D::out);
}

void openHow(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 24, [&](const Bytes& bytes) {
    constexpr uint64_t kCreates = 0100 | 020000000;  // O_CREAT, the own bit of O_TMPFILE
    out += "{flags=";
    appendOpenFlags(out, call, bytes.u64(0));
    if ((bytes.u64(0) & kCreates) != 0 || bytes.u64(8) != 0) {
      out += ", mode=";
      appendMode(out, bytes.u64(8));
    }
    out += ", resolve=";
    appendFlags(out, kResolveFlags, bytes.u64(16), call.style());
    out += '}';
  });
}

void fdPair(std::string& out, const Call& call, int arg) {
  appendStruct(
      out, call, arg, D::out, 8,
      [&](const Bytes& bytes) {
        out += '[';
        call.appendFd(out, bytes.i32(0), ObjectRole::returned);
        out += ", ";
        call.appendFd(out, bytes.i32(4), ObjectRole::returned2);
        out += ']';
      },
      "[...]");
}

// A file offset that the call may move: [3] => [8].
void offsetInout(std::string& out, const Call& call, int arg) {
  const size_t length = call.type(arg) == ArgType::long_inout ? call.word() : 8;
  const PayloadRef* before = call.payload(arg, D::in);
  if (call.isNull(arg) || !before || before->data.size() < length) {
    return appendMissing(out, call, arg, D::in, "[...]");
  }
  const auto value = [&](const PayloadRef& payload) {
    return length == 8 ? call.bytes(payload).i64(0) : call.bytes(payload).i32(0);
  };
  out += '[';
  appendSigned(out, value(*before));
  out += ']';
  const PayloadRef* after = call.payload(arg, D::out);
  // strace shows the new value for sendfile alone.
  if (!call.name().starts_with("sendfile") || !call.succeeded() || call.ret() == 0) return;
  if (!after || after->data.size() < length) return;
  out += " => [";
  appendSigned(out, value(*after));
  out += ']';
}

void loffOut(std::string& out, const Call& call, int arg) {
  appendStruct(
      out, call, arg, D::out, 8,
      [&](const Bytes& bytes) {
        out += '[';
        appendSigned(out, bytes.i64(0));
        out += ']';
      },
      "[...]");
}

void flock(std::string& out, const Call& call, int arg) {
  call.appendAddress(out, arg);
}

// include/uapi/linux/mount.h: struct mount_attr
void mountAttr(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 32, [&](const Bytes& bytes) {
    out += "{attr_set=";
    appendFlags(out, kMountAttrFlags, bytes.u64(0), call.style());
    out += ", attr_clr=";
    appendFlags(out, kMountAttrFlags, bytes.u64(8), call.style());
    out += ", propagation=";
    appendFlags(out, kMountFlags, bytes.u64(16), call.style());
    out += ", userns_fd=";
    call.appendFd(out, bytes.i32(24));
    out += '}';
  });
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::stat_out, Phase::exit, statOut},         {ArgType::stat64_out, Phase::exit, statOut},
    {ArgType::old_stat_out, Phase::exit, oldStat},     {ArgType::statx_out, Phase::exit, statxOut},
    {ArgType::statfs_out, Phase::exit, statfsOut},     {ArgType::statfs64_out, Phase::exit, statfsOut},
    {ArgType::open_how_in, Phase::enter, openHow},     {ArgType::fd_pair_out, Phase::exit, fdPair},
    {ArgType::offset_inout, Phase::exit, offsetInout}, {ArgType::long_inout, Phase::exit, offsetInout},
    {ArgType::loff_out, Phase::exit, loffOut},         {ArgType::flock_inout, Phase::enter, flock},
    {ArgType::mount_attr_in, Phase::enter, mountAttr},
};

}  // namespace

std::span<const ArgDecoder> fileDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
