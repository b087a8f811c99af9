// The backend for who has no rights: everything by ptrace(2), from a process of its own (recorder/ptrace/).
// Records processes of the same user, at a cost of some microseconds a call instead of a fraction of one.
#pragma once

#include <memory>

#include "recorder/backend.h"

namespace tarry {

std::unique_ptr<Backend> makePtraceBackend(const BackendOptions& options);

}  // namespace tarry
