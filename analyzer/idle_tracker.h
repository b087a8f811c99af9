// Worker threads that are parked until work is handed over: whose wait is nobody's problem.
//
// A wait looks the same for a worker without work, a thread that waits for its turn at a lock, and
// one that waits for a result. They are told apart by who ends it:
//  - a queue: those that wait on it and those that end the waits are different threads of one
//    process. Where the same threads do both, it is something they compete for: no idle wait. (The
//    main thread does not count: memory that holds a queue's word one time may hold another's later.)
//  - of two threads that wake each other in turn, the worker is the one that waited before it had
//    woken the other; the one that wakes first, and every time, waits for the result.
// The main thread of a process is never a worker. Waits that nobody ended are idle only where other
// waits on the same thing are. `queue` is the futex word or the resource.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/task_tracker.h"

namespace tarry::analysis {

struct WaitQueue {
  Upid process = 0;
  bool futex = false;
  uint64_t id = 0;  // address of the word, or resource
  friend bool operator==(const WaitQueue&, const WaitQueue&) = default;
};

class IdleTracker {
 public:
  explicit IdleTracker(const TaskTracker& tasks) : tasks_(tasks) {}

  // A wait of utid ended, or was open at the end of the recording (waker 0). `timed_out`: nobody ended it.
  void waited(int64_t row, Utid utid, const WaitQueue& queue, Utid waker, bool timed_out = false);
  // Any wake-up by a thread, whatever for, as it happens.
  void woke(Utid waker, Utid woken);

  // Calls f(row) for each idle wait.
  template <class F>
  void forEachIdle(F&& f) const {
    for (const Candidate& candidate : candidates_) {
      if (isIdle(candidate)) f(candidate.row);
    }
  }

  // Calls f(row) for each wait that timed out on something that threads do hand over: the pause was one of
  // several in the same wait (CPython's interpreter lock looks every 5 ms whether it has to ask for it).
  template <class F>
  void forEachAskedAgain(F&& f) const {
    for (const Candidate& candidate : candidates_) {
      if (candidate.timed_out && isHandedOver(queues_[candidate.queue])) f(candidate.row);
    }
  }

 private:
  struct QueueHash {
    size_t operator()(const WaitQueue& q) const noexcept {
      return std::hash<uint64_t>{}(q.id * 0x9e3779b97f4a7c15U ^ (uint64_t{q.process} << 1U) ^
                                   (q.futex ? 1U : 0U));
    }
  };
  struct Waiter {
    uint64_t waits = 0;
    uint64_t asked = 0;        // times it had, since the wait before, woken the one that ended the wait
    bool asked_first = false;  // the first time
    uint64_t last_end = 0;     // of its last wait, in wake-ups
    bool asks() const { return asked_first && asked * 2 > waits; }
  };
  struct Queue {
    std::unordered_map<Utid, Waiter> waiters;
    std::unordered_set<Utid> wakers;
    uint64_t wakes = 0, foreign_wakes = 0;  // all, those by threads of another process
    uint64_t time_outs = 0;
  };
  struct Candidate {
    int64_t row = 0;
    Utid utid = 0;
    uint32_t queue = 0;
    bool timed_out = false;
  };
  // Not once in a while, as when a thread that looks for work now and then is told to end.
  static bool isHandedOver(const Queue& queue) {
    constexpr uint64_t kSeldom = 8;
    return (queue.wakes - queue.foreign_wakes) * kSeldom > queue.time_outs;
  }
  bool isIdle(const Candidate& candidate) const;
  bool contended(const Queue& queue) const;

  const TaskTracker& tasks_;
  std::vector<Queue> queues_;
  std::unordered_map<WaitQueue, uint32_t, QueueHash> index_;
  std::vector<Candidate> candidates_;
  uint64_t wake_count_ = 0;
  std::unordered_map<uint64_t, uint64_t> last_wake_;  // by waker and woken: which wake-up
};

}  // namespace tarry::analysis
