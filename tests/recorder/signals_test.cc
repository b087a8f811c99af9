#include "recorder/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

namespace tarry {
namespace {

// In a child, because a signal that gets through ends the process. Returns its wait status.
template <class F>
int inChild(F&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGINT, SIG_DFL);
    body();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("SignalScope::letGo drops a Ctrl-C that came while the command ended") {
  const int status = inChild([] {
    SignalScope scope(true);
    ::kill(::getpid(), SIGINT);
    scope.letGo();
  });
  CHECK(WIFEXITED(status));
}

TEST_CASE("SignalScope::letGo lets the next Ctrl-C end the process") {
  const int status = inChild([] {
    SignalScope scope(true);
    scope.letGo();
    ::kill(::getpid(), SIGINT);
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}

}  // namespace tarry
