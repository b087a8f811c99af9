#include "analyzer/bulk/pages.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "format/errors.h"

namespace tarry::bulk {
namespace {

constexpr uint32_t kMostPages = 0xfffffffeU;  // section 1.1

// Of the database header (section 1.2): the number of pages, and the change counter for which it holds.
constexpr size_t kChangeCounter = 24;
constexpr size_t kPageCount = 28;
constexpr size_t kValidFor = 92;
constexpr size_t kHeaderSize = 100;

constexpr size_t kBufferBytes = 256 << 10U;

void setPageCount(std::span<uint8_t> header, uint32_t pages) {
  for (unsigned i = 0; i < 4; i++) header[kPageCount + i] = static_cast<uint8_t>(pages >> (24U - 8U * i));
  std::copy_n(header.begin() + kChangeCounter, 4, header.begin() + kValidFor);
}

int openFile(const std::string& path, const std::string& name) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw TraceError("cannot open " + name + ": " + std::strerror(errno));
  return fd;
}

uint32_t pagesIn(int fd, size_t page_size) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return 0;
  return static_cast<uint32_t>(static_cast<uint64_t>(status.st_size) / page_size);
}

}  // namespace

PageStore::PageStore(size_t page_size, uint32_t pages, uint64_t lock_byte)
    : page_size_(page_size), count_(pages), lock_page_(lock_byte / page_size + 1) {}

uint32_t PageStore::allocate() {
  if (count_ >= kMostPages - 1) throw TraceError("the database would be larger than SQLite allows");
  count_++;
  if (count_ == lock_page_) {
    write(count_, std::vector<uint8_t>(page_size_));
    count_++;
  }
  return count_;
}

MemoryPages::MemoryPages(uint8_t* bytes, size_t size, size_t page_size, uint64_t lock_byte)
    : PageStore(page_size, static_cast<uint32_t>(size / page_size), lock_byte),
      bytes_(bytes),
      capacity_(size) {}

MemoryPages::~MemoryPages() {
  sqlite3_free(bytes_);
}

void MemoryPages::write(uint32_t number, std::span<const uint8_t> page) {
  const size_t end = size_t{number} * pageSize();
  if (end > capacity_) {
    // Pages not touched cost nothing, and large pieces are moved by the page table.
    const size_t wanted = std::max(end, capacity_ + capacity_ / 2);
    auto* larger = static_cast<uint8_t*>(sqlite3_realloc64(bytes_, wanted));
    if (larger == nullptr) throw TraceError("out of memory for the database");
    bytes_ = larger;
    capacity_ = wanted;
  }
  std::copy(page.begin(), page.end(), bytes_ + (end - pageSize()));
}

Database MemoryPages::open() {
  const size_t size = size_t{count()} * pageSize();
  setPageCount({bytes_, size}, count());
  Database db;
  // It takes the bytes also where it fails.
  if (sqlite3_deserialize(db.handle(), "main", std::exchange(bytes_, nullptr), static_cast<int64_t>(size),
                          static_cast<int64_t>(capacity_),
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) != SQLITE_OK)
    throw TraceError("cannot open the database in memory");
  sqlite3_int64 limit = INT64_MAX;
  sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);
  db.execute("PRAGMA journal_mode = OFF");
  return db;
}

FilePages::FilePages(const std::string& path, const std::string& name, size_t page_size)
    : FilePages(path, name, openFile(path, name), page_size) {}

FilePages::FilePages(const std::string& path, const std::string& name, int fd, size_t page_size)
    : PageStore(page_size, pagesIn(fd, page_size)), path_(path), name_(name), fd_(fd) {}

FilePages::~FilePages() {
  close();
}

void FilePages::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Database FilePages::open() {
  flush();
  std::array<uint8_t, kHeaderSize> header{};
  if (pread(fd_, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()))
    throw TraceError("cannot read " + name_ + ": " + std::strerror(errno));
  setPageCount(header, count());
  writeAt(0, header);
  close();
  Database db(path_);
  db.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE");
  return db;
}

void FilePages::write(uint32_t number, std::span<const uint8_t> page) {
  const uint64_t at = (uint64_t{number} - 1) * pageSize();
  if (at != buffer_at_ + buffer_.size() || buffer_.size() >= kBufferBytes) {
    flush();
    buffer_at_ = at;
  }
  buffer_.insert(buffer_.end(), page.begin(), page.end());
}

void FilePages::flush() {
  writeAt(buffer_at_, buffer_);
  buffer_.clear();
}

void FilePages::writeAt(uint64_t at, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0)
      throw TraceError("cannot write " + name_ + ": " + std::strerror(done < 0 ? errno : ENOSPC) +
                       " (is there room for it?)");
    bytes = bytes.subspan(static_cast<size_t>(done));
    at += static_cast<uint64_t>(done);
  }
}

}  // namespace tarry::bulk
