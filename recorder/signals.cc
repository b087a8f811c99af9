#include "recorder/signals.h"

#include <pthread.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <string>

#include "format/errors.h"

namespace tarry {

namespace {

sigset_t handledSignals(bool job_control) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  if (job_control) {
    for (int signal : {SIGTSTP, SIGTTIN, SIGTTOU}) sigaddset(&set, signal);
  }
  // nohup(1) has to keep its meaning: what is ignored stays ignored. (A blocked signal would be
  // queued even if it is ignored.) SIGINT and SIGQUIT are not among them, since a shell that starts
  // a background job ignores these, and `kill -INT` must end a recording all the same.
  for (int signal : {SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    struct sigaction current {};
    if (::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN) sigdelset(&set, signal);
  }
  return set;
}

}  // namespace

SignalScope::SignalScope(bool job_control) {
  const sigset_t set = handledSignals(job_control);
  fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw RecordError(std::string("cannot wait for signals: ") + std::strerror(errno));
  ::pthread_sigmask(SIG_BLOCK, &set, &old_mask_);
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, &old_pipe_);
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, &old_child_);
}

SignalScope::~SignalScope() {
  ::sigaction(SIGPIPE, &old_pipe_, nullptr);
  ::sigaction(SIGCHLD, &old_child_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

std::optional<signalfd_siginfo> SignalScope::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return info;
}

void SignalScope::restoreInChild() const {
  ::sigaction(SIGPIPE, &old_pipe_, nullptr);
  ::sigaction(SIGCHLD, &old_child_, nullptr);
  ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

void SignalScope::letGo() {
  while (next()) {
  }
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    if (sigismember(&old_mask_, signal) == 1) continue;
    struct sigaction current {};
    if (signal == SIGHUP && ::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN)
      continue;
    ::sigaction(signal, &action, nullptr);
    sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace tarry
