// What /proc says of a task (proc(5)), as far as a tracer needs it. Tasks can go away at any time: then
// texts are empty and readings are missing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/unique_fd.h"

namespace tarry::ptracing {

// "/proc/PID/NAME"; also of a thread that is not its process's first.
std::string procPath(pid_t tid, std::string_view name);

// At most `most` bytes of a file.
std::string readProc(pid_t tid, std::string_view name, size_t most);

// A symbolic link's text; nothing where there is none.
std::optional<std::string> readLink(int directory_fd, const char* name);

// /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst): sums since the thread began.
struct RunReading {
  uint64_t run_ns = 0;    // on a CPU
  uint64_t queue_ns = 0;  // runnable, waiting for one
  uint64_t turns = 0;     // how often it got one
};

class RunClock {
 public:
  RunClock() = default;
  explicit RunClock(pid_t tid);
  // Nothing where the kernel keeps no such sums, or the task has gone.
  std::optional<RunReading> read() const;

 private:
  UniqueFd fd_;
};

// /proc/PID/status
struct TaskStatus {
  pid_t tgid = 0;
  pid_t ppid = 0;
  pid_t tracer = 0;
  uint32_t uid = 0, gid = 0;         // real ones
  pid_t ns_tid = 0, ns_pid = 0;      // in the task's own pid namespace
  uint64_t ignored = 0, caught = 0;  // signals, bit 0 is signal 1
  uint64_t max_rss_bytes = 0;
  uint64_t voluntary = 0;  // of the thread: how often it gave up its CPU, to wait or in a ptrace stop
};
std::optional<TaskStatus> readStatus(pid_t tid);

// Is the fd a socket, pipe or FIFO?
bool isChannel(pid_t tid, int fd);

// /proc/PID/stat
struct TaskStat {
  char state = '?';
  uint64_t major_faults = 0;  // of the thread
  uint64_t user_ticks = 0, system_ticks = 0;
  uint64_t start_ticks = 0;  // since boot
  int cpu = -1;
};
// `thread`: of the thread alone, otherwise of the whole process that it is in.
std::optional<TaskStat> readStat(pid_t tid, bool thread);

// /proc/PID/syscall: the call a blocked task is in.
struct BlockedCall {
  int64_t nr = -1;  // -1: none
  uint64_t args[6] = {};
};
// Nothing where it runs.
std::optional<BlockedCall> readBlockedCall(pid_t tid);

std::string readComm(pid_t tid);

// The deepest path of /proc/PID/cgroup; that of version 2 where there is one below its root.
std::string readCgroup(pid_t pid);

std::vector<pid_t> threadsOf(pid_t pid);
// The process and all its descendants.
std::vector<pid_t> processTree(pid_t pid);

int64_t ticksToNs(uint64_t ticks);

}  // namespace tarry::ptracing
