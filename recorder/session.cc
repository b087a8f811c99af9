#include "recorder/session.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "format/errors.h"
#include "recorder/host_info.h"

namespace tarry {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Encoding costs most, and gives way to what is watched as long as that costs no events: not while
// much is waiting for it. (The thread that empties the rings needs next to nothing, and events are
// lost if it does not get that.)
constexpr int kEncodeNice = 10;
constexpr double kHurryFill = 0.25;
constexpr double kRelaxFill = 0.02;
// Nor on a machine so busy that events would get into the file late, which a crash would then cost.
constexpr milliseconds kLate{30};
constexpr milliseconds kHurryWhenLate{2000};

constexpr int64_t kShortestPauseNs = 1'000'000;
// Large rings are for bursts of payload, which are copied faster than what is below.
constexpr int64_t kLongestPauseNs = 10'000'000;
// The fastest that one CPU was seen to fill its ring, with a margin.
constexpr uint64_t kFillBytesPerSecond = 400U << 20;
constexpr milliseconds kTick{100};
constexpr int kMaxLastDrains = 10'000;

// The nice value of the calling thread: Linux keeps one for each (setpriority(2), "C library/kernel
// differences"). Becoming less nice takes CAP_SYS_NICE; without it things just take longer.
class Politeness {
 public:
  Politeness() : usual_(::getpriority(PRIO_PROCESS, 0)) {}
  void set(bool polite) {
    if (polite == polite_) return;
    polite_ = polite;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)),
                  polite ? usual_ + kEncodeNice : usual_);
  }
  bool polite() const { return polite_; }

 private:
  const int usual_;
  bool polite_ = false;
};

int64_t toNs(const timeval& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + static_cast<int64_t>(time.tv_usec) * 1000;
}

// How long the rings may be left alone, given what the last look found in them.
int64_t nextPause(int64_t pause_ns, uint64_t found_bytes, uint64_t ring_bytes) {
  const auto longest =
      std::clamp<int64_t>(static_cast<int64_t>(ring_bytes * 1'000'000'000 / kFillBytesPerSecond / 2),
                          kShortestPauseNs, kLongestPauseNs);
  if (found_bytes > ring_bytes / 8) return kShortestPauseNs;
  if (found_bytes == 0) return std::min(longest, pause_ns * 2);
  return std::min(longest, std::max(pause_ns, 5 * kShortestPauseNs));
}

}  // namespace

Session::Session(Backend& backend, std::unique_ptr<TraceWriter> writer, const SessionOptions& options)
    : backend_(backend),
      writer_(std::move(writer)),
      options_(options),
      queue_(options.queue_bytes),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw RecordError(std::string("cannot record: eventfd: ") + std::strerror(errno));
  next_clock_ns_ = bootTimeNs() + options_.clock_interval_ns;
  encode_thread_ = std::thread([this] { encodeLoop(); });
  drain_thread_ = std::thread([this] { drainLoop(); });
}

Session::~Session() {
  {
    std::lock_guard lock(mutex_);
    stop_draining_ = true;
    give_up_ = true;
  }
  changed_.notify_all();
  queue_.close();
  joinThreads();
}

std::string Session::error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void Session::fail(const std::string& what) {
  {
    std::lock_guard lock(mutex_);
    if (error_.empty()) error_ = what;
  }
  failed_ = true;
  notifyOwner();
}

void Session::notifyOwner() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t size = ::write(event_.get(), &one, sizeof one);
}

// True if draining goes on.
bool Session::pauseDraining(int64_t interval_ns) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, nanoseconds(interval_ns), [&] { return stop_draining_; });
  return !stop_draining_;
}

