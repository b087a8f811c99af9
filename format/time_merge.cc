#include "format/time_merge.h"

#include <algorithm>

namespace tarry {

bool TimeMerge::later(const Cursor& a, const Cursor& b) {
  const Due& x = a.block->due[a.next];
  const Due& y = b.block->due[b.next];
  if (x.ts_ns != y.ts_ns) return x.ts_ns > y.ts_ns;
  if (x.rank != y.rank) return x.rank > y.rank;
  return a.block->offset > b.block->offset;
}

void TimeMerge::add(std::unique_ptr<LoadedBlock> block) {
  if (block->due.empty()) return;
  std::sort(block->due.begin(), block->due.end());
  bytes_ += block->bytes;
  heap_.push_back({std::move(block), 0});
  std::push_heap(heap_.begin(), heap_.end(), later);
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
