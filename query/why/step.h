// The one step that wait attribution is made of: from a waiting thread and an interval to the
// process that ended the wait, whose doings in that interval explain it.
#pragma once

#include <optional>

#include "query/timeline.h"

namespace tarry {

enum class FollowReason : uint8_t {
  child,  // it waited for a child process, and this one ended (or, in vfork, called exec)
  pipe,   // it waited on a pipe or FIFO, and this one wrote to, read from or closed the other end
  peer,   // the same of a Unix socket, an eventfd, a message queue or semaphore
  lock,   // it waited for a file lock or a futex that processes share, and this one let it go
};

struct Follow {
  int32_t process = kNone;
  FollowReason reason = FollowReason::child;
};

// nullopt: the wait is the explanation itself (nobody of those recorded ended it, or the resource
// says all there is to say, as the address of an internet socket does, also on this machine). Within a
// process there is nothing to follow: its threads are explained together. A process that sent a signal
// explains nothing. Later kinds of waits to follow go here and nowhere else.
std::optional<Follow> follow(const Timeline& timeline, const StateRow& wait);

// The process that a wait of kind `child` was for: the one that ended it, or the only child that lived on
// when something else did. kNone: not known.
int32_t childWaitedFor(const Timeline& timeline, const StateRow& wait);

}  // namespace tarry
