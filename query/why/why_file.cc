#include "analyzer/loader.h"
#include "analyzer/state_store.h"
#include "query/render/units.h"
#include "query/why/why.h"

namespace tarry {

void whyReport(const std::string& path, const WhyOptions& options, std::ostream& out) {
  LoadOptions load;
  load.syscalls = false;
  load.payloads = false;
  load.indexes = false;
  load.progress = options.progress;
  StateStore states;
  load.states = &states;
  TraceDatabase trace = TraceDatabase::open(path, load);
  WhyOptions with_path = options;
  if (with_path.shown_path.empty()) with_path.shown_path = printable(path);
  if (trace.reader() == nullptr) return whyReport(trace.db(), with_path, out);
  const CallSources calls{movedFromTrace(*trace.reader(), trace.db()), failedCallFromTrace(*trace.reader())};
  whyReport(trace.db(), &states, calls, with_path, out);
}

}  // namespace tarry
