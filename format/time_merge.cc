#include "format/time_merge.h"

#include <algorithm>
#include <cstddef>

namespace tarry {
namespace {

// Rows of a block are nearly in order: long calls stand late, the rings of several CPUs take turns.
// What keeps ascending stays, the rest is sorted the same way and merged in; several times faster
// than sorting all.
void sortNearlySorted(std::vector<Due>& due, int depth = 0) {
  constexpr int kMaxDepth = 4;
  constexpr size_t kFew = 64;
  if (std::is_sorted(due.begin(), due.end())) return;
  if (depth == kMaxDepth || due.size() <= kFew) {
    std::sort(due.begin(), due.end());
    return;
  }
  std::vector<Due> strays;
  size_t kept = 0;
  for (const Due& each : due) {
    if (kept == 0 || !(each < due[kept - 1])) {
      due[kept++] = each;
    } else {
      strays.push_back(each);
    }
  }
  sortNearlySorted(strays, depth + 1);
  // From the back, so that nothing is overwritten before it has moved.
  size_t at = due.size();
  while (!strays.empty()) {
    if (kept > 0 && strays.back() < due[kept - 1]) {
      due[--at] = due[--kept];
    } else {
      due[--at] = strays.back();
      strays.pop_back();
    }
  }
}

}  // namespace

bool TimeMerge::later(const Cursor& a, const Cursor& b) {
  const Due& x = a.block->due[a.next];
  const Due& y = b.block->due[b.next];
  if (x.ts_ns != y.ts_ns) return x.ts_ns > y.ts_ns;
  if (x.rank != y.rank) return x.rank > y.rank;
  return a.block->offset > b.block->offset;
}

uint64_t TimeMerge::add(std::unique_ptr<LoadedBlock> block) {
  const uint64_t late =
      std::erase_if(block->due, [&](const Due& each) { return each.ts_ns < delivered_ns_; });
  if (block->due.empty()) return late;
  sortNearlySorted(block->due);
  bytes_ += block->bytes;
  heap_.push_back({std::move(block), 0});
  std::push_heap(heap_.begin(), heap_.end(), later);
  return late;
}

// Delivers from the earliest block as long as it stays the earliest.
void TimeMerge::deliverTop(int64_t until_ns, TraceVisitor& visitor) {
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Cursor& top = heap_.back();
  const bool alone = heap_.size() == 1;
  const std::vector<Due>& due = top.block->due;
  do {
    top.block->deliver(due[top.next].row, visitor);
    ++top.next;
  } while (top.next < due.size() && due[top.next].ts_ns < until_ns && (alone || !later(top, heap_.front())));
  delivered_ns_ = due[top.next - 1].ts_ns;
  if (top.next < due.size()) {
    std::push_heap(heap_.begin(), heap_.end(), later);
  } else {
    bytes_ -= top.block->bytes;
    heap_.pop_back();
  }
}

void TimeMerge::deliverBefore(int64_t until_ns, TraceVisitor& visitor) {
  while (!heap_.empty() && nextNs() < until_ns) deliverTop(until_ns, visitor);
}

void TimeMerge::deliverSome(TraceVisitor& visitor) {
  if (!heap_.empty()) deliverTop(INT64_MAX, visitor);
}

}  // namespace tarry
