// tarry check: verifies a trace; --repair writes a clean copy.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/info_json.h"
#include "cli/plain_text.h"
#include "format/errors.h"
#include "format/readable.h"
#include "format/trace_check.h"
#if TARRY_HAS_ANALYZER
#include "cli/query_flags.h"
#endif

namespace tarry::cli {

namespace {

struct CheckFlags {
  std::string file;
  std::string repair;
  std::string format = "text";
};

int repair(const std::string& path, const std::string& output) {
  const RepairResult result = repairTrace(path, output);
  fmt::print("{}: {} blocks kept, {} lost ({}); wrote {}\n", printable(output),
             formatCount(result.kept_blocks), formatCount(result.lost_blocks), formatSize(result.lost_bytes),
             formatSize(result.written_bytes));
  return 0;
}

int verify(const std::string& path, bool json) {
  const CheckResult result = checkTrace(path);
  if (json) {
    fmt::print("{}\n", checkJson(path, result));
    return result.report.clean() ? 0 : 1;
  }
  const ReadReport& report = result.report;
  for (const std::string& problem : report.problems) fmt::print("{}\n", printable(problem));
  const std::string content =
      fmt::format("{} blocks, {} events, {}{}", formatCount(report.blocks), formatCount(result.events),
                  formatSize(report.file_bytes), result.repaired ? ", repaired earlier" : "");
  if (report.clean()) {
    fmt::print("{}: sound ({})\n", printable(path), content);
    return 0;
  }
  fmt::print("{}: damaged ({}; {} damaged frames, {} lost, {} rows dropped{})\n", printable(path), content,
             formatCount(report.damaged_frames), formatSize(report.damaged_bytes + report.cut_bytes),
             formatCount(report.dropped_rows),
             report.cut              ? ", the end is missing"
             : report.bad_seek_table ? ", the seek table is damaged"
                                     : "");
  fmt::print("the rest can be read as it is; to write a clean copy: tarry check {} --repair FILE\n",
             shellWord(path));
  return 1;
}

}  // namespace

Action declareCheck(FlagSet& verb) {
  verb.description(
      "Decodes a whole trace and says whether it is sound. Exit status 1 if something is damaged or missing. "
      "With "
      "--repair it copies what is whole to a new file.");
  auto flags = std::make_shared<CheckFlags>();
  auto file = verb.addOption("FILE", flags->file, "trace (.tarry)");
  verb.addOption("--repair", flags->repair, "write a clean copy to this file").valueName("OUT");
  verb.addOption("--format", flags->format, "text or json").valueName("FORMAT");
#if TARRY_HAS_ANALYZER
  file.description("trace (.tarry); default: the newest *.tarry here");
#else
  file.required();
#endif
  return [flags] {
    if (flags->format != "text" && flags->format != "json")
      throw UsageError("check has no format '" + flags->format + "': use text or json");
    const bool json = flags->format == "json";
    if (json && !flags->repair.empty()) throw UsageError("--repair has no JSON: check the copy instead");
#if TARRY_HAS_ANALYZER
    const std::string path = traceFile(flags->file);
#else
    const std::string& path = flags->file;
#endif
    return flags->repair.empty() ? verify(path, json) : repair(path, flags->repair);
  };
}

}  // namespace tarry::cli
