// Which fd an epoll event means: epoll_wait returns the `data` that epoll_ctl registered, which may
// be anything (a pointer, a number). Sets are kept per process and epoll fd; a child's copy is its
// parent's until it changes it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>

#include "analyzer/resource_tracker.h"
#include "analyzer/task_tracker.h"
#include "format/events.h"

namespace tarry::analysis {

class EpollTracker {
 public:
  EpollTracker(const TaskTracker& tasks, const ResourceTracker& resources)
      : tasks_(tasks), resources_(resources) {}

  // A successful epoll_create returned epfd.
  void created(Upid process, int32_t epfd) {
    sets_[key(process, epfd)] = Set{.complete = true, .members = {}};
  }
  // A successful epoll_ctl. `event`: struct epoll_event as in the caller's memory, may be empty.
  void control(Upid process, Abi abi, int32_t epfd, int64_t op, int32_t fd, ResourceId resource,
               std::span<const uint8_t> event);
  // What `data`, returned by a wait on epfd, stands for. None where not known.
  ResourceId resourceOf(Upid process, int32_t epfd, uint64_t data) const;
  // The kind of wait for anything in the set, if it is known completely and all members are alike.
  ResourceKind uniformKind(Upid process, int32_t epfd) const;

 private:
  struct Member {
    uint64_t data = 0;
    ResourceId resource;
  };
  struct Set {
    bool complete = false;  // created within the recording
    std::unordered_map<int32_t, Member> members;
  };
  static uint64_t key(Upid process, int32_t epfd) {
    return (static_cast<uint64_t>(process) << 32U) | static_cast<uint32_t>(epfd);
  }
  const Set* findSet(Upid process, int32_t epfd) const;

  const TaskTracker& tasks_;
  const ResourceTracker& resources_;
  std::unordered_map<uint64_t, Set> sets_;
};

}  // namespace tarry::analysis
