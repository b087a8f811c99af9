// States: what every thread did, ordered by thread and time, 12 bytes each. A state is when it begins and
// which StateInfo it is; it ends where the next one of its thread begins. Rows are numbered over all threads.
//
// For each thread the states cover its life without gap or overlap (thread_state is a partition); where a
// database breaks that rule, states are clipped or gaps become `unknown`, so that sums hold.
// Immutable; may be read by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "analyzer/run_state.h"
#include "analyzer/wait_kind.h"

namespace tarry {

class StateStore;

inline constexpr int32_t kNone = -1;

// All that is said of a state but when. Indexes refer to the Timeline's vectors; kNone where nothing is
// known.
struct StateInfo {
  int64_t since = 0;  // began_before: when, 0 where not known
  int32_t thread = kNone;
  int32_t resource = kNone;
  int32_t waker = kNone;  // thread
  int32_t waker_resource = kNone;
  int32_t peer = kNone;           // thread at the other end of the connection
  int32_t call = kNone;           // name
  int32_t waker_call = kNone;     // name
  int32_t waker_context = kNone;  // name
  int32_t kernel_stack = kNone;   // stack_id; only where the kind is unknown
  RunState state = RunState::unknown;
  WaitKind kind = WaitKind::unknown;
  WaitRole role = WaitRole::none;
  WaitPhase phase = WaitPhase::none;
  bool open = false;          // still so at the end of the recording
  bool began_before = false;  // and before it
};

struct StateRow : StateInfo {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t length() const { return end - begin; }
};

// Trace time, [from_ns, to_ns).
struct TimelineOptions {
  int64_t from_ns = std::numeric_limits<int64_t>::min();
  int64_t to_ns = std::numeric_limits<int64_t>::max();
};

class States {
 public:
  // The states of one thread; as long as the States. Rows are made when they are looked at.
  class Range;

  States() = default;
  // `infos`: by facts of the store. `last_ns`: where open states end. States of no thread are left out.
  States(StateStore& store, std::vector<StateInfo> infos, size_t threads, int64_t last_ns,
         const TimelineOptions& options);

  bool empty() const { return begin_ns_ == end_ns_; }
  Range of(int32_t thread) const;
  StateRow row(int32_t row) const {
    const auto i = static_cast<size_t>(row);
    return {infos_[info_[i]], begins_[i], begins_[i + 1]};
  }
  const StateInfo& info(int32_t row) const { return infos_[info_[static_cast<size_t>(row)]]; }
  int32_t first(int32_t thread) const { return first_[static_cast<size_t>(thread)]; }
  // When each state of a thread begins, and at last when the last one ends; empty without states.
  std::span<const int64_t> times(int32_t thread) const;

  // First and last instant that any state covers.
  int64_t beginNs() const { return begin_ns_; }
  int64_t endNs() const { return end_ns_; }

  // What states are said to be: each at least once, some perhaps more often, some of no state.
  std::span<const StateInfo> infos() const { return infos_; }

 private:
  size_t count(int32_t thread) const;
  void keepWithin(int64_t from_ns, int64_t to_ns, const std::vector<uint32_t>& gaps);

  std::vector<StateInfo> infos_;
  // By row. Behind the last state of a thread stands one more that is none, for its end.
  std::vector<int64_t> begins_;
  std::vector<uint32_t> info_;
  std::vector<int32_t> first_;  // a thread, and one past the last
  int64_t begin_ns_ = 0;
  int64_t end_ns_ = 0;
};

class States::Range {
 public:
  class Iterator {
   public:
    Iterator(const States* states, int32_t row) : states_(states), row_(row) {}
    StateRow operator*() const { return states_->row(row_); }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const States* states_;
    int32_t row_;
  };

  Range(const States* states, int32_t first, size_t size) : states_(states), first_(first), size_(size) {}

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  StateRow operator[](size_t i) const { return states_->row(first_ + static_cast<int32_t>(i)); }
  StateRow front() const { return (*this)[0]; }
  StateRow back() const { return (*this)[size_ - 1]; }
  Iterator begin() const { return {states_, first_}; }
  Iterator end() const { return {states_, first_ + static_cast<int32_t>(size_)}; }

 private:
  const States* states_;
  int32_t first_;
  size_t size_;
};

inline size_t States::count(int32_t thread) const {
  const auto i = static_cast<size_t>(thread);
  const int32_t places = first_[i + 1] - first_[i];
  return places == 0 ? 0 : static_cast<size_t>(places) - 1;
}

inline States::Range States::of(int32_t thread) const {
  return {this, first(thread), count(thread)};
}

}  // namespace tarry
