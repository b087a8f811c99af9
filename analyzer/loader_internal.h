// What TraceDatabase needs of the loader beyond analyzer/loader.h.
#pragma once

#include <vector>

#include "analyzer/loader.h"

namespace tarry {

// Like loadTrace; `locators`, where given, gets where each call stands in the file, by syscall.id - 1.
void loadTraceLocating(TraceReader& reader, Database& db, const LoadOptions& options,
                       std::vector<CallLocator>* locators);

}  // namespace tarry
