// Finds the TLS libraries in recorded processes and has their functions probed, each file once: a probe is
// in all processes that map the file, whenever they do.
//
// What the system's usual folders hold is probed before the command is released, so most programs meet probes
// that are there already. Anything else is told by the kernel side as it is executed or mapped (an ssl module
// of Python's own, a browser with OpenSSL inside) and probed within milliseconds, by a thread of its own.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "format/unique_fd.h"
#include "recorder/bpf_ring.h"
#include "recorder/tls/probe_sites.h"

namespace tarry {

class TlsProber {
 public:
  struct Hooks {
    // False: the kernel refuses. `path` need not name the file any longer than the call lasts.
    std::function<bool(const std::string& path, uint64_t offset, const ProbeSite& site)> attach;
    // The kernel side shall tell of this resource again.
    std::function<void(uint32_t resource)> forget;
  };

  explicit TlsProber(Hooks hooks);
  ~TlsProber();
  TlsProber(const TlsProber&) = delete;
  TlsProber& operator=(const TlsProber&) = delete;

  void probeInstalled();
  // All that processes have mapped now, of any process: who is recorded is the probes' business.
  void probeRunning();
  // From now on also what the ring tells (struct rec_mapped_code). The fd of its map is borrowed, as the
  // ring.
  void follow(BpfRing& ring, int ring_fd);
  void stop();
  // TLS libraries of which not all could be probed.
  uint64_t failures() const { return failures_.load(); }

 private:
  void loop(BpfRing& ring, int ring_fd);
  void probeTold(std::span<const uint8_t> record);
  void probeMappings(const std::string& process);
  // False: the file cannot be read.
  bool probeFile(const std::string& path);

  Hooks hooks_;
  std::mutex mutex_;  // over what follows
  std::set<std::pair<dev_t, ino_t>> known_;
  std::atomic<uint64_t> failures_ = 0;
  UniqueFd wake_;
  std::thread thread_;
};

}  // namespace tarry
