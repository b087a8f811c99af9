// Structures of calls on processes: wait status, limits, usage, scheduling, credentials, system.
#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

void waitStatus(std::string& out, const Call& call, int arg) {
  // Nothing was waited for: wait4 leaves the status as it is.
  if (call.finished() && call.ret() == 0) return call.appendAddress(out, arg);
  appendStruct(
      out, call, arg, D::out, 4, [&](const Bytes& bytes) { appendWaitStatus(out, bytes.u32(0)); }, "[...]");
}

void intOut(std::string& out, const Call& call, int arg) {
  appendIntAt(out, call, arg, D::out);
}
void intIn(std::string& out, const Call& call, int arg) {
  appendIntAt(out, call, arg, D::in);
}

void wordOut(std::string& out, const Call& call, int arg) {
  appendStruct(
      out, call, arg, D::out, call.word(),
      [&](const Bytes& bytes) {
        out += '[';
        if (call.type(arg) == ArgType::ulong_out) {
          appendHex(out, bytes.ulong(0));
        } else {
          appendUnsigned(out, bytes.ulong(0));
        }
        out += ']';
      },
      "[...]");
}

void appendLimit(std::string& out, uint64_t value, bool wide, uint32_t word) {
  const uint64_t infinity = wide || word == 8 ? ~uint64_t{0} : 0xffffffffU;
  if (value == infinity) {
    out += wide || word == 8 ? "RLIM64_INFINITY" : "RLIM_INFINITY";
  } else if (value > 1024 && value % 1024 == 0) {
    appendUnsigned(out, value / 1024);
    out += "*1024";
  } else {
    appendUnsigned(out, value);
  }
}

void rlimit(std::string& out, const Call& call, int arg, D direction, bool wide) {
  const uint32_t word = wide ? 8 : call.word();
  appendStruct(out, call, arg, direction, 2 * word, [&](const Bytes& bytes) {
    out += "{rlim_cur=";
    appendLimit(out, bytes.u(0, word), wide, word);
    out += ", rlim_max=";
    appendLimit(out, bytes.u(word, word), wide, word);
    out += '}';
  });
}
void rlimitIn(std::string& out, const Call& call, int arg) {
  rlimit(out, call, arg, D::in, false);
}
void rlimitOut(std::string& out, const Call& call, int arg) {
  rlimit(out, call, arg, D::out, false);
}
void rlimit64In(std::string& out, const Call& call, int arg) {
  rlimit(out, call, arg, D::in, true);
}
void rlimit64Out(std::string& out, const Call& call, int arg) {
  rlimit(out, call, arg, D::out, true);
}

void rusage(std::string& out, const Call& call, int arg) {
  if (call.name() == "wait4" && call.finished() && call.ret() == 0) return call.appendAddress(out, arg);
  const uint32_t word = call.word();
  appendStruct(out, call, arg, D::out, 18 * word, [&](const Bytes& bytes) {
    out += "{ru_utime=";
    appendTimeval(out, bytes, 0);
    out += ", ru_stime=";
    appendTimeval(out, bytes, 2 * word);
    if (call.options().abbreviate) {
      out += ", ...}";
      return;
    }
    static constexpr std::string_view kNames[] = {
        "ru_maxrss",  "ru_ixrss",   "ru_idrss",  "ru_isrss",  "ru_minflt",   "ru_majflt", "ru_nswap",
        "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv", "ru_nsignals", "ru_nvcsw",  "ru_nivcsw"};
    size_t at = 4 * word;
    for (const std::string_view name : kNames) {
      out += ", ";
      out += name;
      out += '=';
      appendUnsigned(out, bytes.ulong(at));
      at += word;
    }
    out += '}';
  });
}

void sysinfo(std::string& out, const Call& call, int arg) {
  const uint32_t word = call.word();
  appendStruct(out, call, arg, D::out, 10 * word + 4 + 2 * word + 4, [&](const Bytes& bytes) {
    const auto number = [&](std::string_view name, uint64_t value) {
      out += ", ";
      out += name;
      out += '=';
      appendUnsigned(out, value);
    };
    out += "{uptime=";
    appendUnsigned(out, bytes.ulong(0));
    out += ", loads=[";
    for (size_t i = 0; i < 3; ++i) {
      if (i > 0) out += ", ";
      appendUnsigned(out, bytes.ulong((1 + i) * word));
    }
    out += ']';
    static constexpr std::string_view kMemory[] = {"totalram",  "freeram",   "sharedram",
                                                   "bufferram", "totalswap", "freeswap"};
    for (size_t i = 0; i < 6; ++i) number(kMemory[i], bytes.ulong((4 + i) * word));
    number("procs", bytes.u16(10 * word));
    // The longs behind procs and its padding are aligned.
    const size_t high = 10 * word + word;
    const size_t after = word == 8 ? high : 10 * word + 4;
    number("totalhigh", bytes.ulong(after));
    number("freehigh", bytes.ulong(after + word));
    number("mem_unit", bytes.u32(after + 2 * word));
    out += '}';
  });
}

