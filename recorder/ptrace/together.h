// Keeps a tracee that stops all the time on the tracer's CPU: between two CPUs a stop and a resumption cost
// several times as much as on one, for each has to wake the other's CPU from its sleep (measured: 160 µs a
// call, against 25). The scheduler does the opposite: it wakes a thread where nobody runs.
//
// So a thread is woken while only this CPU is allowed to it, and gets its own affinity back at once, mostly
// before it runs. It is not done where the thread could see it or hand it on: in the calls that ask for the
// affinity or make a new thread. What has been a thread's affinity before is asked each time.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <cstdint>

namespace tarry::ptracing {

class Together {
 public:
  // Around the resumption of a tracee.
  explicit Together(pid_t tid, bool wanted);
  ~Together();
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;

 private:
  const pid_t tid_;
  bool pinned_ = false;
  cpu_set_t before_{};
};

// Whether that pays. Where the other CPUs are busy anyway the scheduler keeps the two together by itself, and
// the affinity calls are only in the way; which of the two it is changes with what else runs. So both ways
// are tried now and then, for some dozen stops each, and the better one is taken until the next trial.
class TogetherTrial {
 public:
  bool pins() const { return phase_ == Phase::pinned || (phase_ == Phase::chosen && pinning_pays_); }
  // From the stops before to these, where no thread waited meanwhile.
  void took(uint64_t ns, uint32_t stops);

 private:
  void choose(bool pinned);

  enum class Phase : uint8_t { pinned, free, chosen };
  Phase phase_ = Phase::pinned;
  uint32_t stops_ = 0;
  uint64_t sum_ns_ = 0, pinned_ns_ = 0;
  uint32_t left_ = 0;  // stops until the next trial
  bool pinning_pays_ = true;
};

}  // namespace tarry::ptracing
