#include "recorder/ptrace/channel.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "format/errors.h"

namespace tarry::ptracing {

namespace {
constexpr size_t kControlBytes = 4096;
static_assert(sizeof(ChannelControl) <= kControlBytes);
static_assert(std::atomic<uint64_t>::is_always_lock_free, "two processes share them");
constexpr timespec kPause{0, 100'000};
}  // namespace

Channel::Channel(size_t lane_bytes) : size_(kControlBytes + 2 * (LANE_DATA + lane_bytes)) {
  void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw RecordError(std::string("no memory for the tracer's buffers: ") + std::strerror(errno));
  memory_ = static_cast<uint8_t*>(memory);
  control_ = new (memory_) ChannelControl{};
  definitions_ = {memory_ + kControlBytes, LANE_DATA + lane_bytes};
  events_ = {memory_ + kControlBytes + LANE_DATA + lane_bytes, LANE_DATA + lane_bytes};
}

Channel::~Channel() {
  ::munmap(memory_, size_);
}

RecordSink::RecordSink(Channel& channel, pid_t reader)
    : control_(channel.control()),
      reader_(reader),
      definitions_(channel.definitions_),
      events_(channel.events_) {}

bool RecordSink::readerGone() const {
  return ::getppid() != reader_;
}

void RecordSink::put(LaneWriter& lane, std::span<const uint8_t> record) {
  while (!lane.put(record)) {
    if (readerGone() || !lane.canHold(record.size())) return;
    ::nanosleep(&kPause, nullptr);
  }
}

}  // namespace tarry::ptracing
