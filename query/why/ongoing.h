// explainOngoing: a recording of something that goes on, in thread-seconds: every recorded thread's
// time in the interval is on CPU, waiting, idle or unknown, and the four add up. Ranks processes by the time
// they were not idle (CPU, queue and waits) together with the time that they made others wait; lists what is
// still waiting at the end.
//
// Idle here is more than the role `idle`, because nobody's problem is:
// - waiting for a child process (if it matters, it is in the recording itself) or for a person;
// - a kernel thread without work;
// - in a recording of the whole machine, sleeping by the clock, which every daemon does all day long, and
//   what waited from before the first to after the last moment, unless for the disk or memory: nothing that
//   happened had to do with it.
#pragma once

#include <vector>

#include "query/timeline.h"
#include "query/why/breakdown.h"

namespace tarry {

struct OngoingProcess {
  int32_t process = kNone;
  int64_t busy_ns = 0;  // on CPU or waiting
  int64_t on_cpu_ns = 0;
  int64_t idle_ns = 0;
  int64_t unknown_ns = 0;        // state unknown, neither busy nor idle
  std::vector<int64_t> by_kind;  // kWaitKinds entries, without idle waits
  int64_t made_wait_ns = 0;      // waits of other processes that its threads ended

  int64_t weight() const { return busy_ns + made_wait_ns; }
};

struct StillWaiting {
  int32_t row = kNone;
  int64_t length_ns = 0;  // since before the recording where that is known
};

struct Ongoing {
  int64_t begin = 0;
  int64_t end = 0;
  int32_t processes = 0;
  int32_t threads = 0;
  Breakdown breakdown;                      // with lengths
  std::vector<OngoingProcess> ranking;      // by weight, largest first
  std::vector<StillWaiting> still_waiting;  // longest first; not idle, at least a second or from before

  int64_t realNs() const { return end - begin; }
};

Ongoing explainOngoing(const Timeline& timeline, bool count_idle);

}  // namespace tarry
