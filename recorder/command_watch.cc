#include "recorder/command_watch.h"

#include <signal.h>
#include <unistd.h>

namespace tarry {

namespace {
constexpr int64_t kTwiceNs = 1'000'000'000;
}

bool CommandWatch::onSignal(const signalfd_siginfo& info, int64_t now_ns) {
  const int signal = static_cast<int>(info.ssi_signo);
  switch (signal) {
    case SIGINT: {
      const bool twice = last_interrupt_ns_ != INT64_MIN && now_ns - last_interrupt_ns_ < kTwiceNs;
      last_interrupt_ns_ = now_ns;
      return twice;
    }
    case SIGTERM:
    case SIGHUP:
      // What the kernel sends (a terminal that hangs up) goes to the whole process group anyway.
      if (info.ssi_code != SI_KERNEL) command_.forward(signal);
      if (asked_to_end_) return true;
      asked_to_end_ = true;
      return false;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU: stop_wanted_ = true; return false;
    default: return false;  // SIGQUIT: the command's; SIGCHLD: who asks poll() sees what happened
  }
}

bool CommandWatch::stopIsDue() {
  return stop_wanted_ && command_.poll().stopped;
}

void CommandWatch::stopSelf() {
  stop_wanted_ = false;
  ::kill(::getpid(), SIGSTOP);
  command_.poll();
}

}  // namespace tarry
