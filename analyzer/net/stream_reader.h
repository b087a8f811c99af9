// StreamReader: one pass over a trace for what was said on its channels alone, without a database. For what
// writes the streams down elsewhere (exports, replays).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "analyzer/call_numbers.h"
#include "analyzer/call_traits.h"
#include "analyzer/net/stream_tracker.h"
#include "analyzer/resource_tracker.h"
#include "analyzer/task_tracker.h"
#include "analyzer/text_pool.h"
#include "format/trace_reader.h"

namespace tarry::analysis {

// A connect, or an accept that gave a connection. Times are trace time.
struct ConnectFacts {
  int64_t ts = 0;
  int64_t exit_ts = 0;
  Utid utid = 0;
  ResourceId resource{};  // of the connection
  bool accepted = false;
  int32_t error = 0;  // errno; EINPROGRESS: it goes on in the background
};

class StreamReader : private TraceVisitor {
 public:
  // The reader must outlive it.
  StreamReader(TraceReader& reader, StreamTracker::MakeDecoder make);

  // Called in the order of their enters, before anything is said on the connection.
  void onConnect(std::function<void(const ConnectFacts&)> connected) { connected_ = std::move(connected); }
  // Called with every packet that was recorded as one, at the time it went by.
  void onPacket(std::function<void(const PacketEvent&, int64_t ts)> packet) { packet_ = std::move(packet); }
  // Called as time goes on, with every system call.
  void onTime(std::function<void(int64_t ts)> passed) { passed_ = std::move(passed); }

  // Once. Throws TraceError.
  void run();

  const TaskTracker& tasks() const { return tasks_; }
  const ResourceTracker& resources() const { return resources_; }
  std::string_view text(StringId id) const { return reader_.text(id); }
  // Where a flow ends now, that is because the trace does.
  bool atEnd() const { return at_end_; }

 private:
  void onThread(const ThreadDef& def) override { tasks_.define(def); }
  void onResource(const Resource& resource) override { resources_.define(resource); }
  void onOpenFd(const OpenFd& fd) override;
  void onLife(const LifeEvent& event) override;
  void onSyscall(const SyscallEvent& event) override;
  void onPlaintext(const PlaintextEvent& event) override;
  void onPacket(const PacketEvent& event) override;
  void onFold(const FoldEvent& event) override;
  int64_t toTrace(int64_t boottime_ns) const;

  TraceReader& reader_;
  const int64_t start_ns_;
  int64_t end_ts_ = 0;
  bool at_end_ = false;
  TextPool texts_;
  CallTraitsTable traits_;
  TaskTracker tasks_;
  ResourceTracker resources_;
  CallNumbers numbers_;
  StreamTracker streams_;
  std::function<void(const ConnectFacts&)> connected_;
  std::function<void(const PacketEvent&, int64_t)> packet_;
  std::function<void(int64_t)> passed_;
};

}  // namespace tarry::analysis
