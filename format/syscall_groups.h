// Groups of system calls that several parts decide by.
#pragma once

#include "format/syscall_set.h"

namespace tarry {

// After them every fd is what it was, every open file is called as it was, and every thread is whose it was.
SyscallSet callsThatKeepFds();

}  // namespace tarry
