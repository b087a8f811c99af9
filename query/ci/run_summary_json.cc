#include "query/ci/run_summary.h"
#include "query/process_label.h"

namespace tarry {
namespace {

constexpr size_t kCommandsListed = 50;

std::optional<int64_t> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return std::strtoll(std::string(text).c_str(), nullptr, 10);
}

}  // namespace

void RunSummary::writeJson(JsonOut& json, const std::string& file) const {
  json.number("tarry_summary", 1);
  json.text("file", file);
  json.beginArray("notes");
  for (const std::string& note : notes_) json.text({}, note);
  json.endArray();

  json.text("target_kind", timeline_.meta("target_kind"));
  json.text("target", timeline_.meta("target"));
  json.text("start_time", timeline_.meta("start_time"));
  json.number("start_realtime_ns", number(timeline_.meta("start_realtime_ns")));
  json.number("duration_ns", number(timeline_.meta("duration_ns")));
  json.text("level", timeline_.meta("level"));
  json.text("backend", timeline_.meta("backend"));
  json.text("end_reason", timeline_.meta("end_reason"));
  json.truth("cut", timeline_.stat("cut") != 0);
  json.number("damaged_frames", timeline_.stat("damaged_frames"));
  int64_t lost = 0;
  for (const auto& [source, count] : timeline_.losses()) lost += count;
  json.number("events_lost", lost);
  json.beginArray("losses");
  for (const auto& [source, count] : timeline_.losses()) {
    json.beginObject();
    json.text("source", source);
    json.number("count", count);
    json.endObject();
  }
  json.endArray();

  const std::optional<int> status = exitStatus();
  json.number("exit_status", status ? std::optional<int64_t>(*status) : std::nullopt);
  json.number("exit_code", explained_ ? timeline_.process(explained_->process).exit_code : std::nullopt);
  json.number("exit_signal", explained_ ? timeline_.process(explained_->process).exit_signal : std::nullopt);
  json.number("processes", processes_);
  json.number("threads", threads_);

  const Measures measured = measures();
  json.text("time_of", ofCommand() ? "command" : "threads");
  json.number("real_ns", measured.real_ns);
  json.number("cpu_ns", measured.cpu_ns);
  json.number("user_ns", explained_ ? explained_->user_ns : std::nullopt);
  json.number("system_ns", explained_ ? explained_->system_ns : std::nullopt);
  json.number("total_ns", breakdown_.total_ns);
  json.number("on_cpu_ns", breakdown_.on_cpu_ns);
  json.number("waiting_ns", breakdown_.waiting_ns);
  json.number("idle_ns", breakdown_.idle_ns);
  json.number("unknown_ns", breakdown_.unknown_ns);
  json.beginObject("waits");
  for (size_t kind = 1; kind < measured.waits_ns.size(); ++kind)
    json.number(waitKindName(static_cast<WaitKind>(kind)), measured.waits_ns[kind]);
  json.endObject();

  if (explained_) {
    const Conclusion c = conclude(wording_, *explained_, moved_, file);
    json.text("conclusion", c.text);
    json.text("cause", c.cause);
    json.text("see", c.command);
  }

  json.beginArray("commands");
  for (const RunCommand& command : slowestCommands(kCommandsListed)) {
    const ProcessInfoRow& p = timeline_.process(command.process);
    json.beginObject();
    json.number("upid", p.upid);
    json.number("pid", p.pid);
    json.text("cmdline", p.cmdline.empty() ? p.comm : p.cmdline);
    json.number("part_ns", command.part_ns);
    json.number("start_ns", command.facts.start_ns);
    json.number("dur_ns", command.facts.life
                              ? std::optional<int64_t>(command.facts.life->end - command.facts.life->begin)
                              : std::nullopt);
    json.number("cpu_ns", command.facts.cpu_ns);
    json.number("exit_code", p.exit_code);
    json.number("exit_signal", p.exit_signal);
    json.endObject();
  }
  json.endArray();
}

void writeBudgetsJson(JsonOut& json, const std::vector<BudgetVerdict>& verdicts) {
  json.beginArray("budgets");
  for (const BudgetVerdict& verdict : verdicts) {
    json.beginObject();
    json.text("key", verdict.budget.key);
    json.number("allowed_ns", verdict.budget.allowed_ns);
    json.number("measured_ns", verdict.measured_ns);
    json.truth("missed", verdict.missed());
    json.endObject();
  }
  json.endArray();
}

}  // namespace tarry
