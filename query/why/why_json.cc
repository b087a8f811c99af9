#include "query/why/why_json.h"

#include <algorithm>

namespace tarry {
namespace {

constexpr size_t kResourcesNamed = 20;

std::string_view subjectName(WhySubject subject) {
  switch (subject) {
    case WhySubject::command: return "command";
    case WhySubject::process: return "process";
    case WhySubject::thread: return "thread";
  }
  return "";
}

void writeProcess(JsonOut& json, const Timeline& timeline, int32_t index) {
  const ProcessInfoRow& p = timeline.process(index);
  json.number("upid", p.upid);
  json.number("pid", p.pid);
  json.text("comm", p.comm);
  json.text("cmdline", p.cmdline);
}

void writeShares(JsonOut& json, std::string_view key, const Timeline& timeline,
                 const std::vector<Share>& shares) {
  json.beginArray(key);
  for (const Share& share : shares) {
    json.beginObject();
    writeProcess(json, timeline, share.index);
    json.number("total_ns", share.total_ns);
    json.endObject();
  }
  json.endArray();
}

void writeGroup(JsonOut& json, const Wording& wording, const WaitGroup& group, bool percentiles) {
  const Timeline& timeline = wording.timeline;
  json.beginObject();
  json.text("kind", waitKindName(group.kind));
  if (group.role != WaitRole::none) json.text("role", waitRoleName(group.role));
  json.number("total_ns", group.total_ns);
  json.number("count", static_cast<int64_t>(group.count));
  json.number("longest_ns", group.longest_ns);
  if (percentiles) {
    json.number("p50_ns", percentile(group.lengths, 0.50));
    json.number("p99_ns", percentile(group.lengths, 0.99));
  }
  json.text("text", wording.describe(group));
  json.beginArray("calls");
  for (const Share& call : group.calls)
    if (call.index != kNone) json.text({}, timeline.name(call.index));
  json.endArray();
  if (!group.subject.empty()) json.text("subject", group.subject);
  if (group.peer != kNone) {
    json.beginObject("peer");
    writeProcess(json, timeline, group.peer);
    json.endObject();
  }
  if (!group.phases.empty()) {
    json.beginArray("phases");
    for (const Share& phase : group.phases) {
      json.beginObject();
      json.text("phase", waitPhaseName(static_cast<WaitPhase>(phase.index)));
      json.number("total_ns", phase.total_ns);
      json.endObject();
    }
    json.endArray();
  }
  if (!group.peer_threads.empty()) {
    json.beginArray("peer_threads");
    for (const Share& peer : group.peer_threads) {
      json.beginObject();
      json.number("tid", timeline.thread(peer.index).tid);
      json.text("name", timeline.thread(peer.index).name);
      json.number("total_ns", peer.total_ns);
      json.endObject();
    }
    json.endArray();
  }
  json.number("resource_count", static_cast<int64_t>(group.resources.size()));
  json.beginArray("resources");
  for (size_t i = 0; i < std::min(kResourcesNamed, group.resources.size()); ++i) {
    const ResourceInfo& r = timeline.resource(group.resources[i].index);
    json.beginObject();
    json.number("id", r.id);
    json.text("kind", r.kind);
    json.text("name", r.name);
    json.number("total_ns", group.resources[i].total_ns);
    json.endObject();
  }
  json.endArray();
  writeShares(json, "processes", timeline, group.processes);
  json.endObject();
}

void writeBreakdown(JsonOut& json, const Wording& wording, const Breakdown& b, bool percentiles) {
  json.number("total_ns", b.total_ns);
  json.number("on_cpu_ns", b.on_cpu_ns);
  json.number("waiting_ns", b.waiting_ns);
  json.number("idle_ns", b.idle_ns);
  json.number("unknown_ns", b.unknown_ns);
  json.beginArray("waits");
  for (const KindTotal& kind : b.kinds)
    for (const WaitGroup& group : kind.groups) writeGroup(json, wording, group, percentiles);
  json.endArray();
  json.beginArray("idle");
  for (const WaitGroup& group : b.idle) writeGroup(json, wording, group, percentiles);
  json.endArray();
}

void writeMoved(JsonOut& json, std::string_view key, int64_t total, const std::vector<MovedBytes>& list) {
  json.beginObject(key);
  json.number("bytes", total);
  json.beginArray("most");
  for (const MovedBytes& m : list) {
    json.beginObject();
    json.text("name", m.name);
    json.number("bytes", m.bytes);
    json.number("calls", m.calls);
    json.endObject();
  }
  json.endArray();
  json.endObject();
}

}  // namespace

void writeExplained(JsonOut& json, const Wording& wording, const Explained& e, const DataMoved& moved,
                    const std::string& file) {
  const Timeline& timeline = wording.timeline;
  json.beginObject();
  json.text("subject", subjectName(e.subject));
  writeProcess(json, timeline, e.process);
  const ProcessInfoRow& p = timeline.process(e.process);
  if (e.subject == WhySubject::thread) {
    json.number("utid", timeline.thread(e.thread).utid);
    json.number("tid", timeline.thread(e.thread).tid);
    json.text("thread_name", timeline.thread(e.thread).name);
  } else {
    json.number("exit_code", p.exit_code);
    json.number("exit_signal", p.exit_signal);
    if (!p.launched.empty()) json.text("launched", p.launched);
    json.number("processes", e.processes);
    json.number("threads", e.threads);
  }
  json.truth("ended", e.ended);
  json.number("begin_ns", e.begin);
  json.number("end_ns", e.end);
  json.number("real_ns", e.realNs());
  json.number("cpu_ns", e.cpu_ns);
  json.number("user_ns", e.user_ns);
  json.number("system_ns", e.system_ns);
  json.number("calls_cpu_ns", moved.calls_cpu_ns);
  writeBreakdown(json, wording, e.breakdown, false);
  writeShares(json, "on_cpu", timeline, e.breakdown.on_cpu);
  writeShares(json, "share", timeline, e.breakdown.share);
  writeMoved(json, "written", moved.written_bytes, moved.written);
  writeMoved(json, "read", moved.read_bytes, moved.read);
  const Conclusion c = conclude(wording, e, moved, file);
  json.text("conclusion", c.text);
  if (e.failed_call) {
    json.beginObject("failed_call");
    writeProcess(json, timeline, e.failed_call->process);
    json.text("call", e.failed_call->call);
    json.text("subject", e.failed_call->subject);
    json.text("error", e.failed_call->error);
    json.text("text", c.cause);
    json.endObject();
  }
  json.text("see", c.command);
  json.endObject();
}

void writeOngoing(JsonOut& json, const Wording& wording, const Ongoing& ongoing) {
  const Timeline& timeline = wording.timeline;
  json.beginObject();
  json.text("subject", "ongoing");
  json.number("processes", ongoing.processes);
  json.number("threads", ongoing.threads);
  json.number("begin_ns", ongoing.begin);
  json.number("end_ns", ongoing.end);
  json.number("real_ns", ongoing.realNs());
  writeBreakdown(json, wording, ongoing.breakdown, true);
  json.beginArray("ranking");
  for (const OngoingProcess& p : ongoing.ranking) {
    json.beginObject();
    writeProcess(json, timeline, p.process);
    json.number("busy_ns", p.busy_ns);
    json.number("on_cpu_ns", p.on_cpu_ns);
    json.number("idle_ns", p.idle_ns);
    json.number("unknown_ns", p.unknown_ns);
    json.number("made_wait_ns", p.made_wait_ns);
    json.beginObject("by_kind");
    for (size_t kind = 1; kind < p.by_kind.size(); ++kind)
      if (p.by_kind[kind] > 0) json.number(waitKindName(static_cast<WaitKind>(kind)), p.by_kind[kind]);
    json.endObject();
    json.endObject();
  }
  json.endArray();
  json.beginArray("still_waiting");
  for (const StillWaiting& wait : ongoing.still_waiting) {
    const StateRow row = timeline.state(wait.row);
    const ThreadInfo& thread = timeline.thread(row.thread);
    json.beginObject();
    json.number("pid", timeline.process(thread.process).pid);
    json.number("tid", thread.tid);
    json.text("kind", waitKindName(row.kind));
    json.text("call", timeline.name(row.call));
    if (row.resource != kNone) json.text("resource", timeline.resource(row.resource).name);
    json.number("length_ns", wait.length_ns);
    json.truth("began_before", row.began_before);
    json.endObject();
  }
  json.endArray();
  json.endObject();
}

}  // namespace tarry
