#include "cli/fd_buffer.h"

#include <unistd.h>

#include <cerrno>

namespace tarry::cli {

bool FdBuffer::writeAll(const char* bytes, size_t size) {
  while (size > 0 && error_ == 0) {
    const ssize_t written = ::write(fd_, bytes, size);
    if (written < 0) {
      if (errno != EINTR) error_ = errno;
      continue;
    }
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return error_ == 0;
}

bool FdBuffer::flushBytes() {
  const bool written = writeAll(pbase(), static_cast<size_t>(pptr() - pbase()));
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  return written;
}

FdBuffer::int_type FdBuffer::overflow(int_type c) {
  if (!flushBytes()) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

std::streamsize FdBuffer::xsputn(const char* text, std::streamsize size) {
  if (size <= epptr() - pptr()) {
    traits_type::copy(pptr(), text, static_cast<size_t>(size));
    pbump(static_cast<int>(size));
    return size;
  }
  return flushBytes() && writeAll(text, static_cast<size_t>(size)) ? size : 0;
}

int FdBuffer::sync() {
  return flushBytes() ? 0 : -1;
}

}  // namespace tarry::cli
