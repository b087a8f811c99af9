#include "analyzer/net/stream_reader.h"

#include <algorithm>
#include <utility>

namespace tarry::analysis {
namespace {

// Of a hostile trace; sums of sane ones do not overflow.
constexpr int64_t kMaxTime = int64_t{1} << 61U;

int64_t clampTime(int64_t ns) {
  return std::clamp(ns, -kMaxTime, kMaxTime);
}

}  // namespace

StreamReader::StreamReader(TraceReader& reader, StreamTracker::MakeDecoder make)
    : reader_(reader),
      start_ns_(reader.header().start.boottime_ns),
      texts_([&reader](StringId id) { return reader.text(id); }),
      traits_(texts_),
      tasks_(start_ns_),
      resources_(texts_),
      streams_(resources_, std::move(make)) {}

int64_t StreamReader::toTrace(int64_t boottime_ns) const {
  return clampTime(clampTime(boottime_ns) - start_ns_);
}

void StreamReader::run() {
  ReadFilter filter;
  filter.scheduling = false;
  reader_.read(*this, filter);
  end_ts_ = std::max(end_ts_, toTrace(reader_.endNs()));
  streams_.release();
  at_end_ = true;
  streams_.finish(end_ts_);
}

void StreamReader::onOpenFd(const OpenFd& fd) {
  const Utid utid = tasks_.utid(fd.process);
  if (utid != 0) resources_.opened(fd, tasks_.thread(utid).upid);
}

void StreamReader::onLife(const LifeEvent& event) {
  if (tasks_.utid(event.thread) != 0) tasks_.life(event, toTrace(event.ts_ns));
}

void StreamReader::onSyscall(const SyscallEvent& event) {
  const int64_t ts = toTrace(event.enter_ns);
  end_ts_ = std::max(end_ts_, ts);
  streams_.advance(ts);
  if (passed_) passed_(ts);
  const Utid utid = tasks_.utid(event.thread);
  if (utid == 0) return;
  const Upid upid = tasks_.thread(utid).upid;
  if (numbers_.seen(utid, event.call_seq)) streams_.lost(upid, ts);
  for (const ObjectRef& object : event.objects) resources_.used(object.resource, upid);
  const CallTraits& traits = *traits_.find(event.abi, event.nr);
  const int64_t exit_ts =
      event.flags.unfinished ? ts : clampTime(ts + std::max<int64_t>(clampTime(event.dur_ns), 0));
  if (traits.moving != nullptr) {
    MovingCallFacts facts;
    facts.ts = ts;
    facts.exit_ts = exit_ts;
    facts.utid = utid;
    facts.upid = upid;
    streams_.call(event, *traits.moving, facts);
    return;
  }
  const bool accepts = traits.wait == WaitCall::accept;
  if (!connected_ || event.flags.unfinished || (!accepts && traits.wait != WaitCall::connect)) return;
  if (accepts && event.ret < 0) return;
  const ObjectRole role = accepts ? ObjectRole::returned : ObjectRole::arg0;
  const auto object = std::find_if(event.objects.begin(), event.objects.end(),
                                   [role](const ObjectRef& one) { return one.role == role; });
  if (object == event.objects.end() || resources_.find(object->resource) == nullptr) return;
  connected_({ts, exit_ts, utid, object->resource, accepts,
              event.ret < 0 ? static_cast<int32_t>(std::clamp<int64_t>(-event.ret, 0, 4095)) : 0});
}

void StreamReader::onPlaintext(const PlaintextEvent& event) {
  const int64_t ts = toTrace(event.ts_ns);
  streams_.advance(ts);
  const Utid utid = tasks_.utid(event.thread);
  if (utid != 0) streams_.plaintext(event, ts, utid, tasks_.thread(utid).upid, 0);
}

void StreamReader::onPacket(const PacketEvent& event) {
  if (packet_) packet_(event, toTrace(event.ts_ns));
}

void StreamReader::onFold(const FoldEvent& event) {
  const CallTraits& traits = *traits_.find(event.abi, event.nr);
  if (event.kind != FoldKind::calls || traits.moving == nullptr || event.error != 0) return;
  if (const Utid utid = tasks_.utid(event.thread); utid != 0)
    numbers_.folded(utid, event.count, event.last_seq);
  streams_.folded(event.resource, *traits.moving, toTrace(event.ts_ns),
                  static_cast<uint64_t>(std::max<int64_t>(event.result_sum, 0)));
}

}  // namespace tarry::analysis
