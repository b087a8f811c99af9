#include "query/states.h"

#include <algorithm>

#include "analyzer/state_store.h"

namespace tarry {

States::States(StateStore& store, std::vector<StateInfo> infos, size_t threads, int64_t last_ns,
               const TimelineOptions& options)
    : infos_(std::move(infos)), first_(threads + 1, 0) {
  store.tidy();
  const auto in = [](int32_t index) { return static_cast<size_t>(index); };
  const std::vector<StateStore::Thread>& from = store.threads();
  // Where a thread of the store goes, by its first facts.
  std::vector<int32_t> places(from.size(), kNone);
  for (size_t i = 0; i < infos_.size(); ++i)
    places[store.threadOf(static_cast<uint32_t>(i))] = infos_[i].thread;
  for (size_t i = 0; i < from.size(); ++i)
    if (places[i] != kNone && from[i].states != 0)
      first_[in(places[i]) + 1] = static_cast<int32_t>(from[i].states) + 1;
  for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];

  begins_.resize(in(first_.back()));
  info_.resize(begins_.size());
  std::vector<int32_t> next(first_.begin(), first_.end() - 1);
  store.drain([&](uint32_t facts, int64_t begin_ns) {
    const int32_t thread = infos_[facts].thread;
    if (thread == kNone) return;
    const size_t row = in(next[in(thread)]++);
    begins_[row] = std::min(begin_ns, last_ns);
    info_[row] = facts;
  });
  std::vector<uint32_t> gaps(threads, 0);
  for (size_t i = 0; i < from.size(); ++i) {
    if (places[i] == kNone || from[i].states == 0) continue;
    const size_t row = in(next[in(places[i])]);
    begins_[row] = std::max(std::min(from[i].end_ns, last_ns), begins_[row - 1]);
    info_[row] = gaps[in(places[i])] = from[i].gap;
  }
  keepWithin(options.from_ns, options.to_ns, gaps);
}

// Leaves out what is not in [from_ns, to_ns), or empty. `gaps`: which info stands for a gap, by thread.
void States::keepWithin(int64_t from_ns, int64_t to_ns, const std::vector<uint32_t>& gaps) {
  begin_ns_ = INT64_MAX;
  end_ns_ = INT64_MIN;
  size_t kept = 0;
  for (size_t thread = 0; thread + 1 < first_.size(); ++thread) {
    auto row = static_cast<size_t>(first_[thread]);
    auto last = static_cast<size_t>(first_[thread + 1]);  // its end, from here on
    first_[thread] = static_cast<int32_t>(kept);
    if (row == last--) continue;
    const auto nothing_in = [&](size_t i) {
      const int64_t end_ns = begins_[i + 1];
      return end_ns <= from_ns || begins_[i] >= to_ns || end_ns == begins_[i] || info_[i] == gaps[thread];
    };
    while (row < last && nothing_in(row)) ++row;
    while (row < last && nothing_in(last - 1)) --last;
    if (row == last) continue;
    if (infos_[info_[last - 1]].open && begins_[last] > to_ns) {
      infos_.push_back(infos_[info_[last - 1]]);
      infos_.back().open = false;
      info_[last - 1] = static_cast<uint32_t>(infos_.size() - 1);
    }
    begins_[row] = std::max(begins_[row], from_ns);
    begins_[last] = std::min(begins_[last], to_ns);
    begin_ns_ = std::min(begin_ns_, begins_[row]);
    end_ns_ = std::max(end_ns_, begins_[last]);
    if (kept != row) {
      std::copy(begins_.data() + row, begins_.data() + last + 1, begins_.data() + kept);
      std::copy(info_.data() + row, info_.data() + last + 1, info_.data() + kept);
    }
    kept += last - row + 1;
  }
  first_.back() = static_cast<int32_t>(kept);
  begins_.resize(kept);
  info_.resize(kept);
  if (kept == 0) begin_ns_ = end_ns_ = 0;
}

std::span<const int64_t> States::times(int32_t thread) const {
  const auto i = static_cast<size_t>(thread);
  const auto first = static_cast<size_t>(first_[i]);
  return std::span(begins_).subspan(first, static_cast<size_t>(first_[i + 1]) - first);
}

}  // namespace tarry
