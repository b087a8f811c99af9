#include "query/why/process_states.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tarry {
namespace {

// A thread enters `row` at `time`; kNone: its life ends.
struct Change {
  int64_t time = 0;
  size_t thread = 0;  // position in the list of the process's threads
  int32_t row = kNone;
};

class Merger {
 public:
  Merger(const Timeline& timeline, size_t threads) : timeline_(timeline), current_(threads, kNone) {}

  std::vector<Piece> run(std::span<const Change> changes) {
    for (size_t i = 0; i < changes.size();) {
      const int64_t now = changes[i].time;
      left_.clear();
      for (; i < changes.size() && changes[i].time == now; ++i) apply(changes[i]);
      const Together together = togetherNow();
      if (together == together_) continue;  // a stall goes on over changes from one wait to another
      close(now);
      together_ = together;
      begin_ = now;
      representative_ = together_ == Together::none ? kNone : findOne(together_);
    }
    return std::move(pieces_);
  }

 private:
  // What the threads are doing taken together; the order is by what outweighs what.
  enum class Together : uint8_t { running, queued, unknown, stalled, none };

  static Together of(RunState state) {
    switch (state) {
      case RunState::running: return Together::running;
      case RunState::runnable: return Together::queued;
      case RunState::unknown: return Together::unknown;
      case RunState::blocked: return Together::stalled;
    }
    return Together::none;
  }
  static RunState runState(Together together) {
    switch (together) {
      case Together::running: return RunState::running;
      case Together::queued: return RunState::runnable;
      case Together::stalled: return RunState::blocked;
      case Together::unknown:
      case Together::none: return RunState::unknown;
    }
    return RunState::unknown;
  }

  const StateRow& row(int32_t index) const { return timeline_.state(index); }
  Together of(int32_t index) const { return of(row(index).state); }

  void apply(const Change& change) {
    int32_t& slot = current_[change.thread];
    if (slot != kNone) {
      --count_[static_cast<size_t>(of(slot))];
      left_.push_back({slot, change.row});
    }
    slot = change.row;
    if (slot != kNone) ++count_[static_cast<size_t>(of(slot))];
  }

  Together togetherNow() const {
    for (const Together t : {Together::running, Together::queued, Together::unknown, Together::stalled})
      if (count_[static_cast<size_t>(t)] > 0) return t;
    return Together::none;
  }

  int32_t findOne(Together together) const {
    const auto found = std::find_if(current_.begin(), current_.end(),
                                    [&](int32_t index) { return index != kNone && of(index) == together; });
    return found == current_.end() ? kNone : *found;
  }

  void close(int64_t now) {
    if (together_ == Together::none) return;
    Piece piece{.begin = begin_, .end = now, .row = representative_, .state = runState(together_)};
    if (together_ == Together::stalled) {
      const int32_t ender = whoEnded();
      piece.row = ender != kNone ? ender : remaining();
    }
    pieces_.push_back(piece);
  }

  // The wait that ended now and was not followed by another; of several the longest.
  int32_t whoEnded() const {
    int32_t ender = kNone;
    for (const auto& [left, entered] : left_) {
      if (row(left).state != RunState::blocked || row(left).open) continue;
      if (entered == kNone || row(entered).state == RunState::blocked) continue;
      if (ender == kNone || row(left).length() > row(ender).length()) ender = left;
    }
    return ender;
  }

  // Whose wait counts where nothing ended the stall.
  int32_t remaining() const {
    int32_t best = kNone;
    const auto consider = [&](int32_t index) {
      if (index == kNone || row(index).state != RunState::blocked) return;
      if (best == kNone || rank(index) > rank(best)) best = index;
    };
    for (const auto& [left, entered] : left_) consider(left);
    for (const int32_t index : current_) consider(index);
    return best != kNone ? best : representative_;
  }
  std::pair<int, int64_t> rank(int32_t index) const {
    const StateRow& r = row(index);
    if (r.role == WaitRole::idle) return {0, r.length()};
    return {timeline_.thread(r.thread).is_main ? 2 : 1, r.length()};
  }

  const Timeline& timeline_;
  std::vector<int32_t> current_;                   // row of each thread
  std::vector<std::pair<int32_t, int32_t>> left_;  // rows that ended now, and what followed
  std::array<size_t, 5> count_{};                  // threads in each state
  std::vector<Piece> pieces_;
  Together together_ = Together::none;
  int64_t begin_ = 0;
  int32_t representative_ = kNone;
};

}  // namespace

std::span<const Piece> ProcessStates::of(int32_t process) {
  const auto found = pieces_.find(process);
  if (found != pieces_.end()) return found->second;
  std::vector<int32_t> threads;
  for (const int32_t thread : timeline_.process(process).threads)
    if (!timeline_.statesOf(thread).empty()) threads.push_back(thread);
  std::vector<Piece> pieces;
  if (threads.size() == 1) pieces = single(threads.front());
  else if (!threads.empty()) pieces = merged(threads);
  return pieces_.emplace(process, std::move(pieces)).first->second;
}

std::vector<Piece> ProcessStates::single(int32_t thread) const {
  const auto rows = timeline_.statesOf(thread);
  std::vector<Piece> pieces;
  pieces.reserve(rows.size());
  int32_t index = timeline_.firstState(thread);
  for (const StateRow& row : rows)
    pieces.push_back({.begin = row.begin, .end = row.end, .row = index++, .state = row.state});
  return pieces;
}

std::vector<Piece> ProcessStates::merged(std::span<const int32_t> threads) const {
  std::vector<Change> changes;
  for (size_t i = 0; i < threads.size(); ++i) {
    const auto rows = timeline_.statesOf(threads[i]);
    int32_t index = timeline_.firstState(threads[i]);
    for (const StateRow& row : rows) changes.push_back({row.begin, i, index++});
    changes.push_back({rows.back().end, i, kNone});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.time < b.time; });
  return Merger(timeline_, threads.size()).run(changes);
}

std::span<const Piece> within(std::span<const Piece> pieces, int64_t begin, int64_t end) {
  const auto first =
      std::partition_point(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.end <= begin; });
  const auto last = std::partition_point(first, pieces.end(), [&](const Piece& p) { return p.begin < end; });
  return {first, last};
}

}  // namespace tarry