void utsname(std::string& out, const Call& call, int arg) {
  constexpr size_t kField = 65;
  appendStruct(out, call, arg, D::out, 2 * kField, [&](const Bytes& bytes) {
    static constexpr std::string_view kNames[] = {"sysname", "nodename", "release",
                                                  "version", "machine",  "domainname"};
    out += '{';
    for (size_t i = 0; i < 6; ++i) {
      if (i > 0) out += ", ";
      if ((i == 2 && call.options().abbreviate) || !bytes.has(i * kField, kField)) {
        out += "...";
        break;
      }
      out += kNames[i];
      out += '=';
      appendQuoted(out, bytes.cString(i * kField, kField), SIZE_MAX, false);
    }
    out += '}';
  });
}

void schedParam(std::string& out, const Call& call, int arg) {
  appendIntAt(out, call, arg, call.type(arg) == ArgType::sched_param_in ? D::in : D::out);
}

// include/uapi/linux/sched/types.h
void schedAttr(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::sched_attr_in ? D::in : D::out;
  appendStruct(out, call, arg, direction, 48, [&](const Bytes& bytes) {
    out += "{size=";
    appendUnsigned(out, bytes.u32(0));
    out += ", sched_policy=";
    appendConstant(out, kSchedPolicy, bytes.u32(4), call.style());
    out += ", sched_flags=";
    appendHex(out, bytes.u64(8));
    out += ", sched_nice=";
    appendSigned(out, bytes.i32(16));
    out += ", sched_priority=";
    appendUnsigned(out, bytes.u32(20));
    static constexpr std::string_view kTimes[] = {"sched_runtime", "sched_deadline", "sched_period"};
    for (size_t i = 0; i < 3; ++i) {
      out += ", ";
      out += kTimes[i];
      out += '=';
      appendUnsigned(out, bytes.u64(24 + i * 8));
    }
    out += bytes.u32(0) > 48 ? ", ...}" : "}";
  });
}

void cpuMask(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::cpu_mask_in ? D::in : D::out;
  appendStruct(
      out, call, arg, direction, 1,
      [&](const Bytes& bytes) {
        const size_t length =
            direction == D::out ? static_cast<size_t>(call.ret()) : call.arg(call.lengthArg(arg));
        out += '[';
        appendBits(out, bytes.text(0, length));
        if (bytes.size() < length) out += " ...";
        out += ']';
      },
      "[...]");
}

void groupList(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::gid_list_in ? D::in : D::out;
  const uint64_t count = direction == D::in ? call.arg32(0)
                         : call.succeeded() ? static_cast<uint64_t>(call.ret())
                                            : 0;
  if (direction == D::out && call.argInt(0) == 0 && count > 0) return call.appendAddress(out, arg);
  if (count == 0 && call.succeeded() && !call.isNull(arg)) {
    out += "[]";
    return;
  }
  appendStruct(
      out, call, arg, direction, 4,
      [&](const Bytes& bytes) {
        out += '[';
        for (uint64_t i = 0; i < count; ++i) {
          if (i > 0) out += ", ";
          if (!bytes.has(i * 4, 4) || (i >= call.options().string_limit && call.options().abbreviate)) {
            out += "...";
            break;
          }
          appendUnsigned(out, bytes.u32(i * 4));
        }
        out += ']';
      },
      "[...]");
}

void capHeader(std::string& out, const Call& call, int arg) {
  static constexpr Name kVersions[] = {{0x19980330, "_LINUX_CAPABILITY_VERSION_1"},
                                       {0x20071026, "_LINUX_CAPABILITY_VERSION_2"},
                                       {0x20080522, "_LINUX_CAPABILITY_VERSION_3"}};
  const NameTable versions{NameTable::Kind::values, "_LINUX_CAPABILITY_VERSION_???", kVersions};
  appendStruct(out, call, arg, D::in, 8, [&](const Bytes& bytes) {
    out += "{version=";
    appendConstant(out, versions, bytes.u32(0), call.style());
    out += ", pid=";
    appendSigned(out, bytes.i32(4));
    out += '}';
  });
}

