// Tables meta and stats.
#include <fmt/format.h>

#include <array>
#include <ctime>

#include "analyzer/load_pass.h"
#include "format/event_names.h"

namespace tarry::analysis {
namespace {

// "2026-11-23 12:00:00.123456789 UTC"
std::string wallClock(int64_t realtime_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t seconds = realtime_ns / kSecond;
  int64_t fraction = realtime_ns % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    seconds--;
  }
  const std::time_t time = seconds;
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr) return "";
  std::array<char, 32> text{};
  if (std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts) == 0) return "";
  return fmt::format("{}.{:09} UTC", text.data(), fraction);
}

void storeMeta(Database& db, const TraceReader& reader, int64_t end_ts, Upid root) {
  Inserter<tables::kMeta> into(db);
  const auto put = [&](std::string_view key, const std::string& value) { into.insert({key, value}); };
  const TraceHeader& header = reader.header();
  std::string target;
  for (const std::string& word : header.target) target += word + '\0';
  put("file", reader.name());
  put("format_version", std::to_string(header.format_version));
  put("tarry_version", header.tarry_version);
  put("hostname", header.hostname);
  put("kernel_release", header.kernel_release);
  put("machine", header.machine);
  put("os_name", header.os_name);
  put("cpu_count", std::to_string(header.cpu_count));
  put("page_size", std::to_string(header.page_size));
  put("level", std::string(levelName(header.level)));
  put("snaplen", std::to_string(header.snaplen));
  put("backend", header.backend);
  if (!header.calls.empty()) put("calls", header.calls);
  put("target_kind", std::string(targetKindName(header.target_kind)));
  put("target", commandLineText(target));
  put("cwd", header.cwd);
  put("user", header.user);
  put("recorder_pid", std::to_string(header.recorder_pid));
  put("start_time", wallClock(header.start.realtime_ns));
  put("start_realtime_ns", std::to_string(header.start.realtime_ns));
  put("start_boottime_ns", std::to_string(header.start.boottime_ns));
  put("end_ts", std::to_string(end_ts));
  put("duration_ns", std::to_string(end_ts));
  put("cut", reader.report().cut ? "1" : "0");
  if (root != 0) put("root_upid", std::to_string(root));
  if (const auto& trailer = reader.trailer()) {
    put("end_reason", std::string(endReasonName(trailer->reason)));
    if (trailer->command_status >= 0) put("command_status", std::to_string(trailer->command_status));
    if (!trailer->error.empty()) put("error", trailer->error);
    if (trailer->repaired) put("repaired", "1");
  } else {
    put("end_reason", "cut");
  }
}

}  // namespace

void storeFacts(Database& db, const TraceReader& reader, int64_t end_ts, const PassCounts& counts,
                const StateTracker::Counts& states, Upid root) {
  storeMeta(db, reader, end_ts, root);
  Inserter<tables::kStats> into(db);
  const auto put = [&](std::string_view name, int64_t value, std::string_view description) {
    into.insert({Label(name), value, Label(description)});
  };
  const auto put_count = [&](std::string_view name, uint64_t value, std::string_view description) {
    put(name, static_cast<int64_t>(value), description);
  };
  put("syscalls", counts.calls, "system calls in the trace");
  put("syscalls_unfinished", counts.unfinished_calls,
      "of them still pending when the thread or the recording ended");
  put("syscalls_without_enter", counts.calls_without_enter, "of them seen only at their return");
  put("syscalls_unknown", counts.unknown_calls, "of them with a number that this version does not know");
  put("syscalls_lost", counts.lost_calls, "calls missing in the threads' own counts");
  put("syscalls_folded", counts.folded_calls,
      "short calls kept as counts alone to stay within --max-size (table fold); not among the calls above");
  put("payloads_left_out", counts.payloads_left_out,
      "pieces of payload left out to stay within --max-size (table fold)");
  put("switches", counts.switches, "times a thread got or left a CPU");
  put("wakes", counts.wakes, "wake-ups");
  put("signals", counts.signals, "signals taken by threads, and stops");
  put("socket_events", counts.socket_events, "what happened to TCP sockets");
  put("packets", counts.packets, "packets (table packet)");
  put("plaintexts", counts.plaintexts, "calls of TLS libraries that take or give plaintext");
  put("life_events", counts.life_events, "forks, execs, renames, exits, and what the snapshot found");
  put("payload_bytes", counts.payload_bytes, "bytes behind pointer arguments that were loaded");
  put("events_lost", counts.lost_events, "events that did not fit into the recorder's buffers (table loss)");
  put("events_orphaned", counts.orphan_events,
      "events of threads that nothing in the trace defines; skipped");
  put_count("wakes_missing", states.missing_wakes,
            "sleeps whose wake-up is not in the trace; they include the time queued for a CPU");
  put_count("switches_missing", states.missing_switches,
            "switches that contradict the one before; shown as unknown");
  put_count("events_after_end", states.after_end, "scheduler events of threads that had ended; skipped");

  if (reader.header().backend == "ptrace") {
    put("wakers_unseen", 1,
        "1: recorded by ptrace, which knows who woke a thread of pipes and ended children only: NULL");
    put("interrupts_unseen", 1, "1: recorded by ptrace, which sees neither interrupts nor who they wake");
    put("cpus_unseen", 1, "1: recorded by ptrace, which does not see on which CPU a thread runs: NULL");
    put("plaintext_unseen", 1, "1: recorded by ptrace, which does not see what TLS libraries are given");
    put("packets_unseen", 1, "1: recorded by ptrace, which does not see packets");
    put("block_requests_unseen", 1, "1: recorded by ptrace, which does not see what reaches a disk");
    put("killed_unseen", 1, "1: recorded by ptrace, which does not see a SIGKILL come, only its effect");
  }

  const ReadReport& report = reader.report();
  put_count("file_bytes", report.file_bytes, "size of the trace file");
  put_count("decoded_bytes", report.decoded_bytes, "its size before compression");
  put_count("blocks", report.blocks, "blocks read");
  put_count("damaged_frames", report.damaged_frames, "frames that are damaged and were skipped");
  put_count("damaged_bytes", report.damaged_bytes, "bytes skipped because of damage");
  put_count("unknown_blocks", report.unknown_blocks, "blocks of a kind that this version does not know");
  put_count("dropped_rows", report.dropped_rows,
            "rows whose definitions are lost or whose values make no sense");
  put("cut", report.cut ? 1 : 0, "1: the file has no end; the recorder was killed or the file was cut");
  put_count("cut_bytes", report.cut_bytes, "bytes of an incomplete block at the end");

  if (const auto& trailer = reader.trailer()) {
    const RecorderCost& cost = trailer->cost;
    put("recorder_user_ns", cost.user_ns, "CPU time of the recorder in user mode");
    put("recorder_system_ns", cost.system_ns, "CPU time of the recorder in the kernel");
    put("recorder_drain_cpu_ns", cost.drain_cpu_ns, "CPU time of the thread that empties the buffers");
    put("recorder_encode_cpu_ns", cost.encode_cpu_ns, "CPU time of the thread that encodes and compresses");
    if (cost.bpf_run_ns >= 0) put("recorder_bpf_ns", cost.bpf_run_ns, "time in the recorder's BPF programs");
    put("recorder_max_rss", cost.max_rss_bytes,
        "largest resident memory of the recorder, bytes; the rings count twice, as they are mapped twice");
    put("recorder_ring_bytes", cost.ring_bytes, "locked memory of the kernel's buffers, bytes");
  }
}

}  // namespace tarry::analysis
