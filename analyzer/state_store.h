// StateStore: the thread states of a trace in little memory, for reports that need no table of them. A state
// takes 12 bytes: when it began, and which of the StateFacts it is. Threads do few different things, again
// and again, so what is said of a state but for its times is kept once.
//
// Filled by a load (state_collector.h) or from table thread_state, then taken over by query/timeline.h.
// States of a thread are to come in the order of time; where a database does not keep to that, tidy()
// sorts and clips them. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/run_state.h"
#include "analyzer/wait_kind.h"

namespace tarry {

// Ids are those of the tables, 0: none. Names are numbers of StateStore::names(), -1: none.
struct StateFacts {
  int64_t since = 0;  // began_before: when, 0 where not known
  uint32_t utid = 0;
  uint32_t waker = 0;  // utid
  uint32_t resource = 0;
  uint32_t waker_resource = 0;
  uint32_t peer = 0;  // utid
  uint32_t kernel_stack = 0;
  int32_t call = -1;           // name
  int32_t waker_call = -1;     // name
  int32_t waker_context = -1;  // name
  uint32_t parked = 0;         // while it is filled: what is still to turn out
  RunState state = RunState::unknown;
  WaitKind kind = WaitKind::unknown;
  WaitRole role = WaitRole::none;
  WaitPhase phase = WaitPhase::none;
  bool open = false;          // still so at the end of the recording
  bool began_before = false;  // and before it
  bool gap = false;           // no row says what the thread did

  friend bool operator==(const StateFacts&, const StateFacts&) = default;
};

class StateStore {
 public:
  StateStore();

  // The number of these facts, new or known. Where a thread runs, or it is not known what it does, only that
  // is kept; of waits the kernel stack only where it is unknown what they were for.
  uint32_t add(const StateFacts& facts);
  int32_t name(std::string_view text);  // "": -1
  // A state of the thread that `facts` is about. Empty ones are left out. `open` ones last to lastNs().
  void append(uint32_t facts, int64_t begin_ns, int64_t end_ns);

  // Brings the states of each thread into the order of time, without overlap. After the last append().
  void tidy();

  std::vector<StateFacts>& facts() { return facts_; }
  std::vector<std::string>& names() { return names_; }
  // Last instant of any state, but for the ends of open ones.
  int64_t lastNs() const { return last_ns_; }
  bool empty() const { return count_ == 0; }

  struct Thread {
    uint32_t utid = 0;
    uint32_t states = 0;
    int64_t end_ns = INT64_MIN;  // of its last state; INT64_MAX: open
    uint32_t gap = 0;            // the facts that stand for gaps
  };
  // Threads, and the place among them of the thread that facts are about.
  const std::vector<Thread>& threads() const { return threads_; }
  uint32_t threadOf(uint32_t facts) const { return thread_of_[facts]; }

  // Calls f(facts, begin_ns) for all states, those of a thread in the order of time, each lasting until the
  // next one of its thread. They are gone then.
  template <class F>
  void drain(F&& f) {
    for (; !chunks_.empty(); chunks_.pop_front()) {
      const bool last = chunks_.size() == 1;
      const size_t size = last ? count_in_last_ : kChunk;
      for (size_t i = 0; i < size; i++) f(chunks_.front()->facts[i], chunks_.front()->begin_ns[i]);
    }
    count_ = 0;
    count_in_last_ = kChunk;
  }

 private:
  static constexpr size_t kChunk = 8192;
  struct Chunk {
    std::array<int64_t, kChunk> begin_ns;
    std::array<uint32_t, kChunk> facts;
  };
  void push(Thread& thread, uint32_t facts, int64_t begin_ns);
  size_t slotOf(const StateFacts& facts) const;
  void growIndex();
  uint32_t insert(const StateFacts& facts);

  std::vector<StateFacts> facts_;
  std::vector<uint32_t> thread_of_;  // by facts
  std::vector<uint32_t> index_;      // open addressing over facts_: number + 1, 0: free
  std::vector<Thread> threads_;
  std::unordered_map<uint32_t, uint32_t> thread_ids_;  // by utid
  std::vector<std::string> names_;
  std::unordered_map<std::string, int32_t> name_ids_;
  std::deque<std::unique_ptr<Chunk>> chunks_;
  size_t count_in_last_ = kChunk;
  size_t count_ = 0;
  int64_t last_ns_ = INT64_MIN;
  bool tidy_ = true;
};

}  // namespace tarry
