// Breakdown: an interval of time, or of thread-time, split by what it was spent on. Filled piece by
// piece from a critical path, a process or a thread; grouped so that one line of a report is one
// thing a person would name: all connections to one host and port, all files of one wait kind.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "query/timeline.h"

namespace tarry {

// Time by one name, process, …, largest first.
struct Share {
  int32_t index = kNone;  // into the Timeline: name, process, resource
  int64_t total_ns = 0;
};

// Waits that are one line of a report.
struct WaitGroup {
  WaitKind kind = WaitKind::unknown;
  WaitRole role = WaitRole::none;
  std::string subject;     // "127.0.0.1:5000", "/var/lock/x", "" where the calls say it all
  bool listening = false;  // the subject is this side's address: waiting for whoever comes
  int32_t peer = kNone;    // process at the other end, or that ended the waits (of several the main one)
  int64_t peer_ns = 0;     // of the total
  int64_t total_ns = 0;
  int64_t longest_ns = 0;
  int32_t longest_row = kNone;  // a state of the Timeline
  uint64_t count = 0;
  std::vector<Share> calls;  // names; kNone: none (page fault, user code)
  std::vector<Share> resources;
  std::vector<Share> phases;  // of the network: WaitPhase; the part of which it is not known is left out
  std::vector<Share> peer_threads;    // at the other end of connections
  std::vector<Share> processes;       // whose waits
  std::vector<Share> stacks;          // kernel stack_ids
  std::vector<Share> waker_contexts;  // names
  std::vector<int64_t> lengths;       // of each wait, ascending; only if asked for
};

struct KindTotal {
  WaitKind kind = WaitKind::unknown;
  int64_t total_ns = 0;
  uint64_t count = 0;
  int64_t longest_ns = 0;
  std::vector<WaitGroup> groups;  // largest first
};

struct Breakdown {
  int64_t total_ns = 0;  // of everything: on_cpu + waiting + idle + unknown
  int64_t on_cpu_ns = 0;
  int64_t waiting_ns = 0;  // all kinds, idle waits and unknown states apart
  int64_t idle_ns = 0;
  int64_t unknown_ns = 0;         // state unknown: may have run or waited
  int64_t unknown_before_ns = 0;  // of it, before the first thing that was seen of a thread
  std::vector<KindTotal> kinds;   // largest first, without the idle waits
  std::vector<WaitGroup> idle;    // largest first
  std::vector<Share> on_cpu;      // by process
  std::vector<Share> unknown;     // by process
  std::vector<Share> share;       // by process: everything

  // The largest group of waits of which it is known what they were for; where there is none, the
  // largest; nullptr without waits.
  const WaitGroup* largestWait() const;
};

class BreakdownBuilder {
 public:
  // `timeline` must outlive this. `lengths`: keep the length of each wait, for percentiles.
  // `count_idle`: idle waits count like all others.
  explicit BreakdownBuilder(const Timeline& timeline, bool count_idle = false, bool lengths = false)
      : timeline_(timeline), count_idle_(count_idle), lengths_(lengths) {}

  // [begin, end) of state `row`, spent by `process`. Pieces of one row must come in one run.
  void add(int32_t process, int32_t row, int64_t begin, int64_t end);
  // The same, as an idle wait whatever the row says.
  void addIdle(int32_t process, int32_t row, int64_t begin, int64_t end);

  Breakdown finish();

 private:
  struct Key {
    WaitKind kind;
    WaitRole role;
    WaitPhase phase;
    int32_t resource, call, peer, peer_thread, process, stack, context;
    auto operator<=>(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Sum {
    int64_t total_ns = 0;
    int64_t longest_ns = 0;
    int32_t longest_row = kNone;
    int64_t current_ns = 0;  // of the row being added
    int32_t current_row = kNone;
    uint64_t count = 0;
    std::vector<int64_t> lengths;
  };
  Key keyOf(const StateRow& row, int32_t process) const;
  void addWait(const Key& key, int32_t row, int64_t length);

  const Timeline& timeline_;
  bool count_idle_;
  bool lengths_;
  std::unordered_map<Key, Sum, KeyHash> sums_;
  std::unordered_map<int32_t, int64_t> on_cpu_, unknown_, share_;
  int64_t unknown_before_ns_ = 0;
};

// The time at position `fraction` (0 … 1) of ascending `lengths`; 0 if there are none.
int64_t percentile(const std::vector<int64_t>& lengths, double fraction);

}  // namespace tarry
