// From what is known about a wait to what the thread was waiting for: one pure function over a
// struct of evidence, so that every rule can be read and tested in one place.
//
// How to add a kind: add it to WaitKind and its names (analyzer/wait_kind.h), decide it in
// wait_attribution.cc, name it in docs/schema.md (column thread_state.wait_kind in analyzer/tables.h), test
// it in tests/analyzer/wait_attribution_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "analyzer/call_traits.h"
#include "analyzer/wait_kind.h"
#include "format/events.h"

namespace tarry::analysis {

using tarry::WaitKind;

struct EvidenceResource {
  ResourceId id;
  ResourceKind kind = ResourceKind::unknown;
  bool pseudo = false;  // a file that the kernel makes up (/proc, /sys): no storage is behind it
  explicit operator bool() const { return static_cast<bool>(id); }
};

struct WaitEvidence {
  TaskState state = TaskState::sleeping;
  bool in_iowait = false;
  bool kernel_thread = false;

  // The call it was in; nullptr: none (a page fault, a kernel thread).
  const CallTraits* call = nullptr;
  std::array<int64_t, kMaxArgs> args{};
  // The first fd of the call, or the file of a page fault.
  EvidenceResource resource;
  // All objects of the call, where known: splice waits for one of several.
  std::span<const EvidenceResource> objects;

  // Of the call, at level syscalls and if it finished.
  bool finished = false;
  int64_t result = 0;
  // The fds that poll, select or epoll reported, as far as they are known.
  std::span<const EvidenceResource> ready;
  // The one fd that poll, select or epoll waited for, but for those that wake loops up.
  EvidenceResource only_fd;
  bool owed = false;  // it is a socket on which it is the other side's turn
  // What such a call on several fds waited for, where they are of one kind: tells an unfinished wait. The
  // id is one that stands for the others.
  EvidenceResource set;
  // What the thread's last wait in the same call on the same set turned out to be.
  WaitKind habit = WaitKind::none;

  bool woken = false;
  WakerContext waker_context = WakerContext::unknown;
  const CallTraits* waker_call = nullptr;
  EvidenceResource waker_resource;
  // The other end of waker_resource: what this thread has in its hands.
  EvidenceResource waker_other_end;

  // Names of the functions it slept in, innermost first; empty where not taken.
  std::span<const std::string_view> kernel_stack;
};

struct WaitVerdict {
  WaitKind kind = WaitKind::unknown;
  ResourceId resource;  // what it waited for; none: nothing, or not known
  bool idle = false;    // nobody's problem: a kernel thread until there is work
};

WaitVerdict attributeWait(const WaitEvidence& evidence);

// A wait on this resource is of which kind.
WaitKind kindOfResource(ResourceKind kind);

// A futex word of a contended mutex or one with an owner: whoever waits wants what another thread has,
// also where it gives up after some time. Told by the operation and the value that the word is expected
// to have: 2 in mutexes of glibc, Go and Rust, 3 in glibc's read-write locks, the owner's tid with
// FUTEX_WAITERS in musl's and robust ones. Condition variables and semaphores expect other values.
bool isHeldLock(const CallTraits& call, const std::array<int64_t, kMaxArgs>& args);

// pthread_join of glibc: a futex that is not private, expected to hold the tid of the thread.
bool isThreadJoin(const CallTraits& call, const std::array<int64_t, kMaxArgs>& args);

// fcntl commands that wait for a lock.
bool isLockCommand(int64_t fcntl_command);

}  // namespace tarry::analysis
