// Pages of an SQLite database that is written without SQLite: in memory or in a file, by their numbers
// (https://sqlite.org/fileformat2.html, section 1). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyzer/sqlite.h"

namespace tarry::bulk {

// Numbers count from 1; a number is given once and then written, in any order.
class PageStore {
 public:
  // `pages` are there already. The page that holds the byte `lock_byte` stays empty: SQLite keeps it for its
  // locks (section 1.3).
  PageStore(size_t page_size, uint32_t pages, uint64_t lock_byte = kLockByte);
  virtual ~PageStore() = default;
  PageStore(const PageStore&) = delete;
  PageStore& operator=(const PageStore&) = delete;

  static constexpr uint64_t kLockByte = uint64_t{1} << 30U;

  size_t pageSize() const { return page_size_; }
  uint32_t count() const { return count_; }
  // Throws TraceError where SQLite could not number it.
  uint32_t allocate();
  // `page` has pageSize() bytes. Throws TraceError if there is no room for it.
  virtual void write(uint32_t number, std::span<const uint8_t> page) = 0;
  // Once, when all pages are written: SQLite with the database, without a journal.
  virtual Database open() = 0;

 private:
  size_t page_size_;
  uint32_t count_;
  uint64_t lock_page_;
};

// Memory of SQLite's, which sqlite3_deserialize() takes over.
class MemoryPages : public PageStore {
 public:
  // Takes over what sqlite3_serialize() gave: `bytes` of whole pages.
  MemoryPages(uint8_t* bytes, size_t size, size_t page_size, uint64_t lock_byte = kLockByte);
  ~MemoryPages() override;

  void write(uint32_t number, std::span<const uint8_t> page) override;
  Database open() override;

 private:
  uint8_t* bytes_;
  size_t capacity_;
};

// A file that SQLite made and has closed.
class FilePages : public PageStore {
 public:
  // `name` is what errors call it. Throws TraceError if it cannot be opened.
  FilePages(const std::string& path, const std::string& name, size_t page_size);
  ~FilePages() override;

  void write(uint32_t number, std::span<const uint8_t> page) override;
  Database open() override;

 private:
  FilePages(const std::string& path, const std::string& name, int fd, size_t page_size);
  void close();
  void flush();
  void writeAt(uint64_t at, std::span<const uint8_t> bytes);
  std::string path_, name_;
  int fd_;
  std::vector<uint8_t> buffer_;  // pages that follow one another, not written yet
  uint64_t buffer_at_ = 0;
};

}  // namespace tarry::bulk
