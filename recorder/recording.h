// record() with the backend passed in: what tests use with a backend of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "recorder/backend.h"
#include "recorder/record.h"

namespace tarry {

using BackendFactory = std::function<std::unique_ptr<Backend>(const BackendOptions&)>;

struct BackendCandidate {
  BackendFactory make;
  bool traces = false;  // by ptrace(2): the command has to allow it
  std::string note;     // for the user, where it is taken
};

// With the first candidate that can start. Where all fail, the last one's error is thrown.
RecordResult recordWith(const RecordOptions& options, const std::vector<BackendCandidate>& candidates);

}  // namespace tarry
