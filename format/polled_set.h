// Which of the fds that poll, select or epoll waits for says what the wait is for, as long as none of
// them has become ready.
//
// Loops have fds among the others that are there to wake them up: eventfds, signalfds, timerfds, inotify
// and netlink sockets, and, beside internet sockets, pipes and Unix sockets. They say nothing while there is
// anything else. Of what is left, all must be of one kind; a listening socket says less than the
// connections beside it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "format/events.h"

namespace tarry {

struct PolledObject {
  ResourceKind kind = ResourceKind::unknown;
  bool listening = false;
};

struct PolledChoice {
  size_t index = 0;  // of the object that stands for the set
  PolledSet set = PolledSet::unsaid;
};

// nullopt: nothing can be said.
std::optional<PolledChoice> choosePolled(std::span<const PolledObject> objects);

}  // namespace tarry
