// The exceptions that cross tarry's library boundaries.
//
// Each message is one line that says what failed, why, and, in parentheses, what to do about it:
// the command line prints it behind "tarry: " and exits. Exceptions of the libraries below us
// (kj::Exception, SQLite codes, libbpf errnos) are translated in the folder that calls them.
// Malformed traces are an expected event: the reader skips and counts damage, and throws
// TraceError only when nothing useful can be read at all.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tarry {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A trace, database or report file cannot be read or written.
class TraceError : public Error {
 public:
  explicit TraceError(const std::string& what, int64_t offset = -1) : Error(what), offset_(offset) {}
  // Byte offset in the file where reading failed, or -1 where that means nothing.
  int64_t offset() const { return offset_; }

 private:
  int64_t offset_;
};

// Recording cannot start or cannot go on.
class RecordError : public Error {
 public:
  // `status` is the exit status of the process: 125, 126 and 127 as env(1) and timeout(1) use them.
  explicit RecordError(const std::string& what, int status = 125) : Error(what), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

// The user asked for something that does not exist or makes no sense; exit status 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace tarry
