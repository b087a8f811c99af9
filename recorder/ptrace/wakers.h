// Who ended a wait, where that can be concluded from the calls that the tracer sees; the kernel does not tell
// it.
//
//   - The time, by the call's result.
//   - On a pipe: the thread that wrote to it (or read from it, for who waited to write), or the last that
//     closed it or ended, while the other waited in its call. Where several wrote meanwhile, none.
//   - Of vfork(2): the child.
//   - A child that ended while its parent was in a call which a signal ended, or in the wait4(2) that tells
//   it.
//
// Of everything else nothing is known.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "recorder/ptrace/lives.h"
#include "recorder/ptrace/resource_finder.h"
#include "recorder/ptrace/tracee.h"

namespace tarry::ptracing {

class Wakers {
 public:
  Wakers(ResourceFinder& resources, Lives& lives) : resources_(resources), lives_(lives) {}

  // It goes on into its call.
  void entered(const Tracee& tracee, int64_t now_ns);
  // It is about to end, and still has its fds.
  void exiting(const Tracee& tracee, int status, int64_t now_ns);
  // Its call has returned.
  Waker of(const Tracee& woken, int64_t result);

 private:
  enum class Side : uint8_t { reads, writes };
  struct Touch {
    Waker by;
    uint64_t ts_ns = 0;
    bool moves = false;       // bytes; false: it closed the pipe or ended
    uint64_t another_ns = 0;  // when a thread before `by` last moved some
  };

  void touched(uint32_t pipe, Side side, const Touch& touch);
  uint32_t pipeOf(const Tracee& tracee, int fd);
  Waker ofPipe(const Tracee& woken, int fd, Side side, bool moved);
  static uint64_t keyOf(uint32_t pipe, Side side, bool moves) {
    return uint64_t{pipe} << 2U | static_cast<uint64_t>(side) << 1U | (moves ? 1U : 0U);
  }
  Waker ofPolled(const Tracee& woken, int64_t result);
  static Waker ofChild(const Tracee& woken, pid_t pid);
  Waker ofVfork(const Tracee& woken, int64_t result);

  ResourceFinder& resources_;
  Lives& lives_;
  uint32_t epoch_ = 0;
  std::unordered_map<uint64_t, Touch> touches_;  // by keyOf()
};

// The call in which a thread ends with this status of wait(2), -1: it was killed.
int32_t callOfEnd(int status);

}  // namespace tarry::ptracing
