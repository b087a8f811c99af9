// The threads of a recording and the way of the data through them:
//
//   backend's rings --drain thread--> BatchQueue (bounded) --encode thread--> TraceWriter --> file
//
// The session thread (who made this object) starts and ends it and is told through fd() when there
// is something to decide: the writer failed, or the file has reached its size.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "format/trace_writer.h"
#include "format/unique_fd.h"
#include "recorder/backend.h"
#include "recorder/batch_queue.h"

namespace tarry {

struct SessionOptions {
  uint64_t max_size_bytes = 0;                // 0: no limit
  size_t queue_bytes = 64U << 20;             // raw bytes that may wait for the encoder
  uint64_t ring_bytes = defaultRingBytes(1);  // of one ring: how much may pile up between two drains
  int64_t clock_interval_ns = 10'000'000'000;
};

class Session {
 public:
  // Borrows the backend, which has been started. Starts the threads.
  Session(Backend& backend, std::unique_ptr<TraceWriter> writer, const SessionOptions& options);
  // Without finish(): gives up, the trace ends without trailer.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Readable once `failed()` or `full()`.
  int fd() const { return event_.get(); }
  bool failed() const { return failed_.load(); }
  bool full() const { return full_.load(); }
  std::string error() const;

  // Writes what has come so far, waiting a short time at most.
  void flush();

  // Ends the recording: stops the backend, brings in what is left, writes the trailer (completed
  // with clock and cost) and returns it. Never throws: where that fails, error() says why.
  Trailer finish(Trailer trailer);
  uint64_t bytesWritten() const { return bytes_.load(); }

 private:
  void drainLoop();
  void encodeLoop();
  void encodeSome();
  void fail(const std::string& what);
  void notifyOwner() const;
  void joinThreads();
  bool pauseDraining(int64_t interval_ns);
  RecorderCost cost() const;

  Backend& backend_;
  std::unique_ptr<TraceWriter> writer_;
  const SessionOptions options_;
  BatchQueue queue_;
  UniqueFd event_;

  std::atomic<bool> failed_{false};
  std::atomic<bool> full_{false};
  std::atomic<bool> ending_{false};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<int64_t> drain_cpu_ns_{0};
  std::atomic<int64_t> encode_cpu_ns_{0};
  int64_t next_clock_ns_ = 0;  // encode thread only

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_draining_ = false;  // the rest below: under mutex_
  bool give_up_ = false;
  bool flush_wanted_ = false;
  std::string error_;

  std::thread drain_thread_;
  std::thread encode_thread_;
};

}  // namespace tarry
