// The reading side of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF), by its memory map: what has been
// submitted is copied out in one piece, headers and all, which is several times cheaper than
// libbpf's call per record, and lets the translation happen in another thread.
//
// Layout and protocol: kernel/bpf/ringbuf.c. Every record stands behind an 8-byte header, whose
// first word is its length and two flags, and begins at a multiple of 8 bytes.
//
// One reader; the kernel may write at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "format/unique_fd.h"

namespace tarry {

class BpfRing {
 public:
  // Borrows the map; throws RecordError where it cannot be mapped. size_bytes: max_entries of the map.
  BpfRing(int map_fd, size_t size_bytes);
  ~BpfRing();
  BpfRing(BpfRing&& other) noexcept;
  BpfRing& operator=(BpfRing&&) = delete;

  // Appends all submitted records. A record that is reserved but not yet submitted ends it, unless
  // `up_to_now`: then everything that was reserved before the call is waited for (microseconds; a
  // program that was interrupted in between is given up after a millisecond).
  void drain(std::vector<uint8_t>& out, bool up_to_now);

 private:
  void* consumer_page_ = nullptr;  // position read so far, written by us
  void* producer_page_ = nullptr;  // position written so far, then the data, mapped twice in a row
  size_t size_bytes_ = 0;
};

}  // namespace tarry
