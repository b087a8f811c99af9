#include "recorder/record.h"

#include <unistd.h>

#include "format/errors.h"
#include "recorder/backend_choice.h"
#include "recorder/recording.h"

namespace tarry {

RecordResult record(const RecordOptions& options) {
  // An empty root may lack it, and every backend would say something else that is wrong.
  if (::access("/proc/self/stat", R_OK) != 0)
    throw RecordError("cannot record: /proc is not mounted here (mount -t proc proc /proc)");
  return recordWith(options, backendCandidates(options.backend, options.target, options.packet_bytes > 0));
}

}  // namespace tarry
