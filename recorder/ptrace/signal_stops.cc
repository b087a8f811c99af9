#include "recorder/ptrace/signal_stops.h"

#include <signal.h>
#include <sys/ptrace.h>

#include <cstddef>
#include <cstring>

namespace tarry::ptracing {

namespace {

constexpr size_t kSiginfoFields = 16;  // of a 64-bit siginfo_t: signo, errno, code, padding, then the union
static_assert(offsetof(siginfo_t, si_pid) == kSiginfoFields);

uint8_t actionOf(pid_t tid, int signal) {
  const std::optional<TaskStatus> status = readStatus(tid);
  const uint64_t bit = uint64_t{1} << (signal - 1);
  if (!status || (status->caught & bit) != 0) return ACTION_HANDLER;
  return (status->ignored & bit) != 0 ? ACTION_IGNORE : ACTION_DEFAULT;
}

// The thread that sent it, where its process has never had another one: that may be gone by now.
uint32_t senderOf(Lives& lives, const siginfo_t& info) {
  const bool from_user = info.si_code <= 0 && info.si_code != SI_TIMER && info.si_code != SI_SIGIO;
  const bool of_child =
      info.si_signo == SIGCHLD && info.si_code >= CLD_EXITED && info.si_code <= CLD_CONTINUED;
  if (!from_user && !of_child) return 0;
  const Tracee* sender = lives.find(info.si_pid);
  return sender != nullptr && !sender->process->had_several ? sender->id : 0;
}

}  // namespace

void putSignal(RecordSink& sink, Lives& lives, const Tracee& tracee, int signal, int64_t now_ns) {
  siginfo_t info{};
  rec_signal record{};
  record.type = RT_SIGNAL;
  record.event = SIGNAL_DELIVERED;
  record.action = actionOf(tracee.tid, signal);
  record.thread = tracee.id;
  record.ts_ns = static_cast<uint64_t>(now_ns);
  record.info.signo = signal;
  if (::ptrace(PTRACE_GETSIGINFO, tracee.tid, 0, &info) == 0) {
    record.info.error = info.si_errno;
    record.info.code = info.si_code;
    std::memcpy(record.info.fields, reinterpret_cast<const char*>(&info) + kSiginfoFields,
                sizeof record.info.fields);
    record.sender = senderOf(lives, info);
  }
  sink.event(record);
}

void putGroupStop(RecordSink& sink, const Tracee& tracee, int signal, int64_t now_ns) {
  rec_signal record{};
  record.type = RT_SIGNAL;
  record.event = SIGNAL_STOPPED;
  record.action = ACTION_DEFAULT;
  record.thread = tracee.id;
  record.ts_ns = static_cast<uint64_t>(now_ns);
  record.info.signo = signal;
  sink.event(record);
}

}  // namespace tarry::ptracing
