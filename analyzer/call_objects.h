// The objects of a call, and what a path that it was given means by them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "format/events.h"
#include "format/syscall_table.h"

namespace tarry::analysis {

inline bool isArgument(ObjectRole role) {
  return role <= ObjectRole::arg5;
}

// These borrow from the event; nullptr: there is none.
const ObjectRef* findObject(const SyscallEvent& event, ObjectRole role);
// What the call is about: the returned fd, otherwise the first argument that is one.
const ObjectRef* mainObject(const SyscallEvent& event);
// From which the path in argument `arg`, `text`, starts: the directory of the fd before it, the working
// directory, or for an absolute path the root that a chroot(2) set.
const ObjectRef* pathBase(const SyscallEvent& event, const SyscallSpec& spec, size_t arg,
                          std::string_view text);

// The path `text` that starts in directory `base`.
std::string joinedPath(std::string_view base, std::string_view text);

}  // namespace tarry::analysis
