// Gathers the evidence for each wait (the call, the ready fds, the waker, the kernel stack), has it
// attributed, and tells whose turn it was. Fills the part of a ThreadState that is about waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "analyzer/epoll_tracker.h"
#include "analyzer/idle_tracker.h"
#include "analyzer/socket_phase_tracker.h"
#include "analyzer/socket_role_tracker.h"
#include "analyzer/state_tracker.h"
#include "analyzer/syscall_tracker.h"
#include "analyzer/thread_state.h"
#include "analyzer/wait_attribution.h"

namespace tarry::analysis {

class WaitTracker {
 public:
  // Symbols of a kernel stack, innermost first; valid until the next call.
  using SymbolsOf = std::function<std::span<const std::string_view>(StackId)>;

  // `all_calls`, `payload`: what was recorded.
  WaitTracker(const TaskTracker& tasks, const ResourceTracker& resources, CallTraitsTable& traits,
              SymbolsOf symbols, bool all_calls, bool payload)
      : tasks_(tasks),
        resources_(resources),
        traits_(traits),
        symbols_(std::move(symbols)),
        epoll_(tasks, resources),
        roles_(resources),
        phases_(resources, payload),
        idle_(tasks),
        all_calls_(all_calls) {}

  // A call was entered; `call` is what SyscallTracker made of it. `previous`: the thread's call before.
  void entered(const SyscallEvent& event, const CurrentCall& call, Utid utid);
  // The thread's call has come to its end: what it sent and received counts from now on.
  void left(CurrentCall& call);
  // Calls on it were made that are known as a count alone: not in which order.
  void folded(ResourceId resource) {
    roles_.lostTrack(resource);
    phases_.lostTrack(resource);
  }
  void plaintext(const PlaintextEvent& event, int64_t ts) { phases_.plaintext(event, ts); }
  void socketEvent(const SocketEvent& event, int64_t ts) { phases_.event(event, ts); }
  void inSet(const EpollMember& member, Upid process) { epoll_.found(member, process); }
  void woke(Utid waker, Utid woken) { idle_.woke(waker, woken); }

  // The interval as it is to be kept. `call`: the call that it lies in, nullptr if none.
  ThreadState describe(const StateInterval& interval, const CurrentCall* call);

  // By ThreadState::parked, at the end.
  std::vector<ParkedVerdict> verdicts() const { return idle_.verdicts(); }

 private:
  static constexpr size_t kMaxReady = CurrentCall::kMaxObjects;
  // What the last wait of a thread in a multiplexing call was.
  struct Habit {
    const CallTraits* traits = nullptr;
    int64_t set = 0;
    WaitKind kind = WaitKind::none;
    WaitRole role = WaitRole::none;
  };

  EvidenceResource evidence(ResourceId id) const {
    return {id, resources_.kindOf(id), resources_.isPseudo(id)};
  }
  size_t findReady(const CurrentCall& call, Upid process, std::span<EvidenceResource, kMaxReady> ready) const;
  void describeSet(const StateInterval& interval, Upid process, WaitEvidence& evidence) const;
  bool servesOnly(const WaitEvidence& evidence, Upid process) const;
  WaitRole roleOf(const WaitEvidence& evidence, const WaitVerdict& verdict, const Habit& habit,
                  Upid process) const;
  // ThreadState::parked
  uint32_t noteParked(const StateInterval& interval, const WaitEvidence& evidence,
                      const WaitVerdict& verdict);
  void describeBlocked(const StateInterval& interval, const CurrentCall* call, ThreadState& state);
  Habit& habitOf(Utid utid);

  const TaskTracker& tasks_;
  const ResourceTracker& resources_;
  CallTraitsTable& traits_;
  SymbolsOf symbols_;
  EpollTracker epoll_;
  SocketRoleTracker roles_;
  SocketPhaseTracker phases_;
  IdleTracker idle_;
  const bool all_calls_;
  std::vector<Habit> habits_;
  bool follows_calls_ = false;  // system calls are recorded
};

}  // namespace tarry::analysis
