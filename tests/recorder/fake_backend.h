// A backend without a kernel: it makes an invented event at every drain and records what the
// session asked of it. Shared with the test through a FakeLog, since the session owns the backend.
#pragma once

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "format/errors.h"
#include "recorder/backend.h"
#include "recorder/host_info.h"
#include "recorder/recording.h"

namespace tarry {

struct FakeLog {
  std::atomic<int> starts{0}, stops{0}, drains{0}, encodes{0};
  std::atomic<uint64_t> drained_events{0}, encoded_events{0};
  std::atomic<pid_t> added{0};
  std::atomic<bool> target_alive{true};
  std::atomic<uint64_t> events_per_drain{1};
  std::atomic<size_t> payload_bytes{0};    // of each event, incompressible
  std::atomic<bool> indispensable{false};  // calls of a kind that no bounded file goes without
  std::atomic<int64_t> encode_delay_ns{0};
  std::function<void()> on_add, on_start;  // called in the session thread
  std::string start_error;
};

class FakeBackend : public Backend {
 public:
  explicit FakeBackend(std::shared_ptr<FakeLog> log) : log_(std::move(log)) {}

  const char* name() const override { return "fake"; }
  void start(const TargetSpec&) override {
    if (!log_->start_error.empty()) throw RecordError(log_->start_error);
    ++log_->starts;
    if (log_->on_start) log_->on_start();
  }
  void add(pid_t pid) override {
    log_->added = pid;
    if (log_->on_add) log_->on_add();
  }
  bool targetAlive() override { return log_->target_alive; }

  // A raw record is its serial number and the bytes of its payload.
  void drain(RawBatch& batch) override {
    ++log_->drains;
    if (log_->stops > 0) {
      if (last_sent_) return;
      last_sent_ = true;
    }
    std::vector<uint8_t> ring;
    for (uint64_t i = 0; i < log_->events_per_drain; ++i) {
      const uint64_t serial = ++log_->drained_events;
      const auto* bytes = reinterpret_cast<const uint8_t*>(&serial);
      ring.insert(ring.end(), bytes, bytes + sizeof serial);
      for (size_t k = 0; k < log_->payload_bytes; ++k) ring.push_back(nextNoise());
    }
    if (!ring.empty()) batch.events.push_back(std::move(ring));
  }

  void encode(const RawBatch& batch, TraceWriter& writer) override {
    ++log_->encodes;
    if (log_->encode_delay_ns > 0) {
      std::this_thread::sleep_for(std::chrono::nanoseconds(log_->encode_delay_ns));
    }
    const ThreadId thread{1};
    if (!defined_) {
      ThreadDef def;
      def.id = thread;
      def.leader = thread;
      def.tid = def.pid = 4711;
      def.comm = writer.intern("invented");
      def.recorded = true;
      writer.define(def);
      defined_ = true;
    }
    const size_t record = sizeof(uint64_t) + log_->payload_bytes;
    for (const auto& ring : batch.events) {
      for (size_t at = 0; at + record <= ring.size(); at += record) {
        ++log_->encoded_events;
        encodeCall(std::span(ring).subspan(at, record), writer, thread);
      }
    }
  }

  void stop() override { ++log_->stops; }
  void fillCost(RecorderCost& cost) override { cost.ring_bytes = 12345; }
  uint64_t lost() override { return 7; }

 private:
  void encodeCall(std::span<const uint8_t> record, TraceWriter& writer, ThreadId thread) {
    uint64_t serial = 0;
    std::memcpy(&serial, record.data(), sizeof serial);
    SyscallEvent call;
    call.thread = thread;
    call.call_seq = static_cast<uint32_t>(serial);
    call.enter_ns = bootTimeNs();
    call.dur_ns = 100;
    call.abi = Abi::x86_64;
    call.nr = log_->indispensable ? 233 : 1;  // epoll_ctl, write
    PayloadRef payload;
    payload.arg = log_->indispensable ? 3 : 1;
    payload.data = record.subspan(sizeof serial);
    payload.length = payload.data.size();
    if (payload.length > 0) call.payloads = std::span(&payload, 1);
    writer.add(call);
  }

  uint8_t nextNoise() {
    noise_ = noise_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<uint8_t>(noise_ >> 56);
  }

  std::shared_ptr<FakeLog> log_;
  bool defined_ = false;
  bool last_sent_ = false;
  uint64_t noise_ = 1;
};

inline BackendFactory fakeBackend(std::shared_ptr<FakeLog> log) {
  return [log](const BackendOptions&) { return std::make_unique<FakeBackend>(log); };
}

}  // namespace tarry
