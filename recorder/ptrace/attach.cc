#include "recorder/ptrace/attach.h"

#include <dirent.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "format/errors.h"
#include "format/syscall_table.h"
#include "recorder/host_info.h"

namespace tarry::ptracing {

namespace {

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;

// signal(7): calls that end with EINTR when they are interrupted, whether there is a handler or not.
bool endsWhenInterrupted(const OpenCall& call) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "epoll_wait",   "epoll_pwait",   "epoll_pwait2",          "semop", "semtimedop", "rt_sigtimedwait",
      "io_getevents", "io_pgetevents", "rt_sigtimedwait_time64"};
  const SyscallSpec* spec = call.nr < 0 ? nullptr : findSyscall(static_cast<Abi>(call.abi), call.nr);
  return spec != nullptr && std::find(kNames.begin(), kNames.end(), spec->name) != kNames.end();
}

// pthread_exit(3): the process goes on without it, and it can neither be traced nor waited for.
bool mainThreadEnded(pid_t pid) {
  const std::optional<TaskStat> stat = readStat(pid, true);
  return stat && stat->state == 'Z' && threadsOf(pid).size() > 1;
}

RecordError refused(pid_t pid, int error) {
  const std::string head = "cannot trace process " + std::to_string(pid) + ": ";
  if (error == ESRCH) return RecordError(head + "it has ended");
  const std::optional<TaskStatus> status = readStatus(pid);
  if (status && status->tracer != 0) {
    return RecordError(head + "process " + std::to_string(status->tracer) +
                       " traces it already (a debugger or strace?)");
  }
  if (error == EPERM || error == EACCES) {
    return RecordError(head +
                       "not allowed (it is another user's, or /proc/sys/kernel/yama/ptrace_scope forbids it: "
                       "use sudo)");
  }
  return RecordError(head + std::strerror(error));
}

}  // namespace

Attacher::Attacher(RecordSink& sink, Lives& lives, ResourceFinder& resources, Calls& calls, RunStates& states,
                   bool filtered)
    : sink_(sink),
      lives_(lives),
      resources_(resources),
      calls_(calls),
      states_(states),
      options_(kOptions | (filtered ? PTRACE_O_TRACESECCOMP : 0)) {}

bool Attacher::seize(pid_t tid, bool required) {
  if (::ptrace(PTRACE_SEIZE, tid, 0, options_) == 0) return true;
  if (required) throw refused(tid, errno);
  return false;
}

// The child waits in a read: no stop is needed to begin with, but one to trace its calls from.
void Attacher::launched(pid_t pid) {
  seize(pid, true);
  Tracee* tracee = lives_.existing(pid, bootTimeNs());
  if (tracee == nullptr) throw refused(pid, ESRCH);
  tracee->launching = true;
  states_.begin(*tracee, bootTimeNs(), false);
  tracee->running = true;
  ::ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  putOpenFds(*tracee);
}

void Attacher::attachThread(pid_t tid) {
  const int64_t now_ns = bootTimeNs();
  const std::optional<TaskStat> stat = readStat(tid, true);
  const std::optional<BlockedCall> call = readBlockedCall(tid);
  Tracee* tracee = lives_.existing(tid, now_ns);
  if (tracee == nullptr || !stat) return;
  tracee->attached = true;
  tracee->running = true;
  const bool blocked = stat->state == 'S' || stat->state == 'D' || stat->state == 'T';
  states_.begin(*tracee, now_ns, blocked);
  if (blocked) {
    rec_blocked record{};
    record.type = RT_BLOCKED;
    record.thread = tracee->id;
    // include/linux/sched.h: TASK_STOPPED, TASK_UNINTERRUPTIBLE, TASK_INTERRUPTIBLE
    record.state = stat->state == 'T' ? 4 : stat->state == 'D' ? 2 : 1;
    record.ts_ns = static_cast<uint64_t>(now_ns);
    record.pending.nr = -1;
    if (call) {
      calls_.found(*tracee, *call);
      calls_.describe(*tracee, record.pending, record.polled);
    }
    sink_.definition(record);
    if (endsWhenInterrupted(tracee->call)) return;
  }
  ::ptrace(PTRACE_INTERRUPT, tid, 0, 0);
}

void Attacher::interruptWhenMoved(Tracee& tracee) {
  if (!endsWhenInterrupted(tracee.call)) return;
  const std::optional<RunReading> reading = tracee.run.clock.read();
  if (!reading || reading->turns == tracee.run.reading.turns) return;
  const std::optional<BlockedCall> call = readBlockedCall(tracee.tid);
  if (call && call->nr == tracee.call.nr) return;  // in a wait of the same kind again
  ::ptrace(PTRACE_INTERRUPT, tracee.tid, 0, 0);
}

// New threads and children of those that are traced already are traced by themselves.
void Attacher::attach(const std::vector<pid_t>& pids) {
  for (const pid_t root : pids) {
    for (const pid_t pid : processTree(root)) {
      if (lives_.find(pid) != nullptr) continue;
      const bool headless = mainThreadEnded(pid);
      if (headless) {
        if (lives_.endedBefore(pid, bootTimeNs()) == nullptr) continue;
      } else {
        if (!seize(pid, pid == root)) continue;
        attachThread(pid);
      }
      const Tracee* alive = headless ? nullptr : lives_.find(pid);
      for (bool more = true; more;) {
        more = false;
        for (const pid_t tid : threadsOf(pid)) {
          const bool required = pid == root && alive == nullptr;
          if (tid == pid || lives_.find(tid) != nullptr || !seize(tid, required)) continue;
          attachThread(tid);
          if (alive == nullptr) alive = lives_.find(tid);
          more = true;
        }
      }
      if (alive != nullptr) putOpenFds(*alive);
    }
  }
}

void Attacher::putOpenFds(const Tracee& tracee) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(procPath(tracee.tid, "fd").c_str()), ::closedir);
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    int fd = -1;
    if (std::from_chars(name.data(), name.data() + name.size(), fd).ec != std::errc{}) continue;
    rec_open_fd record{};
    record.type = RT_OPEN_FD;
    record.process = tracee.process->leader;
    record.fd = fd;
    record.resource = resources_.ofFd(tracee, fd);
    if (record.resource == 0) continue;
    sink_.definition(record);
    const auto& anonymous = tracee.process->anonymous->by_fd;
    if (const auto one = anonymous.find(fd);
        one != anonymous.end() && one->second.text == "anon_inode:[eventpoll]") {
      putEpollMembers(tracee, fd);
    }
  }
}

// proc_pid_fdinfo(5): "tfd:        5 events:       19 data:                5 …", data in hexadecimal
void Attacher::putEpollMembers(const Tracee& tracee, int fd) {
  std::istringstream lines(readProc(tracee.tid, "fdinfo/" + std::to_string(fd), 4U << 20));
  std::string line;
  rec_epoll_member record{};
  record.type = RT_EPOLL_MEMBER;
  record.process = tracee.process->leader;
  record.epoll_fd = fd;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string target, events, events_value, data;
    words >> target >> record.fd >> events >> events_value >> data >> std::hex >> record.data;
    if (!words || target != "tfd:" || data != "data:") continue;
    record.resource = resources_.ofFd(tracee, record.fd);
    if (record.resource != 0) sink_.definition(record);
  }
  record.fd = -1;
  record.resource = 0;
  record.data = 0;
  sink_.definition(record);
}

}  // namespace tarry::ptracing
