// How a recorder behaves towards signals while a command of its own runs: see record.h. The decision
// which signal means what, and the stopping of ourselves together with the command.
#pragma once

#include <sys/signalfd.h>

#include <cstdint>

#include "recorder/launcher.h"

namespace tarry {

class CommandWatch {
 public:
  explicit CommandWatch(LaunchedCommand& command) : command_(command) {}

  // True if the signal asks for the end of the recording; otherwise it has been dealt with.
  // `now_ns`: any monotonic clock.
  bool onSignal(const signalfd_siginfo& info, int64_t now_ns);

  // Stopped by the terminal's job control, as we were asked to be: now stopSelf() is due. The shell
  // waits for *us* to stop before it gives the terminal back.
  bool stopIsDue();
  // Returns once somebody has continued us.
  void stopSelf();

 private:
  LaunchedCommand& command_;
  bool stop_wanted_ = false;
  int64_t last_interrupt_ns_ = INT64_MIN;
  bool asked_to_end_ = false;
};

}  // namespace tarry
