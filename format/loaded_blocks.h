// The event blocks of each kind, decoded, checked against the definitions and ready for the merge.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "format/definitions.h"
#include "format/fold_codec.h"
#include "format/packet_codec.h"
#include "format/plaintext_codec.h"
#include "format/sched_codec.h"
#include "format/signal_codec.h"
#include "format/socket_codec.h"
#include "format/syscall_codec.h"
#include "format/time_merge.h"
#include "format/trace.capnp.h"

namespace tarry {

// A syscalls block with the payloads that go with it.
class LoadedCalls : public LoadedBlock {
 public:
  // Takes columns; throws BadBlock. Rows of unknown threads or impossible times become not due and
  // are counted in dropped().
  LoadedCalls(SyscallDecoder& decoder, schema::Syscalls::Reader in, uint32_t count, uint64_t block_offset);
  bool wantsPayloads() const { return calls_.payload_link != 0; }
  uint64_t payloadLink() const { return calls_.payload_link; }
  void attach(PayloadRows payloads);
  void check(const Definitions& definitions);
  void select(const ReadFilter& filter, const Definitions& definitions);

  void deliver(uint32_t row, TraceVisitor& visitor) override;
  // nullptr if there is no such row. Lives until the next call of this.
  const SyscallEvent* event(uint32_t row);
  uint64_t dropped() const { return dropped_; }

 private:
  bool isSane(const CallRow& row) const;

  SyscallRows calls_;
  PayloadRows payloads_;
  std::vector<PayloadRef> payload_refs_;
  std::vector<uint32_t> first_payload_;  // of each row, and the end; empty without payloads
  SyscallEvent event_;
  uint64_t dropped_ = 0;
};

std::unique_ptr<LoadedBlock> loadSwitches(std::vector<SwitchEvent> rows, const ReadFilter& filter,
                                          const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadWakes(std::vector<WakeEvent> rows, const ReadFilter& filter,
                                       const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadFolds(std::vector<FoldEvent> rows, const ReadFilter& filter,
                                       const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadSignals(std::vector<SignalEvent> rows, const ReadFilter& filter,
                                         const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadSockets(std::vector<SocketEvent> rows, const ReadFilter& filter,
                                         const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadPlaintexts(PlaintextRows rows, const ReadFilter& filter,
                                            const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadPackets(PacketRows rows, const ReadFilter& filter,
                                         const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadLosses(std::vector<LossEvent> rows, const ReadFilter& filter,
                                        const Definitions& definitions, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadClocks(std::vector<ClockPoint> rows, uint64_t& dropped);
std::unique_ptr<LoadedBlock> loadLife(std::vector<LifeEvent> rows);

}  // namespace tarry
