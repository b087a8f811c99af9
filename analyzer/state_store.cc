#include "analyzer/state_store.h"

#include <algorithm>

namespace tarry {
namespace {

uint64_t hashOf(const StateFacts& facts) {
  uint64_t hash = static_cast<uint64_t>(facts.since);
  const auto add = [&hash](uint64_t a, uint64_t b) {
    hash = (hash ^ (a << 32U | (b & 0xffffffffU))) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32U;
  };
  add(facts.utid, facts.waker);
  add(facts.resource, facts.waker_resource);
  add(facts.kernel_stack, facts.parked);
  add(facts.peer, static_cast<uint64_t>(facts.phase));
  add(static_cast<uint32_t>(facts.call), static_cast<uint32_t>(facts.waker_call));
  add(static_cast<uint32_t>(facts.waker_context),
      static_cast<uint64_t>(facts.state) | static_cast<uint64_t>(facts.kind) << 8U |
          static_cast<uint64_t>(facts.role) << 16U | uint64_t{facts.open} << 24U |
          uint64_t{facts.began_before} << 25U | uint64_t{facts.gap} << 26U);
  return hash;
}

}  // namespace

StateStore::StateStore() : index_(1024, 0) {}

size_t StateStore::slotOf(const StateFacts& facts) const {
  const size_t mask = index_.size() - 1;
  size_t slot = hashOf(facts) & mask;
  while (index_[slot] != 0 && facts_[index_[slot] - 1] != facts) slot = (slot + 1) & mask;
  return slot;
}

void StateStore::growIndex() {
  index_.assign(index_.size() * 2, 0);
  for (size_t i = 0; i < facts_.size(); i++) index_[slotOf(facts_[i])] = static_cast<uint32_t>(i + 1);
}

uint32_t StateStore::insert(const StateFacts& facts) {
  size_t slot = slotOf(facts);
  if (index_[slot] != 0) return index_[slot] - 1;
  if (facts_.size() * 2 >= index_.size()) {
    growIndex();
    slot = slotOf(facts);
  }
  const auto number = static_cast<uint32_t>(facts_.size());
  index_[slot] = number + 1;
  facts_.push_back(facts);
  const auto [thread, is_new] = thread_ids_.try_emplace(facts.utid, static_cast<uint32_t>(threads_.size()));
  const uint32_t place = thread->second;
  thread_of_.push_back(place);
  if (is_new) {
    threads_.push_back({.utid = facts.utid});
    threads_[place].gap = insert({.utid = facts.utid, .gap = true});
  }
  return number;
}

uint32_t StateStore::add(const StateFacts& facts) {
  switch (facts.state) {
    case RunState::running:
      return insert({.utid = facts.utid, .state = facts.state, .kind = WaitKind::none, .open = facts.open});
    case RunState::none:
    case RunState::unknown:
    case RunState::runnable:
    case RunState::blocked: break;
  }
  if (facts.kind == WaitKind::unknown || facts.kernel_stack == 0) return insert(facts);
  StateFacts without = facts;
  without.kernel_stack = 0;
  return insert(without);
}

int32_t StateStore::name(std::string_view text) {
  if (text.empty()) return -1;
  const auto [found, is_new] = name_ids_.try_emplace(std::string(text), static_cast<int32_t>(names_.size()));
  if (is_new) names_.emplace_back(text);
  return found->second;
}

void StateStore::push(Thread& thread, uint32_t facts, int64_t begin_ns) {
  if (count_in_last_ == kChunk) {
    chunks_.push_back(std::make_unique_for_overwrite<Chunk>());
    count_in_last_ = 0;
  }
  Chunk& chunk = *chunks_.back();
  chunk.begin_ns[count_in_last_] = begin_ns;
  chunk.facts[count_in_last_] = facts;
  count_in_last_++;
  count_++;
  thread.states++;
}

void StateStore::append(uint32_t facts, int64_t begin_ns, int64_t end_ns) {
  const bool open = facts_[facts].open;
  last_ns_ = std::max(last_ns_, open ? begin_ns : end_ns);
  if (open) end_ns = INT64_MAX;
  if (end_ns <= begin_ns) return;
  Thread& thread = threads_[thread_of_[facts]];
  if (thread.states != 0 && thread.end_ns != begin_ns) {
    // What was before lasts until there.
    push(thread, thread.gap, thread.end_ns);
    if (begin_ns < thread.end_ns) tidy_ = false;
  }
  push(thread, facts, begin_ns);
  thread.end_ns = end_ns;
}

void StateStore::tidy() {
  if (tidy_) return;
  struct Interval {
    uint32_t thread;
    uint32_t facts;
    int64_t begin_ns, end_ns;
  };
  std::vector<Interval> intervals;
  intervals.reserve(count_);
  constexpr size_t kNo = SIZE_MAX;
  std::vector<size_t> current(threads_.size(), kNo);  // of each thread, in intervals
  drain([&](uint32_t facts, int64_t begin_ns) {
    const uint32_t thread = thread_of_[facts];
    if (current[thread] != kNo) intervals[current[thread]].end_ns = begin_ns;
    current[thread] = facts_[facts].gap ? kNo : intervals.size();
    if (!facts_[facts].gap) intervals.push_back({thread, facts, begin_ns, threads_[thread].end_ns});
  });
  std::stable_sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) {
    return a.thread != b.thread ? a.thread < b.thread : a.begin_ns < b.begin_ns;
  });
  for (Thread& thread : threads_) thread.states = 0;
  tidy_ = true;
  const int64_t last_ns = last_ns_;
  for (const Interval& interval : intervals) {
    const Thread& thread = threads_[interval.thread];
    const bool first = thread.states == 0;
    append(interval.facts, first ? interval.begin_ns : std::max(interval.begin_ns, thread.end_ns),
           interval.end_ns);
  }
  last_ns_ = last_ns;
}

}  // namespace tarry
