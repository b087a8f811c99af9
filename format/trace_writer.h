// TraceWriter turns events into a trace file: interns strings, fills column blocks, closes them at
// 64 Ki rows, 4 MiB decoded or 300 ms, compresses each into one zstd frame and appends it. Nothing
// is ever sought, so the sink may be a pipe. What is written is readable even if nothing follows.
//
// Not thread-safe; it is used by the recorder's encoding thread alone, never by the one that drains
// the rings. Throws TraceError when the sink cannot take more (disk full, closed pipe).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "format/events.h"

namespace tarry {

// Where bytes go. append() writes all of them or throws TraceError.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void append(std::span<const uint8_t> bytes) = 0;
  virtual void sync() {}  // as far as the OS: fdatasync on a file
};

// A new file, mode 0600 (an existing one is replaced); "-" is standard output.
// Files written through sudo are given to `owner_uid`/`owner_gid` when those are not (uid_t)-1.
std::unique_ptr<ByteSink> openFileSink(const std::string& path, uint32_t owner_uid = ~0U,
                                       uint32_t owner_gid = ~0U);

// What happened this long ago is in the file, whoever is killed: rows wait for their block, for the next tick
// and for the thread that compresses. Older recorders let them wait for the block alone so long.
inline constexpr int64_t kLongestUnwrittenNs = 500'000'000;

struct WriterOptions {
  int compression_level = 3;
  uint32_t block_rows = 64 * 1024;
  uint64_t block_bytes = 4U << 20;   // decoded
  int64_t block_ns = 300'000'000;    // oldest row waits at most so long for its block to be closed
  uint64_t max_bytes = 0;            // the file shall not get larger: see Thrift (call_folder.h); 0: no limit
  uint64_t epoch_bytes = 64U << 20;  // decoded
  int64_t epoch_ns = 60'000'000'000;
};

class TraceWriter {
 public:
  TraceWriter(std::unique_ptr<ByteSink> sink, const TraceHeader& header, WriterOptions options = {});
  ~TraceWriter();  // does not finish: an unfinished trace is a valid one that was cut
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // An id is good to be used in this epoch and the next one, unless a definition that is kept or an
  // event uses it meanwhile; after that the writer may have forgotten what it means.
  StringId intern(std::string_view text);   // "" is no string: StringId{}
  FrameId internFrame(const Frame& frame);  // frame.id is ignored
  StackId internStack(bool kernel, std::span<const FrameId> frames);

  // Definitions: kept and repeated in later epochs until forgotten. Ids are the caller's,
  // any value not 0, never used for something else again.
  void define(const ThreadDef& thread);
  void define(const Resource& resource);
  void forget(ThreadId thread);  // it has ended: later epochs leave it out
  void forget(ResourceId resource);

  void add(const LifeEvent& event);
  void add(const OpenFd& fd);
  void add(const EpollMember& member);
  void add(const SyscallEvent& event);
  void add(const SwitchEvent& event);
  void add(const WakeEvent& event);
  void add(const SignalEvent& event);
  void add(const SocketEvent& event);
  void add(const PlaintextEvent& event);
  void add(const PacketEvent& event);
  // The writer makes them itself where the file has a size to keep.
  void add(const FoldEvent& event);
  void add(const LossEvent& event);
  void add(const ClockPoint& clock);

  // Closes blocks whose oldest row is older than block_ns; call at least every 100 ms.
  void tick(int64_t now_ns);
  // Closes all blocks, whatever their age.
  void flush();
  // Writes what is open, the trailer and the seek table. Nothing may follow.
  void finish(const Trailer& trailer);

  uint32_t epoch() const;  // from 0
  uint64_t bytesWritten() const;
  // An estimate of what finish() would add now, on the high side.
  uint64_t bytesToFinish() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarry
