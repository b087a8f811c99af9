// Makes counts of system calls, for a file that must not grow beyond its size: all that are alike, of one
// thread in a slice of time, become one FoldEvent. Nothing that the rest of the trace is understood by is
// folded: calls that waited, those that make processes and connections, change names or what an epoll set
// holds, and (but for the last resort) those that open, close or look up a file or talk to a peer. Every call
// names the object behind its fd itself, so nobody misses the call that opened it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "format/events.h"
#include "format/syscall_set.h"

namespace tarry {

// What a file does without, the fuller it gets; each step includes those before it.
enum class Thrift : uint8_t {
  none,
  payload,  // only what the rest of the trace needs is kept of it
  calls,    // short calls on files, memory, time … are counts
  files,    // and all others that nothing else is understood by: those that open or look up a file, too
};

class CallFolder {
 public:
  // Longer calls, without the recorder's own stops in them, are kept: each is worth knowing.
  static constexpr int64_t kShortNs = 200'000;
  // How much time one count covers; a part of kLongestUnwrittenNs (trace_writer.h).
  static constexpr int64_t kSliceNs = 100'000'000;
  static constexpr size_t kMostCounts = 4096;

  CallFolder();

  // A thread leaves its CPU (to wait, because another one takes it, or for the recorder), or is back on it.
  // Calls may be told some time later.
  void switched(const SwitchEvent& event);
  void forget(ThreadId thread) { outs_.erase(thread); }

  // object: kind of the first one, unknown without.
  bool folds(const SyscallEvent& call, ResourceKind object, Thrift thrift) const;
  void add(const SyscallEvent& call);
  // Leaves away what nothing else in the trace needs, and counts it.
  std::vector<PayloadRef> strip(const SyscallEvent& call);
  // Counts the bytes of a plaintext, which the trace does without.
  void leaveOut(const PlaintextEvent& event);
  // Likewise of the bytes of a packet behind the first `kept`.
  void leaveOut(const PacketEvent& event, size_t kept);

  bool empty() const { return counts_.empty() && payload_.count == 0; }
  // The slice is over: it has lasted long enough, or there are too many counts.
  bool due(int64_t now_ns) const;
  // The counts of the slice, and begins the next one.
  std::vector<FoldEvent> take();

 private:
  using Key = std::tuple<uint32_t, Abi, int32_t, int32_t, uint32_t>;  // thread, ABI, number, error, resource
  static void cover(FoldEvent& fold, int64_t from_ns, int64_t dur_ns);
  void leftOut(int64_t from_ns, int64_t dur_ns, size_t bytes);
  bool waited(const SyscallEvent& call, Thrift thrift) const;
  int64_t ownTime(const SyscallEvent& call) const;

  const SyscallSet keeps_fds_;
  const SyscallSet opens_;
  const SyscallSet kept_;
  std::map<Key, FoldEvent> counts_;
  FoldEvent payload_;
  int64_t begin_ns_ = INT64_MAX;
  struct Stop {
    int64_t from_ns = 0;
    int64_t to_ns = 0;
  };
  struct Outs {
    std::vector<int64_t> ns;         // the last ones, in order
    int64_t blocked_ns = INT64_MIN;  // the last one but for those to wait for a CPU
    int64_t since_ns = INT64_MIN;    // those before are forgotten
    std::vector<Stop> stops;         // the recorder's last ones, in order
    std::optional<int64_t> stop_ns;  // the present one
  };
  std::unordered_map<ThreadId, Outs> outs_;
};

}  // namespace tarry
