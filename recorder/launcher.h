// Starts the command that is recorded, so that it behaves as without tarry: same stdin, stdout,
// stderr, working directory, environment, process group and terminal, the signal mask and
// dispositions we were started with, and no descriptor of ours.
//
// The child is forked at once, becomes the right user and finds the program, then waits until
// release(): between the two the backend marks it as the target, so that its execve is the first
// call in the trace. Nothing but the end of that wait stands between release() and execve(2).
//
// It must be made before other threads are started (it forks). A recorder that dies never takes the
// command with it; if it dies before release(), the child goes away unstarted.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/unique_fd.h"
#include "recorder/signals.h"
#include "recorder/user_identity.h"

namespace tarry {

struct LaunchOptions {
  std::vector<std::string> argv;
  std::optional<UserIdentity> user;      // none: as we are
  bool traced = false;                   // by a process that is not its parent: it has to allow that
  std::vector<sock_filter> filter;       // seccomp(2), installed just before its execve
  bool stdout_to_stderr = false;         // our own stdout carries the trace (as perf record -o - does)
  const SignalScope* signals = nullptr;  // whose blocked signals the command must not inherit
};

class LaunchedCommand {
 public:
  // Throws RecordError with status 127 where there is no such command and 126 where there is but it
  // cannot be executed, as env(1) does.
  explicit LaunchedCommand(const LaunchOptions& options);
  ~LaunchedCommand();
  LaunchedCommand(const LaunchedCommand&) = delete;
  LaunchedCommand& operator=(const LaunchedCommand&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& path() const { return path_; }  // of the program that was found

  // Lets it execute. Throws RecordError (126, 127) where execve(2) fails: nothing was run then.
  void release();

  // How things stand with it now; never blocks.
  struct State {
    bool stopped = false;            // by job control or SIGSTOP
    std::optional<int> wait_status;  // wait(2), once it has ended
  };
  const State& poll();

  void forward(int signal);

 private:
  [[noreturn]] void runChild(const LaunchOptions& options, int go_fd, int report_fd);
  void awaitReady();
  void abandon() noexcept;

  std::string name_;
  std::string path_;
  pid_t pid_ = -1;
  UniqueFd go_;
  UniqueFd report_;
  bool released_ = false;
  State state_;
};

}  // namespace tarry
