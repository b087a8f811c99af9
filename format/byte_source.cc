#include "format/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "format/errors.h"

namespace tarry {
namespace {

constexpr uint64_t kMaxInMemory = 64U << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ > STDERR_FILENO) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  std::span<const uint8_t> read(uint64_t offset, uint64_t count, std::vector<uint8_t>&) const override {
    const uint64_t from = std::min<uint64_t>(offset, bytes_.size());
    return {bytes_.data() + from, std::min<uint64_t>(count, bytes_.size() - from)};
  }

 private:
  std::vector<uint8_t> bytes_;
};

class FileSource : public ByteSource {
 public:
  FileSource(Descriptor fd, std::string name, uint64_t size)
      : fd_(std::move(fd)), name_(std::move(name)), size_(size) {}
  uint64_t size() const override { return size_; }
  std::span<const uint8_t> read(uint64_t offset, uint64_t count,
                                std::vector<uint8_t>& scratch) const override {
    const uint64_t from = std::min(offset, size_);
    scratch.resize(std::min(count, size_ - from));
    uint64_t done = 0;
    while (done < scratch.size()) {
      const ssize_t got =
          pread(fd_.get(), scratch.data() + done, scratch.size() - done, static_cast<off_t>(from + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw TraceError(fmt::format("cannot read {}: {}", name_, std::strerror(errno)),
                         static_cast<int64_t>(from));
      if (got == 0) break;
      done += static_cast<uint64_t>(got);
    }
    return {scratch.data(), done};
  }

 private:
  Descriptor fd_;
  std::string name_;
  uint64_t size_;
};

Descriptor openTemporary() {
  const char* dir = std::getenv("TMPDIR");
  std::string name = std::string(dir != nullptr && *dir != '\0' ? dir : "/tmp") + "/tarry-XXXXXX";
  const int fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) throw TraceError(fmt::format("cannot create {}: {}", name, std::strerror(errno)));
  unlink(name.c_str());
  return Descriptor(fd);
}

void writeAll(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw TraceError(fmt::format("cannot keep a piped trace: {}", std::strerror(errno)));
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

// Reads all there is; what does not fit into memory goes on in a temporary file.
std::unique_ptr<ByteSource> spool(int fd, const std::string& name) {
  constexpr size_t kChunk = 1U << 20;
  std::vector<uint8_t> bytes, chunk(kChunk);
  std::unique_ptr<Descriptor> file;
  uint64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw TraceError(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    if (got == 0) break;
    const std::span<const uint8_t> part{chunk.data(), static_cast<size_t>(got)};
    total += part.size();
    if (!file && total > kMaxInMemory) {
      file = std::make_unique<Descriptor>(openTemporary());
      writeAll(file->get(), bytes);
      bytes = {};
    }
    if (file) {
      writeAll(file->get(), part);
    } else {
      bytes.insert(bytes.end(), part.begin(), part.end());
    }
  }
  if (!file) return memoryByteSource(std::move(bytes));
  return std::make_unique<FileSource>(std::move(*file), name, total);
}

}  // namespace

std::unique_ptr<ByteSource> memoryByteSource(std::vector<uint8_t> bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

std::unique_ptr<ByteSource> openByteSource(const std::string& path) {
  if (path == "-") return spool(STDIN_FILENO, "standard input");
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (fd.get() < 0 || fstat(fd.get(), &status) < 0) {
    throw TraceError(fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) throw TraceError(fmt::format("cannot open {}: it is a directory", path));
  if (!S_ISREG(status.st_mode)) return spool(fd.get(), path);
  return std::make_unique<FileSource>(std::move(fd), path, static_cast<uint64_t>(status.st_size));
}

}  // namespace tarry
