#include "recorder/ptrace/trial.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tarry::ptracing {

namespace {

// Kills and reaps the child whatever happens.
class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ != 0) return;
    while (true) ::pause();
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

std::string failed(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

}  // namespace

std::string tryTracing() {
  const Child child;
  if (child.pid() < 0) return failed("fork");
  if (::ptrace(PTRACE_SEIZE, child.pid(), 0, 0) < 0) return failed("PTRACE_SEIZE");
  if (::ptrace(PTRACE_INTERRUPT, child.pid(), 0, 0) < 0) return failed("PTRACE_INTERRUPT");
  int status = 0;
  if (::waitpid(child.pid(), &status, __WALL) < 0 || !WIFSTOPPED(status))
    return "a traced process does not stop";
  __ptrace_syscall_info info{};
  // 5.3 (201766a20e30)
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, child.pid(), sizeof info, &info) < 0)
    return failed("PTRACE_GET_SYSCALL_INFO");
  return "";
}

}  // namespace tarry::ptracing
