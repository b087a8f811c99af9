// Translates batches of raw records (recorder/records.h) into events of a TraceWriter.
//
// A batch's definitions are applied before its events; a call whose strings stand in another ring of
// the same batch waits until all of it has been read.
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "format/syscall_set.h"
#include "recorder/backend.h"
#include "recorder/call_rest.h"
#include "recorder/capture_plan.h"
#include "recorder/kernel_symbols.h"
#include "recorder/raw_resource_table.h"
#include "recorder/raw_thread_table.h"
#include "recorder/records.h"

namespace tarry {

class RawEncoder {
 public:
  // `calls`: of other system calls no event is made; nullptr: of none. Both are borrowed.
  explicit RawEncoder(const CapturePlan& plan, const SyscallSet* calls = nullptr)
      : plan_(plan), calls_(calls), threads_(resources_) {}

  // now_ns: BOOTTIME; what is not needed any more is forgotten by it.
  void encode(const RawBatch& batch, TraceWriter& writer, int64_t now_ns);
  // Starts to read the kernel's symbols in a thread of its own. Otherwise that is done at the first stack,
  // and its 0.1 s of CPU time are then missing to the command, just when it begins.
  void readSymbolsAhead();
  // What the kernel side's resource_epoch (recorder/bpf/maps.h) should be.
  uint32_t wantedResourceEpoch() const { return resources_.wantedEpoch(); }

 private:
  using Bytes = std::span<const uint8_t>;

  // Strings and buffers of a call, taken at its enter; and what its own record has no room for. They are
  // translated with the call, which may take hours: ids of texts do not stay valid for so long.
  struct EnterData {
    uint32_t call_seq = 0;         // 0: free
    std::vector<uint8_t> parts;    // as they came
    std::vector<uint8_t> at_exit;  // taken at the exit
    size_t more_bytes = 0;         // that further records of the call brought
  };

  void definition(Bytes record, TraceWriter& writer);
  void event(Bytes record, TraceWriter& writer);
  void enterData(Bytes record, TraceWriter& writer);
  void lostPayload(uint32_t thread, TraceWriter& writer);
  void rest(Bytes record, TraceWriter& writer);
  EnterData& freeEnterData(uint32_t thread);
  EnterData* findEnterData(uint32_t thread, uint32_t call_seq);
  void release(EnterData& data);
  // false: its enter data has not come yet
  bool anyCall(Bytes record, TraceWriter& writer, bool last_chance);
  bool call(const rec_call& record, Bytes parts, TraceWriter& writer, bool last_chance);
  void shortCall(const rec_short_call& record, TraceWriter& writer);
  void switchIn(const rec_switch_in& record, TraceWriter& writer);
  void switchOut(Bytes record, TraceWriter& writer);
  void wake(Bytes record, TraceWriter& writer);
  void signal(const rec_signal& record, TraceWriter& writer);
  void socket(const rec_socket_event& record, TraceWriter& writer);
  void plaintext(Bytes record, TraceWriter& writer);
  void packet(Bytes record, TraceWriter& writer);
  ResourceId socketBelow(const rec_plaintext& record, TraceWriter& writer);
  void blocked(const rec_blocked& record, TraceWriter& writer);
  void loss(const rec_loss& record, TraceWriter& writer);

  static void fillArgs(std::span<const __u64> args, const CallShape* shape, SyscallEvent& event);
  struct PathKinds {
    bool absolute = false, relative = false;
  };
  PathKinds pathKinds(const call_plan& plan) const;
  void addObjects(const rec_call& record, const CallShape& shape, TraceWriter& writer);
  void addObject(ObjectRole role, int64_t fd, uint32_t resource, TraceWriter& writer);
  void addParts(Bytes parts, TraceWriter& writer);
  PendingCall pending(const rec_pending& record, const rec_polled* polled, TraceWriter& writer);
  void fillPolled(const rec_polled& polled, PendingCall& call, TraceWriter& writer);
  StackId stack(Bytes addresses, TraceWriter& writer);
  const KernelSymbols& symbols();

  bool wanted(uint8_t abi, int32_t nr) const {
    return calls_ == nullptr || calls_->contains(static_cast<Abi>(abi), nr);
  }

  const CapturePlan& plan_;
  const SyscallSet* calls_;
  RawResourceTable resources_;
  RawThreadTable threads_;
  std::future<KernelSymbols> coming_symbols_;
  std::optional<KernelSymbols> symbols_;  // since the first stack
  // of the writer's present epoch: it forgets what is not used for some
  std::unordered_map<std::string, StackId> stacks_;
  std::unordered_map<uint64_t, FrameId> frames_;
  uint32_t stacks_epoch_ = 0;
  std::unordered_map<uint32_t, std::vector<EnterData>> enter_data_;      // by kernel thread id
  std::unordered_map<uint32_t, std::vector<uint8_t>> plaintext_pieces_;  // by kernel thread id
  // Sockets of TLS sessions, by their processes' leaders and addresses: the kernel's ids.
  std::map<std::pair<uint32_t, uint64_t>, uint32_t> tls_sockets_;
  size_t more_bytes_ = 0;       // of all enter_data_
  std::vector<Bytes> waiting_;  // calls, during one batch
  CallRest rest_;

  // of the call that is being translated
  std::vector<ObjectRef> objects_;
  std::vector<StringArg> strings_;
  std::vector<PayloadRef> payloads_;
  uint8_t absolute_args_ = 0;
  uint32_t root_ = 0;
};

// The state bits of include/linux/sched.h. For tests.
TaskState taskState(uint32_t bits);

}  // namespace tarry
