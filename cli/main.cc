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
#include "cli/fd_buffer.h"

namespace {

// SIGPIPE keeps the disposition we were started with (a recorded command inherits it), so a reader
// that went away (`tarry show | head`) usually just ends us. Where the signal is ignored, the write
// fails instead, and that must be as quiet.
bool readerHasGone() {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

// std::cout writes through an FdBuffer as long as this lives.
class OutputBuffer {
 public:
  OutputBuffer() : before_(std::cout.rdbuf(&buffer_)) {}
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;
  ~OutputBuffer() { std::cout.rdbuf(before_); }
  const tarry::cli::FdBuffer& buffer() const { return buffer_; }

 private:
  tarry::cli::FdBuffer buffer_{STDOUT_FILENO};
  std::streambuf* before_;
};

// A report that could not be written whole is a failure, even if nobody looked at the stream.
int finishOutput(int status, const tarry::cli::FdBuffer& buffer) {
  std::cout.flush();
  errno = 0;
  const bool printed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const int error = buffer.error() != 0 ? buffer.error() : errno;
  if ((printed && error == 0) || error == EPIPE || readerHasGone()) return status;
  const std::string why = error != 0 ? std::strerror(error) : "write failed";
  std::cerr << "tarry: cannot write to standard output: " << why << '\n';
  return status != 0 ? status : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const OutputBuffer output;
  try {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const int status = tarry::cli::dispatch(tarry::cli::allCommands(), arguments, std::cout, std::cerr,
                                            tarry::cli::missingVerbs());
    return finishOutput(status, output.buffer());
  } catch (const std::exception& error) {
    std::cerr << "tarry: " << error.what() << '\n';
    return 1;
  }
}
