#include "cli/info_json.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <string_view>

#include "cli/json_members.h"
#include "format/event_names.h"
#include "format/readable.h"

namespace tarry::cli {
namespace {

std::string endJson(const std::optional<Trailer>& trailer) {
  Members end;
  if (!trailer) return end.text("reason", "cut").object();
  end.text("reason", endReasonName(trailer->reason));
  if (!trailer->error.empty()) end.text("error", trailer->error);
  const int status = trailer->command_status;
  if (status >= 0 && WIFSIGNALED(status)) end.number("exit_signal", WTERMSIG(status));
  else if (status >= 0) end.number("exit_code", WEXITSTATUS(status));
  return end.truth("repaired", trailer->repaired).object();
}

std::string damageJson(const ReadReport& report) {
  Members problems;
  for (const std::string& problem : report.problems) problems.text({}, problem);
  return Members()
      .truth("sound", report.clean())
      .count("damaged_frames", report.damaged_frames)
      .count("damaged_bytes", report.damaged_bytes)
      .truth("cut", report.cut)
      .count("cut_bytes", report.cut_bytes)
      .count("dropped_rows", report.dropped_rows)
      .count("unknown_blocks", report.unknown_blocks)
      .truth("bad_seek_table", report.bad_seek_table)
      .raw("problems", problems.list())
      .object();
}

std::string costJson(const RecorderCost& cost) {
  Members json;
  json.number("user_ns", cost.user_ns)
      .number("system_ns", cost.system_ns)
      .number("drain_cpu_ns", cost.drain_cpu_ns)
      .number("encode_cpu_ns", cost.encode_cpu_ns)
      .number("max_rss_bytes", cost.max_rss_bytes)
      .number("ring_bytes", cost.ring_bytes);
  return (cost.bpf_run_ns >= 0 ? json.number("bpf_ns", cost.bpf_run_ns) : json.null("bpf_ns")).object();
}

}  // namespace

std::string infoJson(const TraceReader& reader, const Census& census) {
  const TraceHeader& header = reader.header();
  const ReadReport& report = reader.report();
  Members target, lost, blocks;
  for (const std::string& word : header.target) target.text({}, word);
  for (const auto& [source, count] : census.lost()) lost.count(lossSourceName(source), count);
  for (const BlockTotals& kind : reader.totals())
    blocks.raw({}, Members()
                       .text("kind", kind.kind)
                       .count("blocks", kind.blocks)
                       .count("rows", kind.rows)
                       .count("file_bytes", kind.file_bytes)
                       .count("decoded_bytes", kind.decoded_bytes)
                       .object());
  Members json;
  json.number("tarry_info", 1)
      .text("file", reader.name())
      .count("file_bytes", report.file_bytes)
      .count("decoded_bytes", report.decoded_bytes)
      .count("format_version", header.format_version)
      .text("tarry_version", header.tarry_version)
      .text("target_kind", targetKindName(header.target_kind))
      .raw("target", target.list())
      .text("level", levelName(header.level))
      .number("snaplen", header.snaplen)
      .text("backend", header.backend)
      .text("calls", header.calls)
      .number("start_realtime_ns", header.start.realtime_ns)
      .number("start_boottime_ns", header.start.boottime_ns)
      .number("duration_ns", reader.endNs() - header.start.boottime_ns)
      .text("user", header.user)
      .text("cwd", header.cwd)
      .text("hostname", header.hostname)
      .text("kernel_release", header.kernel_release)
      .text("machine", header.machine)
      .text("os_name", header.os_name)
      .count("cpu_count", header.cpu_count)
      .raw("end", endJson(reader.trailer()))
      .count("lost_events", census.lostTotal())
      .raw("lost", lost.object())
      .count("folded_calls", census.foldedCalls())
      .count("payloads_left_out", census.payloadsLeftOut())
      .raw("damage", damageJson(report))
      .count("processes", census.processes())
      .count("threads", census.threads());
  if (census.clockCompared())
    json.number("clock_drift_ns", census.driftNs()).number("suspended_ns", census.suspendedNs());
  else json.null("clock_drift_ns").null("suspended_ns");
  if (reader.trailer()) json.raw("cost", costJson(reader.trailer()->cost));
  else json.null("cost");
  return json.raw("blocks", blocks.list()).object();
}

std::string checkJson(const std::string& file, const CheckResult& result) {
  return Members()
      .number("tarry_check", 1)
      .text("file", file)
      .truth("sound", result.report.clean())
      .truth("repaired", result.repaired)
      .count("file_bytes", result.report.file_bytes)
      .count("blocks", result.report.blocks)
      .count("events", result.events)
      .raw("damage", damageJson(result.report))
      .object();
}

}  // namespace tarry::cli
