#include "analyzer/bulk/tree.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string>

#include "analyzer/bulk/record.h"

namespace tarry::bulk {
namespace {

constexpr size_t kLeafHeader = 8;
constexpr size_t kInteriorHeader = 12;
constexpr size_t kSmallestCell = 4;  // what a freed cell needs to become a free block

void put16(uint8_t* to, size_t value) {
  to[0] = static_cast<uint8_t>(value >> 8U);
  to[1] = static_cast<uint8_t>(value);
}
void put32(uint8_t* to, uint32_t value) {
  for (unsigned i = 0; i < 4; i++) to[i] = static_cast<uint8_t>(value >> (24U - 8U * i));
}

// X of section 1.6, "cell payload overflow".
size_t largestInTable(size_t usable) {
  return usable - 35;
}
size_t largestInIndex(size_t usable) {
  return (usable - 12) * 64 / 255 - 23;
}

}  // namespace

// ---- a page -----------------------------------------------------------------------------------

void PageBuilder::begin(PageType type) {
  std::fill(bytes_.begin(), bytes_.end(), uint8_t{0});
  bytes_[0] = static_cast<uint8_t>(type);
  const bool interior = type == PageType::index_interior || type == PageType::table_interior;
  pointers_end_ = interior ? kInteriorHeader : kLeafHeader;
  content_ = bytes_.size();
  cells_ = 0;
}

void PageBuilder::add(std::span<const uint8_t> head, std::span<const uint8_t> middle,
                      std::span<const uint8_t> tail) {
  last_size_ = std::max(head.size() + middle.size() + tail.size(), kSmallestCell);
  content_ -= last_size_;
  uint8_t* to = bytes_.data() + content_;
  to = std::copy(head.begin(), head.end(), to);
  to = std::copy(middle.begin(), middle.end(), to);
  std::copy(tail.begin(), tail.end(), to);
  put16(bytes_.data() + pointers_end_, content_);
  pointers_end_ += 2;
  cells_++;
}

std::span<const uint8_t> PageBuilder::takeLast() {
  pointers_end_ -= 2;
  put16(bytes_.data() + pointers_end_, 0);
  content_ += last_size_;
  cells_--;
  return {bytes_.data() + content_ - last_size_, last_size_};
}

void PageBuilder::setRightmost(uint32_t child) {
  put32(bytes_.data() + 8, child);
}

std::span<const uint8_t> PageBuilder::finish() {
  put16(bytes_.data() + 3, cells_);
  put16(bytes_.data() + 5, content_);  // 65536 is written as 0
  return bytes_;
}

// ---- what both kinds of tree do ---------------------------------------------------------------

TreeBuilder::TreeBuilder(PageStore& pages, uint32_t root, PageType leaf, size_t largest_local)
    : pages_(pages), root_(root), largest_local_(largest_local), leaf_(pages.pageSize()) {
  leaf_.begin(leaf);
}

size_t TreeBuilder::localSize(size_t record) const {
  if (record <= largest_local_) return record;
  const size_t usable = pages_.pageSize();
  const size_t least = (usable - 12) * 32 / 255 - 23;
  const size_t fitting = least + (record - least) % (usable - 4);
  return fitting <= largest_local_ ? fitting : least;
}

uint32_t TreeBuilder::spill(std::span<const uint8_t> rest) {
  std::vector<uint8_t> page(pages_.pageSize());
  const uint32_t first = pages_.allocate();
  for (uint32_t number = first; number != 0;) {
    const size_t here = std::min(rest.size(), page.size() - 4);
    std::fill(std::copy_n(rest.begin(), here, page.begin() + 4), page.end(), uint8_t{0});
    rest = rest.subspan(here);
    const uint32_t next = rest.empty() ? 0 : pages_.allocate();
    put32(page.data(), next);
    pages_.write(number, page);
    number = next;
  }
  return first;
}

bool TreeBuilder::addCell(std::span<const uint8_t> head, std::span<const uint8_t> record) {
  const size_t local = localSize(record.size());
  const bool whole = local == record.size();
  if (!leaf_.fits(std::max(head.size() + local + (whole ? 0 : 4), kSmallestCell))) return false;
  std::array<uint8_t, 4> overflow{};
  if (!whole) put32(overflow.data(), spill(record.subspan(local)));
  leaf_.add(head, record.first(local), std::span(overflow).first(whole ? 0 : 4));
  return true;
}

uint32_t TreeBuilder::writeNew(PageBuilder& page) {
  const uint32_t number = pages_.allocate();
  pages_.write(number, page.finish());
  return number;
}

// ---- tables -----------------------------------------------------------------------------------

TableTree::TableTree(PageStore& pages, uint32_t root)
    : TreeBuilder(pages, root, PageType::table_leaf, largestInTable(pages.pageSize())) {}

void TableTree::append(int64_t rowid, std::span<const uint8_t> record) {
  if (any_ && rowid <= last_) throw std::logic_error("rows of a table out of order");
  std::array<uint8_t, 2 * kMaxVarint> head;
  const uint8_t* end = putVarint(putVarint(head.data(), record.size()), static_cast<uint64_t>(rowid));
  const auto bytes = std::span(head).first(static_cast<size_t>(end - head.data()));
  if (!addCell(bytes, record)) {
    children_.push_back({writeNew(leaf()), last_});
    leaf().begin(PageType::table_leaf);
    addCell(bytes, record);
  }
  last_ = rowid;
  any_ = true;
}

void TableTree::finish() {
  if (children_.empty()) return writeRoot(leaf());
  children_.push_back({writeNew(leaf()), last_});
  PageBuilder page(pages().pageSize());
  const size_t most = (pages().pageSize() - kInteriorHeader) / (2 + 4 + kMaxVarint) + 1;
  for (;;) {
    // Evenly, so that no page is left with a single child.
    const size_t page_count = (children_.size() + most - 1) / most;
    std::vector<Child> above;
    for (size_t i = 0; i < page_count; i++) {
      const size_t begin = children_.size() * i / page_count;
      const size_t end = children_.size() * (i + 1) / page_count;
      page.begin(PageType::table_interior);
      for (size_t child = begin; child + 1 < end; child++) {
        std::array<uint8_t, 4 + kMaxVarint> cell;
        put32(cell.data(), children_[child].page);
        const uint8_t* cell_end = putVarint(cell.data() + 4, static_cast<uint64_t>(children_[child].last));
        page.add(std::span(cell).first(static_cast<size_t>(cell_end - cell.data())));
      }
      page.setRightmost(children_[end - 1].page);
      if (page_count == 1) return writeRoot(page);
      above.push_back({writeNew(page), children_[end - 1].last});
    }
    children_ = std::move(above);
  }
}

// ---- indexes ----------------------------------------------------------------------------------

IndexTree::IndexTree(PageStore& pages, uint32_t root)
    : TreeBuilder(pages, root, PageType::index_leaf, largestInIndex(pages.pageSize())) {}

void IndexTree::append(std::span<const uint8_t> record) {
  std::array<uint8_t, kMaxVarint> head;
  const uint8_t* end = putVarint(head.data(), record.size());
  const auto bytes = std::span(head).first(static_cast<size_t>(end - head.data()));
  if (addCell(bytes, record)) return;
  // At least four cells fit on a page, so one can go.
  const std::span<const uint8_t> divider = leaf().takeLast();
  Child child;
  child.divider.assign(divider.begin(), divider.end());
  child.page = writeNew(leaf());
  children_.push_back(std::move(child));
  leaf().begin(PageType::index_leaf);
  addCell(bytes, record);
}

void IndexTree::finish() {
  if (children_.empty()) return writeRoot(leaf());
  children_.push_back({writeNew(leaf()), {}});
  bool is_root = false;
  while (!is_root) children_ = level(std::move(children_), is_root);
}

std::vector<IndexTree::Child> IndexTree::level(std::vector<Child> below, bool& is_root) {
  const size_t room = pages().pageSize() - kInteriorHeader;
  // Where each page ends: behind the child whose divider finds no room.
  std::vector<size_t> ends;
  size_t used = 0;
  for (size_t i = 0; i + 1 < below.size(); i++) {
    const size_t cell = 2 + 4 + below[i].divider.size();
    if (used + cell > room) {
      ends.push_back(i + 1);
      used = 0;
    } else {
      used += cell;
    }
  }
  // A page needs two children at least; the one before has some to give.
  if (!ends.empty() && ends.back() + 1 == below.size()) ends.back()--;
  ends.push_back(below.size());
  is_root = ends.size() == 1;

  std::vector<Child> above;
  PageBuilder page(pages().pageSize());
  size_t begin = 0;
  for (const size_t end : ends) {
    page.begin(PageType::index_interior);
    for (size_t i = begin; i + 1 < end; i++) {
      std::array<uint8_t, 4> child;
      put32(child.data(), below[i].page);
      page.add(child, below[i].divider, {});
    }
    page.setRightmost(below[end - 1].page);
    if (is_root) {
      writeRoot(page);
      break;
    }
    Child done;
    done.page = writeNew(page);
    done.divider = std::move(below[end - 1].divider);
    above.push_back(std::move(done));
    begin = end;
  }
  return above;
}

}  // namespace tarry::bulk
