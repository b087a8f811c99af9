// Turns a system call of the trace into its rows: main object, all objects, bytes moved, absolute
// path. Remembers for each thread the call it is in, which is what its waits belong to.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyzer/call_traits.h"
#include "analyzer/resource_tracker.h"
#include "analyzer/tables.h"
#include "analyzer/task_tracker.h"
#include "analyzer/text_pool.h"
#include "analyzer/wait_attribution.h"

namespace tarry::analysis {

// A call as far as the waits within it are concerned.
struct CurrentCall {
  static constexpr size_t kMaxObjects = 8;
  int64_t id = 0;  // syscall.id; 0: no call seen yet; -1: a call that is not loaded
  int64_t enter_ts = 0;
  int64_t exit_ts = 0;  // INT64_MAX: unfinished
  bool finished = false;
  const CallTraits* traits = nullptr;
  std::array<int64_t, kMaxArgs> args{};
  int64_t result = 0;
  // What its fds stand for: arguments first, then what it returned.
  std::array<EvidenceResource, kMaxObjects> objects{};
  size_t object_count = 0;
  // What poll or select reported; for epoll the data of each event.
  std::array<EvidenceResource, kMaxObjects> ready{};
  std::array<uint64_t, kMaxObjects> ready_data{};
  size_t ready_count = 0;
  bool told = false;  // what it sent and received counts already (WaitTracker::left)

  bool covers(int64_t ts) const { return id != 0 && enter_ts <= ts && ts < exit_ts; }
};

class SyscallTracker {
 public:
  SyscallTracker(TextPool& texts, CallTraitsTable& traits, ResourceTracker& resources)
      : texts_(texts), traits_(traits), resources_(resources) {}

  // Fills `row` (id given by the caller) and appends to `more` the objects that it does not hold.
  // Labels live as long as the text pool.
  void convert(const SyscallEvent& event, int64_t id, int64_t ts, Utid utid, tables::SyscallRow& row,
               std::vector<tables::SyscallObjectRow>& more);
  // Makes it the thread's current call.
  void enter(const SyscallEvent& event, int64_t id, int64_t ts, Utid utid);
  // The last call that the thread entered.
  CurrentCall& current(Utid utid);

 private:
  void convertObjects(const SyscallEvent& event, const CallTraits& traits, tables::SyscallRow& row,
                      std::vector<tables::SyscallObjectRow>& more);
  // Absolute path of the path argument `arg`; as it was written where its directory is not known.
  Label pathOf(const SyscallEvent& event, const CallTraits& traits, int arg);
  Label absolute(StringId base, StringId text);

  TextPool& texts_;
  CallTraitsTable& traits_;
  ResourceTracker& resources_;
  std::vector<CurrentCall> current_;
  std::unordered_map<uint64_t, Label> absolute_;  // by base and text
};

// Name of an error number of the Linux ABI, "E?" where unknown. Includes the kernel's own ERESTART*.
Label errnoLabel(int64_t error);

}  // namespace tarry::analysis
