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

}  // namespace tarry::ptracing