// 1<<CAP_CHOWN|1<<CAP_KILL
void appendCapabilities(std::string& out, uint64_t set, NameStyle style) {
  if (style == NameStyle::raw || set == 0) return appendHex(out, set);
  bool first = true;
  for (uint64_t bit = 0; bit < 64; ++bit) {
    if ((set >> bit & 1) == 0) continue;
    if (!first) out += '|';
    first = false;
    out += "1<<";
    appendConstant(out, kCapabilities, bit, NameStyle::names);
  }
}

// Two sets of 32 capabilities each (version 3).
void capData(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::cap_data_in ? D::in : D::out;
  appendStruct(out, call, arg, direction, 12, [&](const Bytes& bytes) {
    static constexpr std::string_view kSets[] = {"effective", "permitted", "inheritable"};
    for (size_t i = 0; i < 3; ++i) {
      uint64_t set = bytes.u32(i * 4);
      if (bytes.size() >= 24) set |= uint64_t{bytes.u32(12 + i * 4)} << 32;
      out += i == 0 ? "{" : ", ";
      out += kSets[i];
      out += '=';
      appendCapabilities(out, set, call.style());
    }
    out += '}';
  });
}

// What clone3 wrote back: the new pidfd (part 1) and the child's tid (part 2).
void appendCloneIds(std::string& out, const Call& call, int arg) {
  if (!call.succeeded()) return;
  const PayloadRef* pidfd = call.payload(arg, D::out, 1);
  const PayloadRef* tid = call.payload(arg, D::out, 2);
  if (!pidfd && !tid) return;
  out += " => {";
  if (pidfd) {
    out += "pidfd=[";
    call.appendFd(out, call.bytes(*pidfd).i32(0));
    out += ']';
  }
  if (tid) {
    out += pidfd ? ", parent_tid=[" : "parent_tid=[";
    appendSigned(out, call.bytes(*tid).i32(0));
    out += ']';
  }
  out += '}';
}

// include/uapi/linux/sched.h: struct clone_args
void cloneArgs(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 64, [&](const Bytes& bytes) {
    constexpr uint64_t kPidFd = 0x1000, kChildTid = 0x1000000 | 0x200000, kParentTid = 0x100000,
                       kTls = 0x80000;
    const uint64_t flags = bytes.u64(0);
    const auto pointer = [&](std::string_view name, size_t offset) {
      out += ", ";
      out += name;
      out += '=';
      call.appendPointer(out, bytes.u64(offset));
    };
    out += "{flags=";
    appendFlags(out, kClone3Flags, flags, call.style());
    if (flags & kPidFd) pointer("pidfd", 8);
    if (flags & kChildTid) pointer("child_tid", 16);
    if (flags & kParentTid) pointer("parent_tid", 24);
    out += ", exit_signal=";
    if (bytes.u64(32) == 0) {
      out += '0';
    } else {
      appendSignal(out, bytes.u32(32));
    }
    pointer("stack", 40);
    out += ", stack_size=";
    appendHex(out, bytes.u64(48));
    if (flags & kTls) pointer("tls", 56);
    if (bytes.has(64, 16) && (bytes.u64(64) != 0 || bytes.u64(72) != 0)) {
      pointer("set_tid", 64);
      out += ", set_tid_size=";
      appendUnsigned(out, bytes.u64(72));
    }
    if (bytes.has(64, 24) && (flags & 0x200000000) != 0) {
      out += ", cgroup=";
      appendUnsigned(out, bytes.u64(80));
    }
    out += '}';
    appendCloneIds(out, call, arg);
  });
}

void bpfAttr(std::string& out, const Call& call, int arg) {
  appendStruct(out, call, arg, D::in, 1, [&](const Bytes& bytes) {
    appendQuoted(out, bytes.text(0, SIZE_MAX), call.options().string_limit,
                 bytes.size() < call.arg(call.lengthArg(arg)));
  });
}

// include/uapi/linux/mqueue.h; mq_open uses two members of it.
void mqAttr(std::string& out, const Call& call, int arg) {
  const D direction = call.type(arg) == ArgType::mq_attr_in ? D::in : D::out;
  const uint32_t word = call.word();
  appendStruct(out, call, arg, direction, 4 * word, [&](const Bytes& bytes) {
    out += "{mq_flags=";
    appendFlags(out, openFlagNames(call.abi()), bytes.ulong(0), call.style());
    static constexpr std::string_view kNames[] = {"mq_maxmsg", "mq_msgsize", "mq_curmsgs"};
    for (size_t i = 0; i < 3; ++i) {
      out += ", ";
      out += kNames[i];
      out += '=';
      appendSigned(out, bytes.slong((1 + i) * word));
    }
    out += '}';
  });
}

