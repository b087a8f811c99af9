// record() with the backend passed in: what tests use with a backend of their own.
#pragma once

#include <functional>
#include <memory>

#include "recorder/backend.h"
#include "recorder/record.h"

namespace tarry {

using BackendFactory = std::function<std::unique_ptr<Backend>(const BackendOptions&)>;

RecordResult recordWith(const RecordOptions& options, const BackendFactory& make_backend);

}  // namespace tarry
