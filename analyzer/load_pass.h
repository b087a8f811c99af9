// One pass over a trace: hands each event to the trackers it concerns and inserts the rows that come
// out. It only dispatches: what events mean is the trackers' business, what rows look like that of
// analyzer/tables.h, and how they get into the database that of analyzer/bulk/.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/bulk/image.h"
#include "analyzer/call_args.h"
#include "analyzer/call_numbers.h"
#include "analyzer/call_queue.h"
#include "analyzer/command_start.h"
#include "analyzer/loader.h"
#include "analyzer/net/net_tracker.h"
#include "analyzer/net/socket_tracker.h"
#include "analyzer/resource_tracker.h"
#include "analyzer/signal_row.h"
#include "analyzer/state_tracker.h"
#include "analyzer/syscall_tracker.h"
#include "analyzer/tables.h"
#include "analyzer/task_tracker.h"
#include "analyzer/text_pool.h"
#include "analyzer/wait_tracker.h"
#include "format/trace_reader.h"

namespace tarry::analysis {

// What the pass saw, for table `stats`.
struct PassCounts {
  int64_t calls = 0;
  int64_t unfinished_calls = 0;
  int64_t calls_without_enter = 0;
  int64_t lost_calls = 0;    // gaps in call_seq
  int64_t folded_calls = 0;  // that are counts alone
  int64_t payloads_left_out = 0;
  int64_t unknown_calls = 0;
  int64_t switches = 0;
  int64_t wakes = 0;
  int64_t signals = 0;
  int64_t socket_events = 0;
  int64_t packets = 0;
  int64_t plaintexts = 0;
  int64_t life_events = 0;
  int64_t payload_bytes = 0;
  int64_t orphan_events = 0;  // of threads that nothing defined
  int64_t lost_events = 0;    // as the recorder counted them
};

// Of a process, from its states.
struct RunningTime {
  int64_t running_ns = 0;
  bool complete = true;  // no state is unknown
};

struct CpuTime {
  int64_t user_ns = 0;
  int64_t system_ns = 0;
};

class LoadPass : private TraceVisitor, private StateSink {
 public:
  // The schema must exist in `image`. `remains`, where given, gets what asking for arguments later needs.
  LoadPass(TraceReader& reader, bulk::DatabaseImage& image, const LoadOptions& options, LoadRemains* remains);
  ~LoadPass() override;

  // Once: the whole database.
  Database run();

 private:
  struct Tables;

  void onThread(const ThreadDef& def) override;
  void onResource(const Resource& resource) override;
  void onFrame(const Frame& frame) override;
  void onStack(const Stack& stack) override;
  void onOpenFd(const OpenFd& fd) override;
  void onEpollMember(const EpollMember& member) override;
  void onLife(const LifeEvent& event) override;
  void onSyscall(const SyscallEvent& event) override;
  void onSwitch(const SwitchEvent& event) override;
  void onWake(const WakeEvent& event) override;
  void onSignal(const SignalEvent& event) override;
  void onSocket(const SocketEvent& event) override;
  void onPlaintext(const PlaintextEvent& event) override;
  void onPacket(const PacketEvent& event) override;
  void onLoss(const LossEvent& event) override;
  void onFold(const FoldEvent& event) override;
  void onClock(const ClockPoint& clock) override;
  void onInterval(const StateInterval& interval) override;
  void storeState(const ThreadState& state);

  int64_t toTrace(int64_t boottime_ns) const;
  // The recorded thread an event is about; 0 and counted where there is none.
  Utid recordedThread(ThreadId id);
  bool inRange(int64_t begin, int64_t end) const {
    return end >= options_.from_ns && begin <= options_.to_ns;
  }
  void advance(int64_t ts);
  void followErrors(const SyscallEvent& event, const CurrentCall& current, Utid utid);
  void followStreams(const SyscallEvent& event, const CurrentCall& current, Utid utid, int64_t first_payload);
  void storeCall(const SyscallEvent& event, int64_t ts, int64_t exit_ts, Utid utid);
  void storeArgs(const SyscallEvent& event);
  void storePayloads(const SyscallEvent& event, int64_t ts, Utid utid, NullableInteger resource);
  std::span<const std::string_view> kernelSymbols(StackId id);

  Database finish();
  int64_t schedulingKnownUntil() const;
  void storeTasks(Database& db);
  void storeResources(Database& db);
  void storeLateChanges(Database& db);
  Upid rootProcess() const;
  bool isLaunched(Utid utid) const;
  CpuTime cpuTimeOf(Upid upid) const;

  TraceReader& reader_;
  bulk::DatabaseImage& image_;
  const LoadOptions& options_;
  LoadRemains* remains_;
  int64_t start_ns_;
  int64_t end_ts_ = 0;
  int64_t last_scheduling_ts_ = 0;  // of the newest switch or wake-up

  TextPool texts_;
  CallTraitsTable traits_;
  TaskTracker tasks_;
  ResourceTracker resources_;
  SyscallTracker calls_;
  StateTracker states_;
  CommandStart command_start_;
  WaitTracker waits_;
  CallQueue queue_;
  CallArgs args_;
  std::unique_ptr<NetTracker> net_;  // nullptr: the trace has no payload, or nobody asks
  SocketTracker sockets_;
  std::unique_ptr<Tables> into_;
  std::unique_ptr<ThreadStateSink> into_states_;

  PassCounts counts_;
  std::unordered_set<FrameId> frames_seen_;
  std::vector<tables::FrameRow> frames_;
  std::unordered_map<FrameId, StringId> frame_symbols_;
  std::unordered_map<StackId, std::vector<FrameId>> stacks_;
  std::vector<std::string_view> symbols_;
  CallNumbers numbers_;
  std::vector<RunningTime> running_;  // by upid
  SignalTexts signal_texts_;
  std::vector<tables::SyscallObjectRow> objects_;
  int64_t next_call_id_ = 1;
  int64_t next_payload_id_ = 1;
  int64_t next_signal_id_ = 1;
  int64_t next_tcp_event_id_ = 1;
  int64_t next_plaintext_id_ = 1;
  int64_t next_packet_id_ = 1;
  uint64_t events_ = 0;
};

// Tables meta and stats (trace_facts.cc).
void storeFacts(Database& db, const TraceReader& reader, int64_t end_ts, const PassCounts& counts,
                const StateTracker::Counts& state_counts, Upid root);

// Arguments separated by NUL as a shell would take them.
std::string commandLineText(std::string_view nul_separated);

}  // namespace tarry::analysis