void semaphoreOps(std::string& out, const Call& call, int arg) {
  appendStruct(
      out, call, arg, D::in, 6,
      [&](const Bytes& bytes) {
        out += '[';
        const uint64_t count = call.arg32(call.lengthArg(arg));
        for (uint64_t i = 0; i < count; ++i) {
          if (i > 0) out += ", ";
          if (!bytes.has(i * 6, 6) || (i >= call.options().string_limit && call.options().abbreviate)) {
            out += "...";
            break;
          }
          out += "{sem_num=";
          appendUnsigned(out, bytes.u16(i * 6));
          out += ", sem_op=";
          appendSigned(out, static_cast<int16_t>(bytes.u16(i * 6 + 2)));
          out += ", sem_flg=";
          appendFlags(out, kSemFlags, bytes.u16(i * 6 + 4), call.style());
          out += '}';
        }
        out += ']';
      },
      "[...]");
}

constexpr ArgDecoder kDecoders[] = {
    {ArgType::wait_status_out, Phase::exit, waitStatus},
    {ArgType::int_out, Phase::exit, intOut},
    {ArgType::int_in, Phase::enter, intIn},
    {ArgType::size_out, Phase::exit, wordOut},
    {ArgType::ulong_out, Phase::exit, wordOut},
    {ArgType::rlimit_in, Phase::enter, rlimitIn},
    {ArgType::rlimit_out, Phase::exit, rlimitOut},
    {ArgType::rlimit64_in, Phase::enter, rlimit64In},
    {ArgType::rlimit64_out, Phase::exit, rlimit64Out},
    {ArgType::rusage_out, Phase::exit, rusage},
    {ArgType::sysinfo_out, Phase::exit, sysinfo},
    {ArgType::utsname_out, Phase::exit, utsname},
    {ArgType::sched_param_in, Phase::enter, schedParam},
    {ArgType::sched_param_out, Phase::exit, schedParam},
    {ArgType::sched_attr_in, Phase::enter, schedAttr},
    {ArgType::sched_attr_out, Phase::exit, schedAttr},
    {ArgType::cpu_mask_in, Phase::enter, cpuMask},
    {ArgType::cpu_mask_out, Phase::exit, cpuMask},
    {ArgType::gid_list_in, Phase::enter, groupList},
    {ArgType::gid_list_out, Phase::exit, groupList},
    {ArgType::cap_header, Phase::enter, capHeader},
    {ArgType::cap_data, Phase::exit, capData},
    {ArgType::cap_data_in, Phase::enter, capData},
    {ArgType::clone_args_in, Phase::enter, cloneArgs},
    {ArgType::bpf_attr_in, Phase::enter, bpfAttr},
    {ArgType::mq_attr_in, Phase::enter, mqAttr},
    {ArgType::mq_attr_out, Phase::exit, mqAttr},
    {ArgType::sembuf_in, Phase::enter, semaphoreOps},
};

}  // namespace

// wait(2): how the macros take a status apart.
void appendWaitStatus(std::string& out, uint32_t status) {
  out += '[';
  const uint32_t signal = status & 0x7f, code = status >> 8 & 0xff;
  if (status == 0xffff) {
    out += "{WIFCONTINUED(s)}";
  } else if (signal == 0) {
    out += "{WIFEXITED(s) && WEXITSTATUS(s) == ";
    appendUnsigned(out, code);
    out += '}';
  } else if (signal == 0x7f) {
    out += "{WIFSTOPPED(s) && WSTOPSIG(s) == ";
    appendSignal(out, code & 0x7f);
    if (code & 0x80) out += " | 0x80";
    out += '}';
    if (status >> 16) {
      out += " | ";
      appendHex(out, status & 0xffff0000);
    }
  } else {
    out += "{WIFSIGNALED(s) && WTERMSIG(s) == ";
    appendSignal(out, signal);
    if (status & 0x80) out += " && WCOREDUMP(s)";
    out += '}';
  }
  out += ']';
}

std::span<const ArgDecoder> taskDecoders() {
  return kDecoders;
}

}  // namespace tarry::decode
