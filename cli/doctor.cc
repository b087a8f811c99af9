// tarry doctor: what this machine allows.
#include "recorder/doctor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "cli/command.h"

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

int printDiagnosis() {
  const std::vector<Finding> findings = diagnose(lookAtThisMachine());
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

Action declareDoctor(CLI::App& app) {
  app.description(
      "Checks what this machine allows a recorder to do and names what would fix the rest. Needs no rights "
      "itself. "
      "Exit status 0 if recording works.");
  return [] { return printDiagnosis(); };
}

}  // namespace tarry::cli
