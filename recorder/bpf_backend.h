// The eBPF backend: see backend.h for what it does.
#pragma once

#include <memory>

#include "recorder/backend.h"

namespace tarry {

std::unique_ptr<Backend> makeBpfBackend(const BackendOptions& options);

}  // namespace tarry
