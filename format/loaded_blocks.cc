#include "format/loaded_blocks.h"

#include <algorithm>

#include "format/block.h"

namespace tarry {
namespace {

// A block whose rows are the events themselves; `Deliver` hands one to a visitor.
template <class Event, void (TraceVisitor::*Deliver)(const Event&)>
class Events : public LoadedBlock {
 public:
  explicit Events(std::vector<Event> rows) : rows_(std::move(rows)) {
    due.reserve(rows_.size());
    bytes = rows_.size() * (sizeof(Event) + sizeof(Due));
  }
  std::vector<Event>& rows() { return rows_; }
  void deliver(uint32_t row, TraceVisitor& visitor) override { (visitor.*Deliver)(rows_[row]); }

 private:
  std::vector<Event> rows_;
};

// The same of events with bytes.
template <class Event, void (TraceVisitor::*Deliver)(const Event&)>
class ByteEvents : public LoadedBlock {
 public:
  explicit ByteEvents(ByteRows<Event> rows) : rows_(std::move(rows)) {
    bytes = rows_.rows.size() * (sizeof(typename ByteRows<Event>::Row) + sizeof(Due)) + rows_.bytes.size();
  }
  Event& event(uint32_t row) { return rows_.rows[row].event; }
  size_t size() const { return rows_.size(); }
  void deliver(uint32_t row, TraceVisitor& visitor) override { (visitor.*Deliver)(rows_.event(row)); }

