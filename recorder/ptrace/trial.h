// Whether this machine lets a process be traced at all: some containers and kernels do not.
#pragma once

#include <string>

namespace tarry::ptracing {

// Traces a child for a moment. Empty: it works; otherwise what was refused.
std::string tryTracing();

}  // namespace tarry::ptracing
