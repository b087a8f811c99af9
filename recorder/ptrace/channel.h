// Between the recorder and the tracer, which is a process of its own: shared memory with two lanes, one for
// definitions and one for events, and a few words to ask and to answer.
//
// The tracer never loses a record: what does not fit makes it, and with it the tracees, wait for the reader.
// Only where the recorder has gone it is dropped.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "recorder/lane.h"
#include "recorder/records.h"

namespace tarry::ptracing {

enum class Request : uint32_t { none, add, stop };

struct ChannelControl {
  std::atomic<uint32_t> asked;     // number of the last request
  std::atomic<uint32_t> answered;  // of the last one that was dealt with; 0: the tracer is not ready
  std::atomic<Request> request;
  std::atomic<pid_t> pid;       // of Request::add
  std::atomic<uint32_t> epoch;  // that resources are to be numbered in, as resource_epoch of BPF
  std::atomic<uint32_t> alive;  // processes
  std::atomic<bool> stays;      // the tracer goes on after Request::stop, for programs with a filter
  char error[512];              // of the last request; "": it was done
};

class Channel {
 public:
  // Throws RecordError. To be made before the tracer is forked. lane_bytes: a power of two.
  explicit Channel(size_t lane_bytes);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  ChannelControl& control() { return *control_; }

  // The recorder's side.
  void drainDefinitions(std::vector<uint8_t>& out) { drainLane(definitions_, out); }
  void drainEvents(std::vector<uint8_t>& out) { drainLane(events_, out); }
  size_t bytes() const { return size_; }

 private:
  friend class RecordSink;
  uint8_t* memory_ = nullptr;
  size_t size_ = 0;
  ChannelControl* control_ = nullptr;
  std::span<uint8_t> definitions_, events_;
};

// The tracer's side.
class RecordSink {
 public:
  // reader: the recorder's pid.
  RecordSink(Channel& channel, pid_t reader);

  template <class Record>
  void definition(const Record& record) {
    put(definitions_, {reinterpret_cast<const uint8_t*>(&record), sizeof(record)});
  }
  template <class Record>
  void event(const Record& record) {
    put(events_, {reinterpret_cast<const uint8_t*>(&record), sizeof(record)});
  }
  // With a text behind the record's head.
  template <class Record>
  void definition(const Record& record, std::string_view text) {
    buffer_.assign(reinterpret_cast<const uint8_t*>(&record),
                   reinterpret_cast<const uint8_t*>(&record) + sizeof(record));
    buffer_.insert(buffer_.end(), text.begin(), text.end());
    put(definitions_, buffer_);
  }
  void eventBytes(std::span<const uint8_t> record) { put(events_, record); }

  uint32_t epoch() const { return control_.epoch.load(std::memory_order_relaxed); }
  ChannelControl& control() { return control_; }
  bool readerGone() const;

 private:
  void put(LaneWriter& lane, std::span<const uint8_t> record);

  ChannelControl& control_;
  const pid_t reader_;
  LaneWriter definitions_, events_;
  std::vector<uint8_t> buffer_;
};

}  // namespace tarry::ptracing
