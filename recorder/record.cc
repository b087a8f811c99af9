#include "recorder/record.h"

#include "recorder/bpf_backend.h"
#include "recorder/recording.h"

namespace tarry {

RecordResult record(const RecordOptions& options) {
  return recordWith(options, makeBpfBackend);
}

}  // namespace tarry
