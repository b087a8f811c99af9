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
#include "recorder/record.h"

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

struct DoctorFlags {
  bool json = false;
  BackendChoice backend = BackendChoice::automatic;
};

std::string json(const std::vector<Finding>& findings, bool bpf, bool ptrace) {
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
      .truth("recording_works", bpf || ptrace)
      .truth("bpf_works", bpf)
      .truth("ptrace_works", ptrace)
      .raw("findings", list.list())
      .object();
}

int printDiagnosis(const DoctorFlags& flags) {
  const MachineFacts facts = lookAtThisMachine();
  const std::vector<Finding> findings = diagnose(facts);
  const bool bpf = bpfWorks(findings), ptrace = ptraceWorks(facts);
  const bool works = flags.backend == BackendChoice::bpf      ? bpf
                     : flags.backend == BackendChoice::ptrace ? ptrace
                                                              : bpf || ptrace;
  if (flags.json) {
    fmt::print("{}\n", json(findings, bpf, ptrace));
    return works ? 0 : 1;
  }
  const bool color = colorWanted();
  for (const Finding& finding : findings) {
    const Word word = wordOf(finding.verdict);
    fmt::print("{}{:8}{} {:19} {}\n", color ? word.color : "", word.text, color ? "\033[0m" : "",
               finding.subject, finding.detail);
    if (!finding.fix.empty()) fmt::print("{:28} → {}\n", "", finding.fix);
  }
  if (bpf) {
    fmt::print("\nrecording works here\n");
  } else if (ptrace) {
    fmt::print(
        "\nrecording works here by ptrace: your own processes, some microseconds more for each call, and "
        "less is "
        "seen; for eBPF see what is missing above\n");
  } else {
    fmt::print("\nrecording does not work here: see what is missing above\n");
  }
  return works ? 0 : 1;
}

}  // namespace

Action declareDoctor(FlagSet& verb) {
  verb.description(
      "Checks what this machine allows a recorder to do and names what would fix the rest. Needs no rights "
      "itself. "
      "Exit status 0 if recording works, with one of the backends or the one that is asked for.");
  const auto flags = std::make_shared<DoctorFlags>();
  verb.addChoice("--backend", flags->backend,
                 {{"auto", BackendChoice::automatic},
                  {"bpf", BackendChoice::bpf},
                  {"ptrace", BackendChoice::ptrace}},
                 "which one has to work: auto (any), bpf or ptrace")
      .valueName("NAME");
  verb.addChoice("--format", flags->json, {{"text", false}, {"json", true}},
                 "text, or json: one object with recording_works, bpf_works, ptrace_works and findings "
                 "(verdict ok, missing or "
                 "limited; subject, detail, fix)")
      .valueName("FORMAT");
  return [flags] { return printDiagnosis(*flags); };
}

}  // namespace tarry::cli
