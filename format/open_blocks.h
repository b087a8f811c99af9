// The blocks of events that a TraceWriter has open, one a kind (of calls two): rows gather here until there
// are enough of them, or the oldest has waited for long enough. When that is so, what rows refer to, and the
// file are the writer's business.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "format/byte_rows.h"
#include "format/events.h"
#include "format/syscall_codec.h"
#include "format/trace.capnp.h"

namespace tarry {

// Earliest and latest instant of the rows of an open block.
struct Cover {
  int64_t min_ns = INT64_MAX;
  int64_t max_ns = INT64_MIN;
  int64_t first_ns = 0;  // when its first row came

  bool empty() const { return min_ns > max_ns; }
  void add(int64_t from_ns, int64_t to_ns, int64_t now_ns) {
    if (empty()) first_ns = now_ns;
    min_ns = std::min(min_ns, std::clamp(from_ns, -kMaxTimeNs, kMaxTimeNs));
    max_ns = std::max(max_ns, std::clamp(std::max(from_ns, to_ns), -kMaxTimeNs, kMaxTimeNs));
  }
};

// `Rows`: a vector of events, or ByteRows.
template <class Rows>
struct OpenBlock {
  Rows rows;
  Cover cover;

  bool empty() const { return cover.empty(); }
  void clear() {
    rows.clear();
    cover = {};
  }
};

template <class Event>
using EventBlock = OpenBlock<std::vector<Event>>;
template <class Event>
using ByteBlock = OpenBlock<ByteRows<Event>>;

struct CallBlock {
  SyscallCollector calls;
  PayloadRows payloads;
  Cover cover;

  bool empty() const { return cover.empty(); }
  void clear() {
    calls.clear();
    payloads.clear();
    cover = {};
  }
};

struct OpenBlocks {
  CallBlock calls, late_calls;
  EventBlock<SwitchEvent> switches;
  EventBlock<WakeEvent> wakes;
  EventBlock<SignalEvent> signals;
  EventBlock<SocketEvent> sockets;
  ByteBlock<PlaintextEvent> plaintexts;
  ByteBlock<PacketEvent> packets;
  EventBlock<FoldEvent> folds;
  EventBlock<LossEvent> losses;
  EventBlock<ClockPoint> clocks;

  // Every block, in the order in which they are written.
  template <class Visit>
  void each(Visit visit) {
    visit(late_calls);
    visit(calls);
    visit(wakes);
    visit(switches);
    visit(signals);
    visit(sockets);
    visit(plaintexts);
    visit(packets);
    visit(folds);
    visit(losses);
    visit(clocks);
  }
};

// Rows of a kind as the block they make. (They are not changed.)
void encodeRows(std::vector<SwitchEvent>& rows, schema::Block::Builder out);
void encodeRows(std::vector<WakeEvent>& rows, schema::Block::Builder out);
void encodeRows(std::vector<SignalEvent>& rows, schema::Block::Builder out);
void encodeRows(std::vector<SocketEvent>& rows, schema::Block::Builder out);
void encodeRows(ByteRows<PlaintextEvent>& rows, schema::Block::Builder out);
void encodeRows(ByteRows<PacketEvent>& rows, schema::Block::Builder out);
void encodeRows(std::vector<FoldEvent>& rows, schema::Block::Builder out);
void encodeRows(std::vector<LossEvent>& rows, schema::Block::Builder out);
void encodeRows(std::vector<ClockPoint>& rows, schema::Block::Builder out);

}  // namespace tarry
