// System calls of tracees: from the stops at their enter and exit to the records that the BPF programs make
// of them.
#pragma once

#include <sys/ptrace.h>

#include <cstdint>

#include "recorder/backend.h"
#include "recorder/capture/capture.h"
#include "recorder/capture_plan.h"
#include "recorder/ptrace/channel.h"
#include "recorder/ptrace/resource_finder.h"
#include "recorder/ptrace/tracee.h"

namespace tarry::ptracing {

class Calls {
 public:
  // Borrows all of them. `level`: at `waits` calls are followed, but no record is made of them.
  // `wanted`: of other calls no record is made; nullptr: of all one is.
  Calls(RecordSink& sink, ResourceFinder& resources, const CapturePlan& plan, Level level, int64_t snaplen,
        const SyscallSet* wanted);

  // Of PTRACE_GET_SYSCALL_INFO; the number and arguments are at the same place in a seccomp stop.
  void enter(Tracee& tracee, const __ptrace_syscall_info& info);
  // The tracee goes on into its call.
  void entered(Tracee& tracee, int64_t now_ns) { tracee.call.enter_ns = static_cast<uint64_t>(now_ns); }
  void exit(Tracee& tracee, int64_t result, int64_t now_ns);
  // A thread that ends, or a recording that does, within a call.
  void unfinished(Tracee& tracee, int64_t now_ns);
  // What the kernel has counted of the process's connections, while it still has them.
  void tellConnections(const Tracee& tracee);
  // A call that has begun before the recording: nothing but what /proc says.
  void found(Tracee& tracee, const BlockedCall& call);

  // What a wait in the call is for: rec_pending and the objects polled.
  void describe(Tracee& tracee, rec_switch_out_polled& out);
  void describe(Tracee& tracee, rec_pending& pending, rec_polled& polled);

 private:
  void prepare(Tracee& tracee, uint64_t stack_pointer);
  void lookUpArguments(Tracee& tracee, bool changed);
  void takeAtEnter(Tracee& tracee, uint64_t stack_pointer);
  void takeRest(Tracee& tracee, int64_t result);
  void lookUpResults(Tracee& tracee, int64_t result);
  uint32_t unconnected(const Tracee& tracee);
  void tellConnection(const Tracee& tracee, int fd, uint32_t resource);
  void findPolled(Tracee& tracee, rec_polled& polled);
  void put(Tracee& tracee, uint8_t flags, int64_t result, int64_t now_ns, uint32_t end);

  RecordSink& sink_;
  ResourceFinder& resources_;
  const CapturePlan& plan_;
  const SyscallSet keeps_fds_;
  const bool records_calls_;
  const SyscallSet* wanted_;
  uint64_t most_of_channels_ = 0;  // --snaplen of a call on a socket or pipe
  capture capture_{};
};

// Who ended a wait in the call, as far as its result tells: WAKER_TIMER where the time was up, otherwise
// WAKER_UNKNOWN.
uint8_t wakerByResult(const OpenCall& call, int64_t result);

// Is a wait in the call for another thread, a peer or the time, and never for a page?
bool waitsForOthers(const OpenCall& call);

// Is a wait in the call one for a file system, uninterruptible? Opening may also wait for a FIFO or a device.
bool waitsForStorage(const OpenCall& call);

// Does the call change the name of the thread (prctl, PR_SET_NAME)?
bool mayRename(const OpenCall& call);

}  // namespace tarry::ptracing
