// What the path that a call was given means: from which directory it starts, and how it reads from the root.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "format/events.h"
#include "format/syscall_table.h"

namespace tarry::analysis {

// The object of the call from which the path in argument `arg`, `text`, starts: the directory of the fd
// before it, the working directory, or for an absolute path the root that a chroot(2) set. nullptr: not
// recorded, or the usual root. Borrows from the event.
const ObjectRef* pathBase(const SyscallEvent& event, const SyscallSpec& spec, size_t arg,
                          std::string_view text);

// The path `text` that starts in directory `base`.
std::string joinedPath(std::string_view base, std::string_view text);

}  // namespace tarry::analysis
