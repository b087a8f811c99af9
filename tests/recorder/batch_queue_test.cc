#include "recorder/batch_queue.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace tarry;
using namespace std::chrono_literals;

namespace {

RawBatch batchOf(size_t bytes) {
  RawBatch batch;
  batch.definitions.resize(bytes);
  return batch;
}

}  // namespace

TEST_CASE("A batch queue is bounded in bytes and keeps the order") {
  BatchQueue queue(100);
  CHECK(queue.waitForRoom(0ms));
  queue.push(batchOf(60));
  CHECK(queue.fill() == 0.6);
  CHECK(queue.waitForRoom(0ms));
  queue.push(batchOf(70));  // larger than what is left, but it was not full
  CHECK_FALSE(queue.waitForRoom(0ms));
  CHECK(queue.pop(0ms)->definitions.size() == 60);
  CHECK(queue.waitForRoom(0ms));
  queue.close();
  CHECK_FALSE(queue.finished());
  queue.push(batchOf(1));  // dropped: the consumer may have gone
  CHECK(queue.pop(0ms)->definitions.size() == 70);
  CHECK_FALSE(queue.pop(0ms).has_value());
  CHECK(queue.finished());
}

TEST_CASE("A batch queue says how late the consumer is") {
  BatchQueue queue(100);
  queue.push(batchOf(1));
  std::this_thread::sleep_for(5ms);
  REQUIRE(queue.pop(0ms).has_value());
  CHECK(queue.waited() >= 5ms);
  CHECK_FALSE(queue.pop(0ms).has_value());
  CHECK(queue.waited() == 0ms);
}