 private:
  ByteRows<Event> rows_;
};

bool isWithin(int64_t start_ns, int64_t end_ns, const ReadFilter& filter) {
  return end_ns >= filter.from_ns && start_ns <= filter.to_ns;
}

// Events of one thread at one instant. `check` makes ids that nothing defines none, and gives the rank.
template <class Event, void (TraceVisitor::*Deliver)(const Event&), class Check>
std::unique_ptr<LoadedBlock> loadInstants(std::vector<Event> rows, const ReadFilter& filter,
                                          const Definitions& definitions, uint64_t& dropped, Check check) {
  auto block = std::make_unique<Events<Event, Deliver>>(std::move(rows));
  for (uint32_t i = 0; i < block->rows().size(); ++i) {
    Event& row = block->rows()[i];
    if (!isSaneTime(row.ts_ns) || !definitions.knows(row.thread)) {
      ++dropped;
      continue;
    }
    if (isWithin(row.ts_ns, row.ts_ns, filter)) block->due.push_back({row.ts_ns, i, check(row)});
  }
  return block;
}

uint8_t rankOf(LifeKind kind) {
  switch (kind) {
    case LifeKind::info:
    case LifeKind::fork:
    case LifeKind::blocked: return kRankBirth;
    case LifeKind::exec:
    case LifeKind::comm:
    case LifeKind::exit: return kRankChange;
  }
  return kRankChange;
}

}  // namespace

// ---- calls ------------------------------------------------------------------------------------

LoadedCalls::LoadedCalls(SyscallDecoder& decoder, schema::Syscalls::Reader in, uint32_t count,
                         uint64_t block_offset) {
  decoder.decode(in, count, calls_);
  offset = block_offset;
  event_.locator.block_offset = block_offset;
  bytes = calls_.rows.size() * (sizeof(CallRow) + sizeof(Due)) + calls_.args.size() * sizeof(int64_t) +
          calls_.objects.size() * sizeof(ObjectRef) + calls_.strings.size() * sizeof(StringArg);
}

void LoadedCalls::attach(PayloadRows payloads) {
  payloads_ = std::move(payloads);
  payload_refs_.reserve(payloads_.rows.size());
  first_payload_.assign(calls_.rows.size() + 1, 0);
  for (const PayloadRow& row : payloads_.rows) {
    if (row.call_row >= calls_.rows.size()) {
      ++dropped_;
      continue;
    }
    ++first_payload_[row.call_row + 1];
    payload_refs_.push_back({.arg = row.arg,
                             .part = row.part,
                             .direction = row.direction,
                             .length = row.length,
                             .data = {payloads_.bytes.data() + row.at, row.size}});
  }
  for (size_t i = 1; i < first_payload_.size(); ++i) first_payload_[i] += first_payload_[i - 1];
  bytes += payloads_.bytes.size() + payload_refs_.size() * (sizeof(PayloadRef) + sizeof(PayloadRow));
}

bool LoadedCalls::isSane(const CallRow& row) const {
  return isSaneTime(row.enter_ns) && isSaneTime(row.dur_ns) && row.dur_ns >= 0;
}

void LoadedCalls::check(const Definitions& definitions) {
  for (ObjectRef& object : calls_.objects) definitions.check(object.resource);
  for (StringArg& string : calls_.strings) definitions.check(string.text);
  for (CallRow& row : calls_.rows) {
    StackId stack{row.user_stack};
    if (stack) definitions.check(stack);
    row.user_stack = stack.value;
  }
}

void LoadedCalls::select(const ReadFilter& filter, const Definitions& definitions) {
  std::vector<bool> known(calls_.threads.size());
  for (size_t i = 0; i < known.size(); ++i) known[i] = definitions.knows(ThreadId{calls_.threads[i]});
  due.reserve(calls_.rows.size());
  for (uint32_t i = 0; i < calls_.rows.size(); ++i) {
    const CallRow& row = calls_.rows[i];
    if (!known[row.thread] || !isSane(row)) {
      ++dropped_;
      continue;
    }
    const bool unfinished = (calls_.shapes[row.shape].flags & CallShape::kFlagUnfinished) != 0;
    if (isWithin(row.enter_ns, unfinished ? INT64_MAX : row.enter_ns + row.dur_ns, filter)) {
      due.push_back({row.enter_ns, i, kRankCall});
    }
  }
}

const SyscallEvent* LoadedCalls::event(uint32_t row) {
  if (row >= calls_.rows.size() || !isSane(calls_.rows[row])) return nullptr;
  calls_.fill(calls_.rows[row], event_);
  event_.locator.row = row;
  if (!first_payload_.empty()) {
    event_.payloads = {payload_refs_.data() + first_payload_[row],
                       first_payload_[row + 1] - first_payload_[row]};
  }
  return &event_;
}

void LoadedCalls::deliver(uint32_t row, TraceVisitor& visitor) {
  if (const SyscallEvent* call = event(row)) visitor.onSyscall(*call);
}

// ---- the others -------------------------------------------------------------------------------

std::unique_ptr<LoadedBlock> loadSwitches(std::vector<SwitchEvent> rows, const ReadFilter& filter,
                                          const Definitions& definitions, uint64_t& dropped) {
  return loadInstants<SwitchEvent, &TraceVisitor::onSwitch>(std::move(rows), filter, definitions, dropped,
                                                            [&](SwitchEvent& row) {
                                                              definitions.check(row.pending.resource);
                                                              definitions.check(row.user_stack);
                                                              return row.in ? kRankIn : kRankOut;
                                                            });
}

std::unique_ptr<LoadedBlock> loadWakes(std::vector<WakeEvent> rows, const ReadFilter& filter,
                                       const Definitions& definitions, uint64_t& dropped) {
  return loadInstants<WakeEvent, &TraceVisitor::onWake>(std::move(rows), filter, definitions, dropped,
                                                        [&](WakeEvent& row) {
                                                          definitions.check(row.waker);
                                                          definitions.check(row.waker_call.resource);
                                                          definitions.check(row.kernel_stack);
                                                          return kRankWake;
                                                        });
}

std::unique_ptr<LoadedBlock> loadSignals(std::vector<SignalEvent> rows, const ReadFilter& filter,
                                         const Definitions& definitions, uint64_t& dropped) {
  return loadInstants<SignalEvent, &TraceVisitor::onSignal>(std::move(rows), filter, definitions, dropped,
                                                            [&](SignalEvent& row) {
                                                              definitions.check(row.sender);
                                                              return kRankSignal;
                                                            });
}

// The thread may be none, and one that is not defined is not known.
std::unique_ptr<LoadedBlock> loadSockets(std::vector<SocketEvent> rows, const ReadFilter& filter,
                                         const Definitions& definitions, uint64_t& dropped) {
  auto block = std::make_unique<Events<SocketEvent, &TraceVisitor::onSocket>>(std::move(rows));
  for (uint32_t i = 0; i < block->rows().size(); ++i) {
    SocketEvent& row = block->rows()[i];
    if (!isSaneTime(row.ts_ns)) {
      ++dropped;
      continue;
    }
    if (!isWithin(row.ts_ns, row.ts_ns, filter)) continue;
    definitions.check(row.thread);
    definitions.check(row.resource);
    block->due.push_back({row.ts_ns, i, kRankSocket});
  }
  return block;
}

std::unique_ptr<LoadedBlock> loadPlaintexts(PlaintextRows rows, const ReadFilter& filter,
                                            const Definitions& definitions, uint64_t& dropped) {
  auto block = std::make_unique<ByteEvents<PlaintextEvent, &TraceVisitor::onPlaintext>>(std::move(rows));
  for (uint32_t i = 0; i < block->size(); ++i) {
    PlaintextEvent& event = block->event(i);
    const bool sane = isSaneTime(event.ts_ns) && isSaneTime(event.dur_ns) && event.dur_ns >= 0 &&
                      definitions.knows(event.thread);
    if (!sane) {
      ++dropped;
      continue;
    }
    if (!isWithin(event.ts_ns, event.ts_ns + event.dur_ns, filter)) continue;
    definitions.check(event.resource);
    block->due.push_back({event.ts_ns, i, kRankPlaintext});
  }
  return block;
}

std::unique_ptr<LoadedBlock> loadPackets(PacketRows rows, const ReadFilter& filter,
                                         const Definitions& definitions, uint64_t& dropped) {
  auto block = std::make_unique<ByteEvents<PacketEvent, &TraceVisitor::onPacket>>(std::move(rows));
  for (uint32_t i = 0; i < block->size(); ++i) {
    PacketEvent& event = block->event(i);
    if (!isSaneTime(event.ts_ns)) {
      ++dropped;
      continue;
    }
    if (!isWithin(event.ts_ns, event.ts_ns, filter)) continue;
    definitions.check(event.thread);
    definitions.check(event.resource);
    definitions.check(event.interface_name);
    block->due.push_back({event.ts_ns, i, kRankPacket});
  }
  return block;
}

std::unique_ptr<LoadedBlock> loadFolds(std::vector<FoldEvent> rows, const ReadFilter& filter,
                                       const Definitions& definitions, uint64_t& dropped) {
  auto block = std::make_unique<Events<FoldEvent, &TraceVisitor::onFold>>(std::move(rows));
  for (uint32_t i = 0; i < block->rows().size(); ++i) {
    FoldEvent& row = block->rows()[i];
    const bool sane = isSaneTime(row.ts_ns) && isSaneTime(row.dur_ns) && row.dur_ns >= 0 &&
                      row.total_ns >= 0 && isSaneTime(row.total_ns) && row.longest_ns >= 0 &&
                      isSaneTime(row.longest_ns) && row.count <= kMaxFoldedCount &&
                      (row.kind != FoldKind::calls || definitions.knows(row.thread));
    if (!sane) {
      ++dropped;
      continue;
    }
    if (!isWithin(row.ts_ns, row.ts_ns + row.dur_ns, filter)) continue;
    definitions.check(row.thread);
    definitions.check(row.resource);
    block->due.push_back({row.ts_ns, i, kRankFold});
  }
  return block;
}

std::unique_ptr<LoadedBlock> loadLosses(std::vector<LossEvent> rows, const ReadFilter& filter,
                                        const Definitions& definitions, uint64_t& dropped) {
  auto block = std::make_unique<Events<LossEvent, &TraceVisitor::onLoss>>(std::move(rows));
  for (uint32_t i = 0; i < block->rows().size(); ++i) {
    LossEvent& row = block->rows()[i];
    if (!isSaneTime(row.ts_ns) || !isSaneTime(row.dur_ns) || row.dur_ns < 0) {
      ++dropped;
      continue;
    }
    if (!isWithin(row.ts_ns, row.ts_ns + row.dur_ns, filter)) continue;
    definitions.check(row.thread);
    block->due.push_back({row.ts_ns, i, kRankLoss});
  }
  return block;
}

std::unique_ptr<LoadedBlock> loadClocks(std::vector<ClockPoint> rows, uint64_t& dropped) {
  auto block = std::make_unique<Events<ClockPoint, &TraceVisitor::onClock>>(std::move(rows));
  for (uint32_t i = 0; i < block->rows().size(); ++i) {
    const ClockPoint& row = block->rows()[i];
    if (!isSaneTime(row.boottime_ns) || !isSaneTime(row.monotonic_ns) || !isSaneTime(row.realtime_ns)) {
      ++dropped;
      continue;
    }
    block->due.push_back({row.boottime_ns, i, kRankClock});
  }
  return block;
}

std::unique_ptr<LoadedBlock> loadLife(std::vector<LifeEvent> rows) {
  auto block = std::make_unique<Events<LifeEvent, &TraceVisitor::onLife>>(std::move(rows));
  for (uint32_t i = 0; i < block->rows().size(); ++i) {
    block->due.push_back({block->rows()[i].ts_ns, i, rankOf(block->rows()[i].kind)});
  }
  return block;
}

}  // namespace tarry
