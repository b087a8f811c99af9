// How the recorder deals with signals while it records: they are blocked in every thread and read
// from a signalfd, so that nothing is interrupted in the middle and no handler runs. SIGPIPE is
// ignored (a reader of `-o -` that went away is a write error). SIGCHLD gets its default action,
// because a parent that ignores it would never learn how the command ended.
//
// Everything is put back by the destructor; signals that came in between and were not read are then
// delivered. A launched command gets what was there before by restoreInChild(). One instance at a
// time, in the main thread, before other threads are started.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>

#include <optional>

#include "format/unique_fd.h"

namespace tarry {

class SignalScope {
 public:
  // With `job_control` also the stop signals of the terminal (SIGTSTP, SIGTTIN, SIGTTOU).
  // Throws RecordError.
  explicit SignalScope(bool job_control);
  ~SignalScope();
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

  // Readable while a signal waits.
  int fd() const { return fd_.get(); }
  // The next signal, none if there is none; never blocks.
  std::optional<signalfd_siginfo> next();

  // For the child between fork and exec: mask and dispositions as they were. Async-signal-safe.
  void restoreInChild() const;
  // From now on SIGINT, SIGTERM, … end this process at once (a second Ctrl-C while the end of the
  // recording is being written). What came before is dropped: a Ctrl-C that ended the command came to
  // this process too, and may still wait unread when the command's end is already known.
  void letGo();

 private:
  sigset_t old_mask_{};
  struct sigaction old_pipe_ {};
  struct sigaction old_child_ {};
  UniqueFd fd_;
};

}  // namespace tarry
