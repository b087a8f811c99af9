// DatabaseImage: a database whose large tables are written page by page (BulkTable), and which SQLite opens
// when they are complete, for the rest. The schema, with the empty trees, is SQLite's own work.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "analyzer/bulk/pages.h"
#include "analyzer/sqlite.h"

namespace tarry::bulk {

class DatabaseImage {
 public:
  using Schema = std::function<void(Database&)>;
  // In memory; the page size must be a power of two of at least 512.
  explicit DatabaseImage(const Schema& schema, size_t page_size = kPageSize,
                         uint64_t lock_byte = PageStore::kLockByte);
  // In an empty file, which errors call `name`. Nobody else may have it open before open().
  DatabaseImage(const std::string& path, const std::string& name, const Schema& schema);

  static constexpr size_t kPageSize = 8192;

  PageStore& pages() { return *pages_; }
  // The page of the empty table or index of that name; 0: there is none.
  uint32_t root(std::string_view name) const;
  // Once, when all trees are written: the database, without a journal.
  Database open() { return pages_->open(); }

 private:
  void readRoots(Database& db);

  std::map<std::string, uint32_t, std::less<>> roots_;
  std::unique_ptr<PageStore> pages_;
};

}  // namespace tarry::bulk
