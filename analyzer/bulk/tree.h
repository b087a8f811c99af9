// B-trees of an SQLite database, built from rows that come in order: each page is filled and written once
// (https://sqlite.org/fileformat2.html, sections 1.6 and 1.7). SQLite's own way for one row, find its place,
// balance, write it through the page cache, costs several times as much. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/bulk/pages.h"

namespace tarry::bulk {

enum class PageType : uint8_t { index_interior = 2, table_interior = 5, index_leaf = 10, table_leaf = 13 };

// A page that is being filled with cells.
class PageBuilder {
 public:
  explicit PageBuilder(size_t page_size) : bytes_(page_size) {}

  void begin(PageType type);
  bool fits(size_t cell) const { return pointers_end_ + 2 + cell <= content_; }
  size_t cells() const { return cells_; }
  void add(std::span<const uint8_t> cell) { add(cell, {}, {}); }
  // A cell in up to three pieces; it fits.
  void add(std::span<const uint8_t> head, std::span<const uint8_t> middle, std::span<const uint8_t> tail);
  // The cell added last, which stays valid until the next one is added.
  std::span<const uint8_t> takeLast();
  // Of interior pages: the child behind the last cell.
  void setRightmost(uint32_t child);
  // The whole page.
  std::span<const uint8_t> finish();

 private:
  std::vector<uint8_t> bytes_;
  size_t pointers_end_ = 0;
  size_t content_ = 0;
  size_t last_size_ = 0;
  size_t cells_ = 0;
};

// What tables and indexes share: leaves, and rows that are too large for them.
class TreeBuilder {
 public:
  // `root` is the page that SQLite gave the empty tree.
  TreeBuilder(PageStore& pages, uint32_t root, PageType leaf, size_t largest_local);

 protected:
  ~TreeBuilder() = default;
  // Adds a cell to the leaf, with what does not fit there on pages of its own; false where the leaf is full.
  // `head` comes before the record and says its length.
  bool addCell(std::span<const uint8_t> head, std::span<const uint8_t> record);
  uint32_t writeNew(PageBuilder& page);
  void writeRoot(PageBuilder& page) { pages_.write(root_, page.finish()); }
  PageBuilder& leaf() { return leaf_; }
  PageStore& pages() { return pages_; }

 private:
  size_t localSize(size_t record) const;
  uint32_t spill(std::span<const uint8_t> rest);

  PageStore& pages_;
  uint32_t root_;
  size_t largest_local_;
  PageBuilder leaf_;
};

// A table with rowids: rows in leaves, rowids above.
class TableTree : private TreeBuilder {
 public:
  TableTree(PageStore& pages, uint32_t root);
  // Rowids must increase; throws std::logic_error otherwise.
  void append(int64_t rowid, std::span<const uint8_t> record);
  // Once, at the end.
  void finish();

 private:
  struct Child {
    uint32_t page;
    int64_t last;
  };
  std::vector<Child> children_;
  int64_t last_ = 0;
  bool any_ = false;
};

// An index, or a table without rowids: a record is on one page only, also of those above.
class IndexTree : private TreeBuilder {
 public:
  IndexTree(PageStore& pages, uint32_t root);
  // Records must come in the order of their keys (section 2.2), which is not checked.
  void append(std::span<const uint8_t> record);
  // Once, at the end.
  void finish();

 private:
  struct Child {
    uint32_t page = 0;
    std::vector<uint8_t> divider;  // the cell between it and the next one
  };
  std::vector<Child> level(std::vector<Child> below, bool& is_root);
  std::vector<Child> children_;
};

}  // namespace tarry::bulk
