#include "recorder/bpf_ring.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "format/errors.h"

namespace tarry {

namespace {

constexpr uint32_t kBusy = 1U << 31;
constexpr uint32_t kFlags = 3U << 30;
constexpr uint64_t kHeaderBytes = 8;
constexpr int64_t kPatienceNs = 1'000'000;

size_t pageBytes() {
  return static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t loadPosition(const void* page) {
  return __atomic_load_n(static_cast<const uint64_t*>(page), __ATOMIC_ACQUIRE);
}

int64_t nowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

BpfRing::BpfRing(int map_fd, size_t size_bytes) : size_bytes_(size_bytes) {
  const size_t page = pageBytes();
  consumer_page_ = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer_page_ == MAP_FAILED) {
    consumer_page_ = nullptr;
    throw RecordError(std::string("cannot map a BPF ring: ") + std::strerror(errno));
  }
  producer_page_ =
      ::mmap(nullptr, page + 2 * size_bytes, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (producer_page_ == MAP_FAILED) {
    const int error = errno;
    producer_page_ = nullptr;
    ::munmap(consumer_page_, page);
    throw RecordError(std::string("cannot map a BPF ring: ") + std::strerror(error));
  }
}

BpfRing::~BpfRing() {
  if (consumer_page_ != nullptr) ::munmap(consumer_page_, pageBytes());
  if (producer_page_ != nullptr) ::munmap(producer_page_, pageBytes() + 2 * size_bytes_);
}

BpfRing::BpfRing(BpfRing&& other) noexcept
    : consumer_page_(std::exchange(other.consumer_page_, nullptr)),
      producer_page_(std::exchange(other.producer_page_, nullptr)),
      size_bytes_(other.size_bytes_) {}

void BpfRing::drain(std::vector<uint8_t>& out, bool up_to_now) {
  const uint8_t* data = static_cast<const uint8_t*>(producer_page_) + pageBytes();
  const uint64_t mask = size_bytes_ - 1;
  const uint64_t begin = loadPosition(consumer_page_);
  const uint64_t end = loadPosition(producer_page_);
  uint64_t at = begin;
  int64_t deadline_ns = 0;
  while (at < end) {
    const auto* word = reinterpret_cast<const uint32_t*>(data + (at & mask));
    const uint32_t header = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    if ((header & kBusy) != 0) {
      if (!up_to_now) break;
      const int64_t now_ns = nowNs();
      if (deadline_ns == 0) deadline_ns = now_ns + kPatienceNs;
      if (now_ns > deadline_ns) break;
      continue;
    }
    at += ((header & ~kFlags) + kHeaderBytes + 7) & ~uint64_t{7};
  }
  if (at == begin) return;
  const uint8_t* first = data + (begin & mask);
  out.insert(out.end(), first, first + (at - begin));
  __atomic_store_n(static_cast<uint64_t*>(consumer_page_), at, __ATOMIC_RELEASE);
}

}  // namespace tarry
