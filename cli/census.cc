#include "cli/census.h"

namespace tarry::cli {

std::string_view lossSourceText(LossSource source) {
  switch (source) {
    case LossSource::unknown: return "unknown";
    case LossSource::syscalls: return "system calls";
    case LossSource::switches: return "switches";
    case LossSource::wakes: return "wake-ups";
    case LossSource::lifecycle: return "process lifecycle";
    case LossSource::definitions: return "definitions";
    case LossSource::payload: return "payload";
    case LossSource::encoder: return "recorder too slow";
    case LossSource::signals: return "signals";
    case LossSource::sockets: return "socket events";
    case LossSource::packets: return "packets";
    case LossSource::plaintext: return "calls of TLS libraries, or whole libraries";
  }
  return "unknown";
}

void Census::onThread(const ThreadDef& thread) {
  if (!thread.recorded) return;
  threads_.insert(thread.id.value);
  processes_.insert(thread.leader.value);
}

void Census::onLoss(const LossEvent& loss) {
  lost_[loss.source] += loss.count;
  lost_total_ += loss.count;
}

void Census::onFold(const FoldEvent& fold) {
  if (fold.kind == FoldKind::calls) folded_calls_ += fold.count;
  else if (fold.kind == FoldKind::payload) payloads_left_out_ += fold.count;
}

void Census::onClock(const ClockPoint& clock) {
  if (clocks_++ == 0) first_ = clock;
  last_ = clock;
}

int64_t Census::suspendedNs() const {
  return (last_.boottime_ns - first_.boottime_ns) - (last_.monotonic_ns - first_.monotonic_ns);
}

int64_t Census::driftNs() const {
  return (last_.realtime_ns - first_.realtime_ns) - (last_.boottime_ns - first_.boottime_ns);
}

}  // namespace tarry::cli
