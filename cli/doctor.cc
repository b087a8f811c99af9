// tarry doctor: what this machine allows.
#include "recorder/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/json_members.h"

namespace tarry::cli {

namespace {

struct Word {
  std::string_view text, color;
};

Word wordOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok: return {"ok", "\033[32m"};
    case Verdict::missing: return {"missing", "\033[31m"};
    case Verdict::limited: return {"limited", "\033[33m"};
  }
  return {"", ""};
}

bool colorWanted() {
  return ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
}

std::string json(const std::vector<Finding>& findings) {
  Members list;
  for (const Finding& finding : findings) {
    Members one;
    one.text("verdict", wordOf(finding.verdict).text);
    one.text("subject", finding.subject);
    one.text("detail", finding.detail);
    if (finding.fix.empty()) one.null("fix");
    else one.text("fix", finding.fix);
    list.raw({}, one.object());
  }
  return Members()
      .number("tarry_doctor", 1)
      .truth("recording_works", recordingWorks(findings))
      .raw("findings", list.list())
      .object();
}

int printDiagnosis(bool as_json) {
  const std::vector<Finding> findings = diagnose(lookAtThisMachine());
  if (as_json) {
    fmt::print("{}\n", json(findings));
    return recordingWorks(findings) ? 0 : 1;
  }
  const bool color = colorWanted();
  for (const Finding& finding : findings) {
    const Word word = wordOf(finding.verdict);
    fmt::print("{}{:8}{} {:19} {}\n", color ? word.color : "", word.text, color ? "\033[0m" : "",
               finding.subject, finding.detail);
    if (!finding.fix.empty()) fmt::print("{:28} → {}\n", "", finding.fix);
  }
  if (recordingWorks(findings)) {
    fmt::print("\nrecording works here\n");
    return 0;
  }
  fmt::print("\nrecording does not work here: see what is missing above\n");
  return 1;
}

}  // namespace

Action declareDoctor(FlagSet& verb) {
  verb.description(
      "Checks what this machine allows a recorder to do and names what would fix the rest. Needs no rights "
      "itself. "
      "Exit status 0 if recording works.");
  const auto as_json = std::make_shared<bool>(false);
  verb.addChoice("--format", *as_json, {{"text", false}, {"json", true}},
                 "text, or json: one object with recording_works and findings (verdict ok, missing or "
                 "limited; subject, detail, fix)")
      .valueName("FORMAT");
  return [as_json] { return printDiagnosis(*as_json); };
}

}  // namespace tarry::cli
