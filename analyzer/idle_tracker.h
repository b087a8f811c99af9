// Worker threads that are parked until work is handed over: whose wait is nobody's problem.
//
// A wait looks the same for a worker without work, a thread that waits for its turn at a lock, and
// one that waits for a result. They are told apart by who ends it:
//  - a queue: those that wait on it and those that end the waits are different threads of one
//    process. Where the same threads do both, it is something they compete for: no idle wait. (The
//    main thread does not count: memory that holds a queue's word one time may hold another's later.)
//  - of two threads that wake each other in turn, the worker is the one that waited before it had
//    woken the other; the one that wakes first, and every time, waits for the result.
// The main thread of a process is never a worker.
//
// Where nothing was handed over in the whole recording there is no such evidence. What is left is the
// operation: glibc, Go, Rust and CPython wait for a mutex otherwise than for something to come (see
// isHeldLock); such waits never come here. A thread that is still parked at the end is idle then, the main
// thread too if it was so from before the recording on: whoever should hand something over is seen in its
// own right. Unless nobody is left: where all threads of a process wait for a futex, none of them is idle.
// `queue` is the futex word or the resource.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/task_tracker.h"
#include "analyzer/thread_state.h"

namespace tarry::analysis {

// How a wait ended.
struct WaitEnd {
  Utid waker = 0;          // the thread that ended it
  bool timed_out = false;  // nobody did
  bool open = false;       // not at all: it lasts to the end of the recording
  bool whole = false;      // open, and began before the recording
};

struct WaitQueue {
  Upid process = 0;
  bool futex = false;
  uint64_t id = 0;  // address of the word, or resource
  friend bool operator==(const WaitQueue&, const WaitQueue&) = default;
};

class IdleTracker {
 public:
  explicit IdleTracker(const TaskTracker& tasks) : tasks_(tasks) {}

  // A wait of utid, once it is known how it ended. Gives its ThreadState::parked, never 0: waits of a thread
  // on a queue that ended alike are judged together.
  uint32_t waited(Utid utid, const WaitQueue& queue, const WaitEnd& end);
  // A thread that waits for another one to end. No queue, but nobody's problem if it does all the time; 0
  // otherwise.
  uint32_t joins(Utid utid, const WaitEnd& end);
  // At the end of the recording the thread waits for a futex, for as long as it takes.
  void stuck(Utid utid);
  // Any wake-up by a thread, whatever for, as it happens.
  void woke(Utid waker, Utid woken);

  // By ThreadState::parked. `asked_again` is a wait that timed out on something that threads do hand over:
  // the pause was one of several in the same wait (CPython's interpreter lock looks every 5 ms whether it has
  // to ask for it).
  std::vector<ParkedVerdict> verdicts() const;

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
    std::array<uint32_t, 8> parked{};  // by how its waits ended, 0: none did so
    bool asks() const { return asked_first && asked * 2 > waits; }
  };
  struct Queue {
    std::unordered_map<Utid, Waiter> waiters;
    std::unordered_set<Utid> wakers;
    uint64_t wakes = 0, foreign_wakes = 0;  // all, those by threads of another process
    uint64_t time_outs = 0;
  };
  struct Candidate {
    Utid utid = 0;
    uint32_t queue = 0;
    WaitEnd end;  // but for the waker
  };
  // Not once in a while, as when a thread that looks for work now and then is told to end.
  static bool isHandedOver(const Queue& queue) {
    constexpr uint64_t kSeldom = 8;
    return (queue.wakes - queue.foreign_wakes) * kSeldom > queue.time_outs;
  }
  bool isIdle(const Candidate& candidate) const;
  bool isParked(const Candidate& candidate) const;
  bool nobodyIsLeft(Upid process) const;
  bool contended(const Queue& queue) const;

  const TaskTracker& tasks_;
  std::vector<Queue> queues_;
  std::unordered_map<WaitQueue, uint32_t, QueueHash> index_;
  std::vector<Candidate> candidates_;  // by ThreadState::parked - 1
  std::unordered_set<Utid> stuck_;
  uint64_t wake_count_ = 0;
  std::unordered_map<uint64_t, uint64_t> last_wake_;  // by waker and woken: which wake-up
};

}  // namespace tarry::analysis
