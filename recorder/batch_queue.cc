#include "recorder/batch_queue.h"

#include <utility>

namespace tarry {

size_t sizeBytes(const RawBatch& batch) {
  size_t bytes = batch.definitions.size();
  for (const auto& ring : batch.events) bytes += ring.size();
  return bytes;
}

double BatchQueue::fill() const {
  std::lock_guard lock(mutex_);
  return static_cast<double>(bytes_) / static_cast<double>(max_bytes_);
}

bool BatchQueue::waitForRoom(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return bytes_ < max_bytes_ || closed_; });
}

void BatchQueue::push(RawBatch batch) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    bytes_ += sizeBytes(batch);
    batches_.push_back({std::move(batch), std::chrono::steady_clock::now()});
  }
  changed_.notify_all();
}

void BatchQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::optional<RawBatch> BatchQueue::pop(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return !batches_.empty() || closed_; });
  waited_ = std::chrono::nanoseconds(0);
  if (batches_.empty()) return std::nullopt;
  RawBatch batch = std::move(batches_.front().batch);
  waited_ = std::chrono::steady_clock::now() - batches_.front().since;
  batches_.pop_front();
  bytes_ -= sizeBytes(batch);
  lock.unlock();
  changed_.notify_all();
  return batch;
}

bool BatchQueue::finished() const {
  std::lock_guard lock(mutex_);
  return closed_ && batches_.empty();
}

std::chrono::nanoseconds BatchQueue::waited() const {
  std::lock_guard lock(mutex_);
  return waited_;
}

}  // namespace tarry
