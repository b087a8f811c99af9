// tarry: the program. Its work is in dispatch(); here only what concerns the process as a whole.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/dispatch.h"

namespace {

// SIGPIPE keeps the disposition we were started with (a recorded command inherits it), so a reader
// that went away (`tarry show | head`) usually just ends us. Where the signal is ignored, the write
// fails instead, and that must be as quiet.
bool readerHasGone() {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

// A report that could not be written whole is a failure, even if nobody looked at the stream.
int finishOutput(int status) {
  errno = 0;
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::cout.good() && std::ferror(stdout) == 0;
  if (written || errno == EPIPE || readerHasGone()) return status;
  std::string why = errno != 0 ? std::strerror(errno) : "write failed";
  std::cerr << "tarry: cannot write to standard output: " << why << '\n';
  return status != 0 ? status : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const int status = tarry::cli::dispatch(tarry::cli::allCommands(), arguments, std::cout, std::cerr);
    return finishOutput(status);
  } catch (const std::exception& error) {
    std::cerr << "tarry: " << error.what() << '\n';
    return 1;
  }
}
