// What stands behind the equals sign.
#include <string_view>

#include "analyzer/decode/decoders.h"
#include "analyzer/decode/text.h"

namespace tarry::decode {
namespace {

using D = PayloadDirection;

bool isPoll(std::string_view name) {
  return name == "poll" || name.starts_with("ppoll");
}
bool isSelect(std::string_view name) {
  return name == "select" || name == "_newselect" || name.starts_with("pselect6");
}

// The time that was left, where the call writes it back (ppoll, select).
std::string timeLeft(const Call& call) {
  std::string out;
  for (int i = 0; i < call.spec().arg_count; ++i) {
    const ArgType type = call.type(i);
    const bool timeval = type == ArgType::timeval_inout;
    if (!timeval && type != ArgType::timespec_inout && type != ArgType::timespec64_inout) continue;
    const PayloadRef* payload = call.payload(i, D::out);
    const uint32_t word = type == ArgType::timespec64_inout || call.word() == 8 ? 8 : 4;
    if (call.isNull(i) || !payload || payload->data.size() < 2 * word || call.abi() == Abi::x32) continue;
    out += "left ";
    if (timeval) {
      appendTimeval(out, call.bytes(*payload), 0);
    } else {
      appendTimespec(out, call.bytes(*payload), 0, word);
    }
  }
  return out;
}

void appendPollResult(std::string& out, const Call& call) {
  std::string fds;
  if (const PayloadRef* payload = call.payload(0, D::out)) {
    const Bytes bytes = call.bytes(*payload);
    for (size_t at = 0; bytes.has(at, 8); at += 8) {
      if (bytes.u16(at + 6) == 0) continue;
      fds += fds.empty() ? "{fd=" : ", {fd=";
      call.appendFd(fds, bytes.i32(at));
      fds += ", revents=";
      appendFlags(fds, kPollEvents, bytes.u16(at + 6), call.style());
      fds += '}';
    }
  } else {
    for (const ObjectRef& object : call.event().objects) {
      if (object.role != ObjectRole::ready) continue;
      fds += fds.empty() ? "{fd=" : ", {fd=";
      call.appendFd(fds, object.fd);
      fds += ", revents=";
      appendFlags(fds, kPollEvents, object.ready_data, call.style());
      fds += '}';
    }
  }
  const std::string left = timeLeft(call);
  if (fds.empty() && left.empty()) return;
  out += " ([";
  out += fds;
  out += ']';
  if (!left.empty()) out += ", " + left;
  out += ')';
}

void appendSelectResult(std::string& out, const Call& call) {
  // What each set reports, as the recorder writes it: POLLIN, POLLOUT, POLLPRI.
  static constexpr struct {
    std::string_view name;
    uint64_t event;
  } kSets[] = {{"in", 1}, {"out", 4}, {"except", 2}};
  std::string parts;
  for (const auto& set : kSets) {
    std::string fds;
    for (const ObjectRef& object : call.event().objects) {
      if (object.role != ObjectRole::ready || (object.ready_data & set.event) == 0) continue;
      if (!fds.empty()) fds += ' ';
      call.appendFd(fds, object.fd);
    }
    if (fds.empty()) continue;
    if (!parts.empty()) parts += ", ";
    parts += set.name;
    parts += " [" + fds + ']';
  }
  const std::string left = timeLeft(call);
  if (!left.empty()) parts += (parts.empty() ? "" : ", ") + left;
  if (!parts.empty()) out += " (" + parts + ')';
}

bool isSecureBits(const Call& call) {
  constexpr uint32_t kGetSecureBits = 27;
  return call.name() == "prctl" && call.arg32(0) == kGetSecureBits;
}

// The remark in parentheses that strace puts behind some results.
void appendRemark(std::string& out, const Call& call) {
  const std::string_view name = call.name();
  const int64_t ret = call.ret();
  if (isPoll(name) || isSelect(name)) {
    if (ret == 0) {
      out += " (Timeout)";
    } else if (isPoll(name)) {
      appendPollResult(out, call);
    } else {
      appendSelectResult(out, call);
    }
  } else if ((name == "fcntl" || name == "fcntl64") && call.arg32(1) == 3) {  // F_GETFL
    out += " (flags ";
    appendOpenFlags(out, call, static_cast<uint64_t>(ret));
    out += ')';
  } else if ((name == "fcntl" || name == "fcntl64") && call.arg32(1) == 1 && ret != 0) {  // F_GETFD
    out += " (flags ";
    appendFlags(out, kFdFlags, static_cast<uint64_t>(ret), call.style());
    out += ')';
  } else if (name.starts_with("recvmmsg")) {
    const std::string left = timeLeft(call);
    if (ret == 0) {
      out += " (Timeout)";
    } else if (!left.empty()) {
      out += " (" + left + ')';
    }
  } else if (name.starts_with("rt_sigtimedwait")) {
    out += " (";
    appendSignal(out, static_cast<uint32_t>(ret));
    out += ')';
  } else if (name == "sched_getscheduler") {
    out += " (";
    appendConstant(out, kSchedPolicy, static_cast<uint64_t>(ret), NameStyle::names);
    out += ')';
  } else if (name == "time") {
    out += " (";
    appendTime(out, ret, 0);
    out += ')';
  } else if (name == "prctl" && call.arg32(0) == 3) {  // PR_GET_DUMPABLE
    static constexpr std::string_view kNames[] = {"SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT"};
    if (ret >= 0 && ret < 3) {
      out += " (";
      out += kNames[ret];
      out += ')';
    }
  } else if (isSecureBits(call) && ret != 0) {
    static constexpr Name kNames[] = {{0x1, "SECBIT_NOROOT"},
                                      {0x2, "SECBIT_NOROOT_LOCKED"},
                                      {0x4, "SECBIT_NO_SETUID_FIXUP"},
                                      {0x8, "SECBIT_NO_SETUID_FIXUP_LOCKED"},
                                      {0x10, "SECBIT_KEEP_CAPS"},
                                      {0x20, "SECBIT_KEEP_CAPS_LOCKED"},
                                      {0x40, "SECBIT_NO_CAP_AMBIENT_RAISE"},
                                      {0x80, "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED"}};
    out += " (";
    appendFlags(out, {NameTable::Kind::flags, "SECBIT_???", kNames}, static_cast<uint64_t>(ret),
                call.style());
    out += ')';
  } else if (name == "personality") {
    out += " (";
    appendConstant(out, kPersonality, static_cast<uint64_t>(ret), NameStyle::names);
    out += ')';
  } else if (name == "adjtimex" || name.starts_with("clock_adjtime")) {
    static constexpr std::string_view kStates[] = {"TIME_OK",  "TIME_INS",  "TIME_DEL",
                                                   "TIME_OOP", "TIME_WAIT", "TIME_ERROR"};
    if (ret >= 0 && ret < 6) {
      out += " (";
      out += kStates[ret];
      out += ')';
    }
  }
}

bool returnsHex(const Call& call) {
  const std::string_view name = call.name();
  return ((name == "fcntl" || name == "fcntl64") && (call.arg32(1) == 1 || call.arg32(1) == 3)) ||
         name == "personality" || isSecureBits(call);
}

// fcntl's duplicates return an fd though its declaration says a number.
bool duplicatesFd(const Call& call) {
  const bool fcntl = call.name() == "fcntl" || call.name() == "fcntl64";
  return fcntl && (call.arg32(1) == 0 || call.arg32(1) == 1030);
}

void appendError(std::string& out, const Call& call) {
  constexpr int kFirstRestart = 512, kLastRestart = 516;
  const int number = call.error();
  const ErrorName* error = findError(number);
  const bool restart = number >= kFirstRestart && number <= kLastRestart && number != 515;
  out += restart ? "?" : "-1";
  if (!error) {
    out += " (errno ";
    appendSigned(out, number);
    out += ')';
    return;
  }
  out += ' ';
  out += error->name;
  out += " (";
  out += error->message;
  out += ')';
}

}  // namespace

void appendResult(std::string& out, const Call& call) {
  if (!call.finished()) {
    out += '?';
    return;
  }
  if (call.failed()) return appendError(out, call);
  const int64_t ret = call.ret();
  const ArgType type = duplicatesFd(call) ? ArgType::fd : call.spec().result;
  switch (type) {
    case ArgType::fd: call.appendFd(out, static_cast<int32_t>(ret), ObjectRole::returned); break;
    case ArgType::address:
      call.appendPointer(out,
                         call.abi() == Abi::i386 ? static_cast<uint32_t>(ret) : static_cast<uint64_t>(ret));
      break;
    case ArgType::octal_mode: appendMode(out, static_cast<uint64_t>(ret)); break;
    case ArgType::uid:
    case ArgType::gid: appendUnsigned(out, static_cast<uint32_t>(ret)); break;
    default:
      if (returnsHex(call)) {
        appendHex(out, static_cast<uint64_t>(ret));
      } else {
        appendSigned(out, ret);
      }
      break;
  }
  appendRemark(out, call);
}

}  // namespace tarry::decode
