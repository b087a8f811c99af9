// ThreadState: one state of a thread with all that the trackers say of it; a row of table thread_state
// in our own terms. A load gives them to a sink: the table (state_table.h), or memory alone
// (state_collector.h).
#pragma once

#include <cstdint>
#include <span>

#include "analyzer/call_traits.h"
#include "analyzer/run_state.h"
#include "analyzer/state_tracker.h"
#include "analyzer/wait_kind.h"
#include "format/events.h"

namespace tarry {
class Database;
}

namespace tarry::analysis {

struct ThreadState : ObservedState {
  int64_t syscall_id = 0;  // 0: in none that is loaded
  const CallTraits* call = nullptr;

  // Of waits.
  WaitKind kind = WaitKind::none;
  WaitRole role = WaitRole::none;
  WaitPhase phase = WaitPhase::none;
  ResourceId resource;
  Utid waker = 0;
  const CallTraits* waker_call = nullptr;
  ResourceId waker_resource;
  Utid peer = 0;  // who has the other end of the connection
  // What is known of it only at the end; 0: nothing. See ParkedVerdict.
  uint32_t parked = 0;
};

// What turned out about waits that have the same ThreadState::parked.
struct ParkedVerdict {
  bool idle = false;         // role idle: a worker without work
  bool asked_again = false;  // kind lock, not sleep: a pause within a wait for a lock
};

class ThreadStateSink {
 public:
  virtual ~ThreadStateSink() = default;
  // Those of a thread come in the order of time and cover its life without gap or overlap. Traits live as
  // long as the load.
  virtual void add(const ThreadState& state) = 0;
  // After the last one.
  virtual void finish() = 0;
  // After that. `verdicts`: by ThreadState::parked. `db`: the loaded database.
  virtual void settle(std::span<const ParkedVerdict> verdicts, Database& db) = 0;
};

}  // namespace tarry::analysis
