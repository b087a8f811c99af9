// FdBuffer: a stream buffer over a file descriptor that remembers why a write failed. The standard
// ones do not, and "No space left on device" is what a user of `tarry show > FILE` has to know.
#pragma once

#include <array>
#include <streambuf>

namespace tarry::cli {

class FdBuffer : public std::streambuf {
 public:
  // `fd` stays the caller's.
  explicit FdBuffer(int fd) : fd_(fd) { setp(bytes_.data(), bytes_.data() + bytes_.size()); }
  ~FdBuffer() override { flushBytes(); }
  FdBuffer(const FdBuffer&) = delete;
  FdBuffer& operator=(const FdBuffer&) = delete;

  // errno of the first write that failed, 0: none did. After it nothing more is written.
  int error() const { return error_; }

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

 private:
  bool flushBytes();
  bool writeAll(const char* bytes, size_t size);

  int fd_;
  int error_ = 0;
  std::array<char, 64 * 1024> bytes_{};
};

}  // namespace tarry::cli
