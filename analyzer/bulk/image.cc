#include "analyzer/bulk/image.h"

#include <sqlite3.h>

#include "format/errors.h"

namespace tarry::bulk {
namespace {

void prepare(Database& db, size_t page_size) {
  db.execute("PRAGMA page_size = " + std::to_string(page_size) +
             "; PRAGMA auto_vacuum = NONE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
}

}  // namespace

DatabaseImage::DatabaseImage(const Schema& schema, size_t page_size, uint64_t lock_byte) {
  Database db;
  prepare(db, page_size);
  schema(db);
  readRoots(db);
  sqlite3_int64 size = 0;
  uint8_t* bytes = sqlite3_serialize(db.handle(), "main", &size, 0);
  if (bytes == nullptr) throw TraceError("out of memory for the database");
  pages_ = std::make_unique<MemoryPages>(bytes, static_cast<size_t>(size), page_size, lock_byte);
}

DatabaseImage::DatabaseImage(const std::string& path, const std::string& name, const Schema& schema) {
  {
    Database db(path);
    prepare(db, kPageSize);
    schema(db);
    readRoots(db);
  }
  pages_ = std::make_unique<FilePages>(path, name, kPageSize);
}

void DatabaseImage::readRoots(Database& db) {
  Statement q = db.prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0");
  while (q.step()) roots_.emplace(q.text(0), static_cast<uint32_t>(q.integer(1)));
}

uint32_t DatabaseImage::root(std::string_view name) const {
  const auto found = roots_.find(name);
  return found != roots_.end() ? found->second : 0;
}

}  // namespace tarry::bulk
