// What lies between the thread that empties the rings and the one that encodes: raw batches in
// order, bounded in bytes. When it is full the producer waits, so the data stays in the rings and
// the kernel counts what does not fit there: a slow disk costs events, never memory, and never
// stalls the recorded program.
//
// Thread-safe: one producer, one consumer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "recorder/backend.h"

namespace tarry {

class BatchQueue {
 public:
  explicit BatchQueue(size_t max_bytes) : max_bytes_(max_bytes) {}

  // How full it is, 0 … 1 (above 1 with one oversized batch).
  double fill() const;
  // Waits for room as long as `timeout`; a batch that is larger than the queue fits once it is not full.
  bool waitForRoom(std::chrono::milliseconds timeout);
  // Never waits: ask for room before. Does nothing once the queue is closed.
  void push(RawBatch batch);
  // Nothing will follow.
  void close();

  // The next batch; none after `timeout` or at the end.
  std::optional<RawBatch> pop(std::chrono::milliseconds timeout);
  bool finished() const;  // closed and empty
  // How long the batch that was popped last had waited; 0 where pop() found none.
  std::chrono::nanoseconds waited() const;

 private:
  const size_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  struct Waiting {
    RawBatch batch;
    std::chrono::steady_clock::time_point since;
  };
  std::deque<Waiting> batches_;
  std::chrono::nanoseconds waited_{0};
  size_t bytes_ = 0;
  bool closed_ = false;
};

size_t sizeBytes(const RawBatch& batch);

}  // namespace tarry
