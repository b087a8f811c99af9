// openFileSink: a trace file, or standard output.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "format/errors.h"
#include "format/trace_writer.h"

namespace tarry {
namespace {

class FileSink : public ByteSink {
 public:
  FileSink(int fd, std::string name, bool owned) : fd_(fd), name_(std::move(name)), owned_(owned) {}
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override {
    if (owned_) close(fd_);
  }

  void append(std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        throw TraceError(fmt::format("cannot write {}: {}{}", name_, std::strerror(errno), advice(errno)));
      }
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }

  void sync() override {
    // EINVAL, EROFS: a pipe or another thing that cannot be synced.
    if (fdatasync(fd_) < 0 && errno != EINVAL && errno != EROFS && errno != EINTR) {
      throw TraceError(fmt::format("cannot write {}: {}{}", name_, std::strerror(errno), advice(errno)));
    }
  }

 private:
  static const char* advice(int error) {
    if (error == ENOSPC || error == EDQUOT) return " (free some space there, or write elsewhere)";
    if (error == EPIPE) return " (its reader has gone)";
    return "";
  }

  int fd_;
  std::string name_;
  bool owned_;
};

}  // namespace

std::unique_ptr<ByteSink> openFileSink(const std::string& path, uint32_t owner_uid, uint32_t owner_gid) {
  if (path == "-") return std::make_unique<FileSink>(STDOUT_FILENO, "standard output", false);
  // An existing trace is replaced, not overwritten: who has it open keeps what he reads. Devices and
  // pipes are written to.
  struct stat existing {};
  const bool replaces = lstat(path.c_str(), &existing) == 0 && S_ISREG(existing.st_mode);
  if (replaces) unlink(path.c_str());
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
  if (fd < 0) throw TraceError(fmt::format("cannot create {}: {}", path, std::strerror(errno)));
  auto sink = std::make_unique<FileSink>(fd, path, true);
  struct stat status {};
  // Devices and pipes stay what they are; an existing file may have had wider rights.
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    if (fchmod(fd, 0600) < 0) {
      throw TraceError(fmt::format("cannot protect {}: {}", path, std::strerror(errno)));
    }
    if (owner_uid != ~0U && fchown(fd, owner_uid, owner_gid) < 0) {
      throw TraceError(fmt::format("cannot give {} to its owner: {}", path, std::strerror(errno)));
    }
  }
  return sink;
}

}  // namespace tarry
