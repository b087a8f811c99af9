// TraceReader opens a trace from a file or a pipe and hands its events to a visitor in the order of
// time: a call at its enter time, everything else at its ts. Traces are hostile input: sizes,
// counts and ids are checked; what is damaged or missing is skipped and counted in ReadReport.
//
// Not thread-safe; several readers of one file are fine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/events.h"

namespace tarry {

// Definitions reach the visitor before the first event that uses them. An id that no definition
// covers (lost with a damaged frame) is delivered as none.
class TraceVisitor {
 public:
  virtual ~TraceVisitor() = default;
  virtual void onThread(const ThreadDef&) {}
  virtual void onResource(const Resource&) {}
  virtual void onFrame(const Frame&) {}
  virtual void onStack(const Stack&) {}
  virtual void onOpenFd(const OpenFd&) {}
  virtual void onEpollMember(const EpollMember&) {}
  virtual void onLife(const LifeEvent&) {}
  virtual void onSyscall(const SyscallEvent&) {}
  virtual void onSwitch(const SwitchEvent&) {}
  virtual void onWake(const WakeEvent&) {}
  virtual void onSignal(const SignalEvent&) {}
  virtual void onSocket(const SocketEvent&) {}
  virtual void onPlaintext(const PlaintextEvent&) {}
  virtual void onPacket(const PacketEvent&) {}
  virtual void onFold(const FoldEvent&) {}
  virtual void onLoss(const LossEvent&) {}
  virtual void onClock(const ClockPoint&) {}
};

// What could not be read.
struct ReadReport {
  uint64_t file_bytes = 0;
  uint64_t decoded_bytes = 0;
  uint64_t blocks = 0;
  uint64_t damaged_frames = 0;
  uint64_t damaged_bytes = 0;         // skipped while looking for the next whole frame
  uint64_t unknown_blocks = 0;        // of a kind this version does not know
  uint64_t dropped_rows = 0;          // whose definitions or values make no sense
  bool cut = false;                   // no trailer
  uint64_t cut_bytes = 0;             // of an incomplete last frame
  bool bad_seek_table = false;        // the shortcut at the end is damaged; nothing is lost with it
  std::vector<std::string> problems;  // one readable line each, at most 100
  bool clean() const { return damaged_frames == 0 && !cut && dropped_rows == 0 && !bad_seek_table; }
};

// Restricts what read() delivers; definitions and lifecycle are always delivered.
struct ReadFilter {
  int64_t from_ns = INT64_MIN;  // events that end before are left out
  int64_t to_ns = INT64_MAX;    // events that start after are left out
  bool syscalls = true;
  bool payloads = true;
  bool scheduling = true;  // switches and wakes
};

// How many rows and bytes of each kind of block there are (`tarry info`).
struct BlockTotals {
  std::string kind;
  uint64_t blocks = 0, rows = 0, file_bytes = 0, decoded_bytes = 0;
};

class TraceReader {
 public:
  // Throws TraceError if the file cannot be opened, is no trace, or is of a newer major format.
  // "-" reads standard input (kept in memory or a temporary file as needed).
  static TraceReader open(const std::string& path);
  static TraceReader fromMemory(std::vector<uint8_t> bytes, std::string name = "memory");
  ~TraceReader();
  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;

  const std::string& name() const;
  const TraceHeader& header() const;
  const std::optional<Trailer>& trailer() const;  // none: cut
  // First and last instant that any event covers.
  int64_t startNs() const;
  int64_t endNs() const;

  void read(TraceVisitor& visitor, const ReadFilter& filter = {});

  // Text of an interned string; "" for none or unknown. Valid while the reader lives; known once
  // the definition has been delivered (all of them after read()).
  std::string_view text(StringId id) const;

  // Decodes one call again (with payloads), for columns that are filled on demand. The returned
  // reference and its spans live until the next call of any member.
  const SyscallEvent& readCall(const CallLocator& locator);

  const ReadReport& report() const;         // complete after read()
  std::vector<BlockTotals> totals() const;  // complete after read() or from the seek table

 private:
  struct Impl;
  explicit TraceReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarry
