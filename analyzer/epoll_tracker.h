// Which fd an epoll event means: epoll_wait returns the `data` that epoll_ctl registered, which may
// be anything (a pointer, a number). Sets are kept per process and epoll fd; a child's copy is its
// parent's until it changes it. Sets that were built before the recording come from its snapshot.
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
  void created(Upid process, int32_t epfd) { sets_[key(process, epfd)] = Set{.complete = true}; }
  // Of a set as the snapshot found it.
  void found(const EpollMember& member, Upid process);
  // A successful epoll_ctl. `event`: struct epoll_event as in the caller's memory, may be empty.
  void control(Upid process, Abi abi, int32_t epfd, int64_t op, int32_t fd, ResourceId resource,
               std::span<const uint8_t> event);
  // What `data`, returned by a wait on epfd, stands for. None where not known.
  ResourceId resourceOf(Upid process, int32_t epfd, uint64_t data) const;
  // What a wait on the set is for, as choosePolled() says.
  struct Purpose {
    ResourceId resource;  // none: cannot be said
    bool sole = false;
    bool serves = false;  // there is a listening socket in the set
  };
  Purpose purposeOf(Upid process, int32_t epfd) const;
  // Calls f(ResourceId) for the members of a set; for none of one with very many.
  template <class F>
  void forEachOfFew(Upid process, int32_t epfd, F&& f) const {
    constexpr size_t kFew = 256;
    const Set* set = findSet(process, epfd);
    if (set == nullptr || set->members.size() > kFew) return;
    for (const auto& [fd, member] : set->members) f(member.resource);
  }

 private:
  struct Member {
    uint64_t data = 0;
    ResourceId resource;
  };
  struct Set {
    bool complete = false;  // created within the recording, or read whole by the snapshot
    std::unordered_map<int32_t, Member> members{};
    mutable bool judged = false;  // `purpose` is that of the present members
    mutable Purpose purpose{};
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
