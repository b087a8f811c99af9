// What the tracer knows of the processes and threads it traces.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "format/unique_fd.h"
#include "recorder/capture_plan.h"
#include "recorder/ptrace/proc_files.h"
#include "recorder/records.h"

namespace tarry::ptracing {

// The objects behind fds that are all one inode to /proc (eventfds, epoll sets, timers …), by fd: which fd
// has which, told apart by the calls that make and copy them. Shared as the fd table is (CLONE_FILES).
struct AnonymousObjects {
  struct One {
    std::string text;     // of the link: "anon_inode:[eventpoll]"
    uint64_t object = 0;  // a number of ours
  };
  std::map<int, One> by_fd;
};

// What was found behind an fd.
struct KnownFd {
  uint32_t resource = 0;
  uint64_t generation = 0;  // ResourceFinder's; another one: look again
};

struct EndedChild {
  pid_t pid = 0;
  uint32_t thread = 0;  // id of the one that it is named by
  int status = 0;       // of wait(2)
  uint64_t ts_ns = 0;
};

struct TracedProcess {
  pid_t pid = 0;
  uint32_t leader = 0;  // id of the thread that it is named by
  UniqueFd fds;         // /proc/PID/fd
  UniqueFd pidfd;
  std::shared_ptr<AnonymousObjects> anonymous = std::make_shared<AnonymousObjects>();
  std::unordered_map<int, KnownFd> known_fds;
  uint32_t threads = 0;       // that have not been reaped
  bool had_several = false;   // threads, since its execve
  uint32_t leader_calls = 0;  // of a main thread that ended before the others
  bool leader_exiting = false;
  // What a thread's exit is told with, held back while it may be the last one's.
  std::optional<rec_exit> last_exit;
  std::array<EndedChild, 16> ended_children;  // the last ones, in turn
  size_t next_ended_child = 0;
  // Sums over the threads that have ended.
  uint64_t ended_run_ns = 0;
  uint64_t last_exit_ns = 0;
  uint64_t user_ticks = 0, system_ticks = 0, max_rss_bytes = 0;
};

// The call that a thread is in.
struct OpenCall {
  bool open = false;
  bool silent = false;    // the launcher's own: nothing is said of it
  bool unwanted = false;  // no record of it is made
  int32_t nr = -1;
  uint8_t abi = ABI_NONE;
  uint64_t args[MAX_ARGS] = {};
  uint64_t enter_ns = 0;
  uint32_t res[RES_SLOTS] = {};
  uint32_t seq = 0;
  uint32_t data_thread = 0, data_seq = 0;
  uint32_t retry = 0;
  uint16_t messages = 0;        // of a sendmmsg, taken at enter
  uint32_t epoch = 0;           // in which `res` was looked up
  uint8_t data = 0;             // CALL_ENTER_DATA, CALL_EXIT_DATA
  bool no_enter = false;        // it began before the recording
  bool changes_fds = false;     // it may: see ResourceFinder::mayHaveChanged()
  bool shows_affinity = false;  // asks which CPUs the thread may use, or hands that on
  const CallShape* shape = nullptr;
  uint64_t select_sets[3] = {};  // first words of what a select waits for, which its end overwrites
  bool has_select_sets = false;
};

// Who ended a wait, as far as it is known (wakers.h).
struct Waker {
  uint8_t context = WAKER_UNKNOWN;
  uint8_t abi = ABI_NONE;
  uint32_t thread = 0;
  int32_t nr = -1;  // the call that did it
  uint32_t resource = 0;
};

// How far the thread's time has been told as switches (run_states.h).
struct RunAccount {
  RunClock clock;
  RunReading reading;
  std::optional<RunReading> at_end;    // the last one, where the thread could be asked before it was reaped
  uint64_t majors = 0, voluntary = 0;  // that have been taken into account
  uint64_t stops = 0;                  // since `voluntary` was read: each is one more of them
  uint64_t stopped_ns = 0;             // seen last
  uint64_t resumed_ns = 0;
  bool off = false;      // the last switch told was one out
  bool blocked = false;  // and it was for the call, fault or group stop that the thread is still in
  uint64_t last_told_ns = 0;
  Waker waker;  // of the wait that ends now
};

struct Tracee {
  pid_t tid = 0;
  uint32_t id = 0;
  std::shared_ptr<TracedProcess> process;
  uint32_t call_seq = 0;
  OpenCall call;
  RunAccount run;
  bool running = false;       // not in a ptrace stop
  bool launching = false;     // a command of the recorder's that has not called execve yet
  bool exiting = false;       // PTRACE_EVENT_EXIT was seen
  bool fresh = false;         // made by another tracee, and has not stopped yet
  bool attached = false;      // existed before, and has not stopped yet
  bool continuing = false;    // so, and is about to take up the call that the stop interrupted
  bool ended_before = false;  // the main thread of a process that was attached to; not traced
  uint64_t exit_ns = 0;
  int exit_status = 0;  // of wait(2), as the thread alone would have it
  std::string comm;
};

}  // namespace tarry::ptracing
