#include "recorder/record.h"

#include "recorder/backend_choice.h"
#include "recorder/recording.h"

namespace tarry {

RecordResult record(const RecordOptions& options) {
  return recordWith(options, backendCandidates(options.backend, options.target));
}

}  // namespace tarry