void Session::drainLoop() {
  try {
    int64_t pause_ns = kShortestPauseNs;
    bool going_on = true;
    int last_drains = 0;
    while (true) {
      RawBatch batch;
      backend_.drain(batch);
      const uint64_t bytes = sizeBytes(batch);
      if (bytes > 0) queue_.push(std::move(batch));
      if (!going_on && (bytes == 0 || ++last_drains > kMaxLastDrains)) break;
      if (going_on) {
        pause_ns = nextPause(pause_ns, bytes, options_.ring_bytes);
        going_on = pauseDraining(pause_ns);
      }
      while (!queue_.waitForRoom(kTick)) {
      }
      std::lock_guard lock(mutex_);
      if (give_up_) break;
    }
  } catch (const std::exception& error) {
    fail(error.what());
  }
  drain_cpu_ns_ = threadCpuNs();
  queue_.close();
}

void Session::encodeLoop() {
  Politeness politeness;
  auto hurry_until = std::chrono::steady_clock::time_point::min();
  while (!queue_.finished()) {
    const double fill = queue_.fill();
    const auto now = std::chrono::steady_clock::now();
    if (queue_.waited() > kLate) hurry_until = now + kHurryWhenLate;
    politeness.set(!ending_ && now >= hurry_until && fill < (politeness.polite() ? kHurryFill : kRelaxFill));
    if (failed_ || full_) {
      queue_.pop(kTick);  // the recording is over: keep the queue from filling
      continue;
    }
    try {
      encodeSome();
    } catch (const std::exception& error) {
      fail(error.what());
    }
  }
  encode_cpu_ns_ = threadCpuNs();
}

void Session::encodeSome() {
  const std::optional<RawBatch> batch = queue_.pop(kTick);
  if (batch) backend_.encode(*batch, *writer_);
  const int64_t now_ns = bootTimeNs();
  if (now_ns >= next_clock_ns_) {
    writer_->add(readClocks());
    next_clock_ns_ = now_ns + options_.clock_interval_ns;
  }
  writer_->tick(now_ns);
  bool flush = false;
  {
    std::lock_guard lock(mutex_);
    flush = flush_wanted_ && !batch;
  }
  if (flush) {
    writer_->flush();
    std::lock_guard lock(mutex_);
    flush_wanted_ = false;
    changed_.notify_all();
  }
  bytes_ = writer_->bytesWritten();
  const uint64_t limit = options_.max_size_bytes;
  if (limit > 0 && bytes_ + writer_->bytesToFinish() >= limit) {
    full_ = true;
    notifyOwner();
  }
}

void Session::flush() {
  std::unique_lock lock(mutex_);
  flush_wanted_ = true;
  changed_.wait_for(lock, 3 * kTick, [&] { return !flush_wanted_ || failed_ || full_; });
}

void Session::joinThreads() {
  if (drain_thread_.joinable()) drain_thread_.join();
  if (encode_thread_.joinable()) encode_thread_.join();
}

RecorderCost Session::cost() const {
  RecorderCost cost;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  cost.user_ns = toNs(usage.ru_utime);
  cost.system_ns = toNs(usage.ru_stime);
  cost.drain_cpu_ns = drain_cpu_ns_;
  cost.encode_cpu_ns = encode_cpu_ns_;
  cost.max_rss_bytes = static_cast<int64_t>(usage.ru_maxrss) * 1024;
  backend_.fillCost(cost);
  return cost;
}

Trailer Session::finish(Trailer trailer) {
  ending_ = true;
  try {
    backend_.stop();  // the rings are still being emptied meanwhile
  } catch (const std::exception& error) {
    fail(error.what());
  }
  trailer.end = readClocks();
  {
    std::lock_guard lock(mutex_);
    stop_draining_ = true;
  }
  changed_.notify_all();
  joinThreads();
  // From here on this is the only thread.
  try {
    if (failed_) {
      trailer.reason = EndReason::error;
      trailer.error = error();
    }
    trailer.cost = cost();
    writer_->add(trailer.end);
    writer_->finish(trailer);
  } catch (const std::exception& error) {
    fail(error.what());
  }
  bytes_ = writer_->bytesWritten();
  return trailer;
}

}  // namespace tarry
