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

// The changes of several threads in the order of time, those of one instant in the order of threads.
class Changes {
 public:
  Changes(const States& states, std::span<const int32_t> threads) {
    for (size_t i = 0; i < threads.size(); ++i) {
      const std::span<const int64_t> times = states.times(threads[i]);
      next_.push_back({times.data(), times.data() + times.size(), i, states.first(threads[i])});
    }
    std::make_heap(next_.begin(), next_.end(), later);
  }
  bool empty() const { return next_.empty(); }
  int64_t time() const { return *next_.front().time; }
  Change take() {
    std::pop_heap(next_.begin(), next_.end(), later);
    Cursor& cursor = next_.back();
    const bool last = cursor.time + 1 == cursor.end;
    const Change change{*cursor.time, cursor.thread, last ? kNone : cursor.row};
    if (last) {
      next_.pop_back();
    } else {
      ++cursor.time;
      ++cursor.row;
      std::push_heap(next_.begin(), next_.end(), later);
    }
    return change;
  }

 private:
  struct Cursor {
    const int64_t* time;
    const int64_t* end;
    size_t thread;
    int32_t row;
  };
  static bool later(const Cursor& a, const Cursor& b) {
    return *a.time != *b.time ? *a.time > *b.time : a.thread > b.thread;
  }
  std::vector<Cursor> next_;
};

class Merger {
 public:
  Merger(const Timeline& timeline, size_t threads) : timeline_(timeline), current_(threads, kNone) {}

  // Calls piece(begin, row) for each, row kNone where no thread lives.
  template <class F>
  void run(Changes changes, F&& piece) {
    while (!changes.empty()) {
      const int64_t now = changes.time();
      left_.clear();
      while (!changes.empty() && changes.time() == now) apply(changes.take());
      const Together together = togetherNow();
      if (together == together_) continue;  // a stall goes on over changes from one wait to another
      if (begun_) piece(begin_, charged());
      begun_ = true;
      together_ = together;
      begin_ = now;
      representative_ = together_ == Together::none ? kNone : findOne(together_);
    }
    if (begun_) piece(begin_, charged());
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
      case RunState::none: break;
    }
    return Together::none;
  }

  StateRow row(int32_t index) const { return timeline_.state(index); }
  Together of(int32_t index) const { return of(timeline_.states().info(index).state); }

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

  // To which row the time since begin_ is charged, in which the threads were together_.
  int32_t charged() const {
    if (together_ != Together::stalled) return representative_;
    const int32_t ender = whoEnded();
    return ender != kNone ? ender : remaining();
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
    const StateRow r = row(index);
    if (r.role == WaitRole::idle) return {0, r.length()};
    return {timeline_.thread(r.thread).is_main ? 2 : 1, r.length()};
  }

  const Timeline& timeline_;
  std::vector<int32_t> current_;                   // row of each thread
  std::vector<std::pair<int32_t, int32_t>> left_;  // rows that ended now, and what followed
  std::array<size_t, 5> count_{};                  // threads in each state
  bool begun_ = false;
  Together together_ = Together::none;
  int64_t begin_ = 0;
  int32_t representative_ = kNone;
};

}  // namespace

ProcessStates::Pieces ProcessStates::of(int32_t process) {
  if (const auto found = merged_.find(process); found != merged_.end())
    return {found->second.times, found->second.rows, kNone};
  std::vector<int32_t> threads;
  for (const int32_t thread : timeline_.process(process).threads)
    if (!timeline_.statesOf(thread).empty()) threads.push_back(thread);
  if (threads.empty()) return {};
  if (threads.size() == 1)
    return {timeline_.states().times(threads.front()), {}, timeline_.firstState(threads.front())};
  const Merged& pieces = merged_.emplace(process, merged(threads)).first->second;
  return {pieces.times, pieces.rows, kNone};
}

ProcessStates::Merged ProcessStates::merged(std::span<const int32_t> threads) const {
  Merged pieces;
  Merger(timeline_, threads.size())
      .run(Changes(timeline_.states(), threads), [&](int64_t begin, int32_t row) {
        pieces.times.push_back(begin);
        pieces.rows.push_back(row);
      });
  return pieces;
}

}  // namespace tarry
