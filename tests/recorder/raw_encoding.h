// Raw records made by hand, through the encoder and a trace in memory.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "format/testing/trace_builder.h"
#include "format/trace_reader.h"
#include "recorder/raw_encoder.h"
#include "tests/recorder/raw_records.h"

namespace tarry::testing {

// A call with copies of all that only lives as long as its event.
struct Call {
  uint32_t seq = 0;
  int32_t nr = -1;
  int64_t ret = 0;
  uint8_t arg_mask = 0;
  CallFlags flags;
  std::vector<ObjectRef> objects;
  std::map<int, std::string> strings;
  std::map<int, std::string> payloads;
};

struct Collected : TraceVisitor {
  explicit Collected(TraceReader& reader) : reader_(reader) {}
  void onThread(const ThreadDef& thread) override { threads[thread.tid] = thread; }
  void onResource(const Resource& resource) override { resources[resource.id] = resource; }
  void onLife(const LifeEvent& event) override { lives.push_back(event); }
  void onEpollMember(const EpollMember& member) override { members.push_back(member); }
  void onSwitch(const SwitchEvent& event) override { switches.push_back(event); }
  void onWake(const WakeEvent& event) override { wakes.push_back(event); }
  void onSignal(const SignalEvent& event) override { signals.push_back(event); }
  void onSocket(const SocketEvent& event) override { sockets.push_back(event); }
  void onPlaintext(const PlaintextEvent& event) override {
    said.push_back({event, std::string(event.data.begin(), event.data.end())});
  }
  void onPacket(const PacketEvent& event) override {
    packets.push_back({event, std::string(event.data.begin(), event.data.end())});
    interfaces.emplace_back(reader_.text(event.interface_name));
  }
  void onLoss(const LossEvent& event) override { losses.push_back(event); }
  void onSyscall(const SyscallEvent& event) override {
    Call call;
    call.seq = event.call_seq;
    call.nr = event.nr;
    call.ret = event.ret;
    call.arg_mask = event.arg_mask;
    call.flags = event.flags;
    call.objects.assign(event.objects.begin(), event.objects.end());
    for (const StringArg& string : event.strings) call.strings[string.arg] = reader_.text(string.text);
    for (const PayloadRef& payload : event.payloads) {
      call.payloads[payload.arg] = std::string(payload.data.begin(), payload.data.end());
    }
    calls.push_back(call);
  }

  std::map<int32_t, ThreadDef> threads;
  std::map<ResourceId, Resource> resources;
  std::vector<LifeEvent> lives;
  std::vector<EpollMember> members;
  std::vector<SwitchEvent> switches;
  std::vector<WakeEvent> wakes;
  std::vector<SignalEvent> signals;
  std::vector<SocketEvent> sockets;
  struct Said {
    PlaintextEvent event;
    std::string data;
  };
  std::vector<Said> said;
  struct Packet {
    PacketEvent event;
    std::string data;
  };
  std::vector<Packet> packets;
  std::vector<std::string> interfaces;
  std::vector<LossEvent> losses;
  std::vector<Call> calls;

 private:
  TraceReader& reader_;
};

inline std::string part(uint8_t kind, uint8_t arg, const std::string& data, uint8_t flags = 0) {
  rec_part head{};
  head.kind = kind;
  head.arg = arg;
  head.flags = flags;
  head.len = static_cast<uint16_t>(data.size());
  head.full_len = data.size();
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes += data;
  bytes.resize((bytes.size() + 7) & ~size_t{7});
  return bytes;
}

inline rec_thread thread(uint32_t id, int32_t tid, uint32_t leader, uint64_t start_ns = 5) {
  rec_thread record{};
  record.type = RT_THREAD;
  record.flags = THREAD_RECORDED;
  record.id = id;
  record.leader = leader;
  record.tid = tid;
  record.pid = tid;
  record.start_ns = start_ns;
  std::memcpy(record.comm, "prog", 5);
  return record;
}

inline rec_call call(uint32_t thread_id, uint32_t seq, int32_t nr) {
  rec_call record{};
  record.type = RT_CALL;
  record.abi = ABI_X86_64;
  record.thread = record.data_thread = thread_id;
  record.call_seq = record.data_seq = seq;
  record.nr = nr;
  record.enter_ns = 1000 + seq;
  record.dur_ns = 10;
  return record;
}

inline rec_enter_data enterData(uint32_t thread_id, uint32_t seq) {
  rec_enter_data record{};
  record.type = RT_ENTER_DATA;
  record.thread = thread_id;
  record.call_seq = seq;
  return record;
}

class RawEncoding {
 public:
  RawEncoding() : writer_(memorySink(bytes_), TraceHeader{}) { batch.events.resize(2); }

  // Encodes the batch and empties it.
  void encode() {
    encoder_.encode(batch, writer_, now_ns);
    batch.definitions.clear();
    for (auto& ring : batch.events) ring.clear();
  }

  Collected finish() {
    encode();
    writer_.finish({});
    reader_.emplace(TraceReader::fromMemory(bytes_));
    Collected collected(*reader_);
    reader_->read(collected);
    CHECK(reader_->report().clean());
    return collected;
  }
  std::string text(StringId id) { return std::string(reader_->text(id)); }

  RawBatch batch;
  int64_t now_ns = 0;

 private:
  CapturePlan plan_{64};
  RawEncoder encoder_{plan_};
  std::vector<uint8_t> bytes_;
  TraceWriter writer_;
  std::optional<TraceReader> reader_;
};

constexpr int32_t kRead = 0, kOpenat = 257, kPipe2 = 293, kPoll = 7;

}  // namespace tarry::testing
