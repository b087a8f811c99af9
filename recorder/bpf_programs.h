// The BPF programs in the kernel: opens the skeleton, settles what the running kernel has, loads,
// attaches. Owns programs, maps and links; with it everything goes, nothing is pinned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "format/unique_fd.h"
#include "recorder/backend.h"
#include "recorder/bpf_lane.h"
#include "recorder/bpf_ring.h"
#include "recorder/capture_plan.h"
#include "recorder/records.h"
#include "recorder/tls/probe_sites.h"

struct tarry_bpf;
struct bpf_link;

namespace tarry {

// Which cgroup is the target: as the kernel numbers it.
struct CgroupTarget {
  uint64_t id = 0;
  int hierarchy = -1;  // index of a subsystem of the v1 hierarchy it is in; -1: v2
};

class BpfPrograms {
 public:
  // Loads. Throws RecordError with one line: what the kernel refused and what to do.
  BpfPrograms(const BackendOptions& options, uint32_t mode, const CgroupTarget& cgroup,
              const CapturePlan& plan);
  ~BpfPrograms();
  BpfPrograms(const BpfPrograms&) = delete;
  BpfPrograms& operator=(const BpfPrograms&) = delete;

  // Iterators first: a task iterator finds out who the recorder is before any event can show it.
  void attachIterators();
  void attachEvents();
  // Has the programs of TLS run at a place in a file: false, where the kernel refuses.
  bool attachTls(const std::string& path, uint64_t offset, const ProbeSite& site);
  // What the kernel side tells of the code that is mapped: the ring, and the fd to wait for it.
  BpfRing& mappedCodeRing() { return *mapped_code_; }
  int mappedCodeFd() const;
  void forgetMappedCode(uint32_t resource);
  void detach();  // of all event sources; iterators and rings stay

  // Runs the iterator over all tasks with a job (SNAP_*); `between` is called every few dozen tasks
  // (the definitions ring has to be emptied meanwhile).
  void visitTasks(uint32_t job, int32_t pid, const std::function<void()>& between);
  void visitFiles(const std::function<void()>& between);
  void visitSockets(const std::function<void()>& between);  // recorded TCP sockets that live: their facts
  void addTargetPid(int32_t pid);

  // One per CPU.
  std::vector<BpfRing>& eventRings() { return event_rings_; }
  BpfLanes& lanes() { return *lanes_; }
  BpfRing& definitionsRing() { return *definitions_; }
  uint64_t ringBytes() const { return ring_bytes_; }

  int64_t aliveThreads() const;
  uint64_t lost() const;
  uint64_t lostUnattributed(uint32_t source) const;
  // Has the kernel side number and define the objects it meets anew; also where it already does.
  void setResourceEpoch(uint32_t epoch);
  uint32_t cgroupMoves() const;  // counts moves into the target cgroup
  // Events that the kernel itself skipped because a program was already running on that CPU.
  uint64_t missed() const;

 private:
  struct SkeletonDeleter {
    void operator()(tarry_bpf* skeleton) const;
  };
  struct LinkDeleter {
    void operator()(bpf_link* link) const;
  };
  using LinkPtr = std::unique_ptr<bpf_link, LinkDeleter>;

  void settle(const BackendOptions& options, uint32_t mode, const CgroupTarget& cgroup);
  void settlePackets(const BackendOptions& options, bool possible);
  void load();
  void makeRings(uint64_t bytes);
  void fillPlan(const CapturePlan& plan);
  void attachWhere(bool (*wanted)(std::string_view section));
  void iterate(const LinkPtr& link, const std::function<void()>& between);

  std::unique_ptr<tarry_bpf, SkeletonDeleter> skeleton_;
  std::vector<UniqueFd> ring_maps_;
  std::vector<BpfRing> event_rings_;
  std::unique_ptr<BpfLanes> lanes_;
  std::unique_ptr<BpfRing> definitions_;
  std::unique_ptr<BpfRing> mapped_code_;
  std::mutex links_mutex_;  // probes come from a thread of their own
  std::vector<LinkPtr> links_;
  LinkPtr task_iterator_, file_iterator_;
  LinkPtr socket_iterator_;   // null where the kernel has no TCP
  LinkPtr polling_iterator_;  // null before Linux 5.18
  uint64_t lane_bytes_ = 0;
  uint64_t ring_bytes_ = 0;  // of all together
};

}  // namespace tarry
