// The table of subcommands. A new verb: one `cli/VERB.cc` that defines declareVERB, its declaration
// and its row here.
#include "cli/command.h"
#include "cli/flag_set.h"

namespace tarry::cli {

Action declareRun(FlagSet& verb);
Action declareRecord(FlagSet& verb);
Action declareWhy(FlagSet& verb);
Action declareTime(FlagSet& verb);
Action declareSummary(FlagSet& verb);
Action declareShow(FlagSet& verb);
Action declareFiles(FlagSet& verb);
Action declareNet(FlagSet& verb);
Action declareTree(FlagSet& verb);
Action declareGrep(FlagSet& verb);
Action declareDns(FlagSet& verb);
Action declareHttp(FlagSet& verb);
Action declareInfo(FlagSet& verb);
Action declareQuery(FlagSet& verb);
Action declareLoad(FlagSet& verb);
Action declareReports(FlagSet& verb);
Action declareExport(FlagSet& verb);
Action declareReplay(FlagSet& verb);
Action declareCheck(FlagSet& verb);
Action declareDoctor(FlagSet& verb);

namespace {

constexpr Command kCommands[] = {
#if TARRY_HAS_RECORDER
    {"run", "record a command and explain what it waited for", declareRun, Group::record, Takes::command,
     "tarry run -- make test"},
    {"record", "record a command, processes, a container, a service or the whole machine", declareRecord,
     Group::record, Takes::command, "tarry record --for 30s -o shop.tarry --unit shop"},
#endif
#if TARRY_HAS_ANALYZER
    {"why", "where the waiting time went: what, on which file or host, how long, how often", declareWhy,
     Group::explain, Takes::trace, "tarry why slow.tarry"},
    {"time", "real, user and system time, and where the rest went", declareTime, Group::explain, Takes::trace,
     "tarry time slow.tarry"},
    {"summary", "calls, errors and time by system call and by kernel area", declareSummary, Group::explain,
     Takes::trace, "tarry summary slow.tarry"},
    {"show", "system calls as strace prints them", declareShow, Group::look, Takes::trace,
     "tarry show slow.tarry -e %network -T"},
    {"files", "which files were opened, tried and missing, read and written", declareFiles, Group::look,
     Takes::trace, "tarry files slow.tarry --missing"},
    {"net", "who talked to whom, how much, how long, and how long that made them wait", declareNet,
     Group::look, Takes::trace, "tarry net slow.tarry"},
    {"tree", "the process tree: command lines, durations, exit statuses", declareTree, Group::look,
     Takes::trace, "tarry tree slow.tarry"},
    {"grep", "what was said on sockets and pipes: a regular expression, as ngrep", declareGrep, Group::look,
     Takes::trace, "tarry grep -i 'set-cookie: .*' slow.tarry"},
    {"dns", "lookups of names: answer or failure, server, duration, tries", declareDns, Group::look,
     Takes::trace, "tarry dns slow.tarry --failed"},
    {"http", "HTTP requests and responses: the list, one whole, or what two differ in", declareHttp,
     Group::look, Takes::trace, "tarry http slow.tarry --status 5xx"},
#endif
    {"info", "what a trace holds: host, clock, level, losses, what recording cost", declareInfo, Group::look,
     Takes::trace, "tarry info slow.tarry"},
#if TARRY_HAS_ANALYZER
    {"query", "SQL over everything that was recorded", declareQuery, Group::query, Takes::trace,
     "tarry query slow.tarry \"SELECT name, count(*) FROM syscall GROUP BY name\""},
    {"load", "write an SQLite database that any client opens", declareLoad, Group::query, Takes::trace,
     "tarry load slow.tarry -o slow.db"},
    {"reports", "list or run the ready-made queries", declareReports, Group::query, Takes::other,
     "tarry reports"},
    {"export", "write a capture file for Wireshark, or an HTTP Archive", declareExport, Group::query,
     Takes::trace, "tarry export slow.tarry --pcapng slow.pcapng"},
    {"replay", "stand in for the recorded servers, to run a client without them", declareReplay, Group::query,
     Takes::trace, "tarry replay slow.tarry --serve --speed max -- curl http://shop/"},
#endif
    {"check", "verify a trace file, or repair a damaged one", declareCheck, Group::check, Takes::trace,
     "tarry check slow.tarry"},
#if TARRY_HAS_RECORDER
    {"doctor", "what this machine allows, what is missing and how to fix it", declareDoctor, Group::check,
     Takes::other, "tarry doctor"},
#endif
};

#if !TARRY_HAS_RECORDER
// What passes on a command's status fails with 125 in every build.
constexpr int kWrapper = 125, kFailure = 1;
constexpr std::string_view kNoRecorder =
    "this build of tarry cannot record (record with a full one, as docs/install.md tells, and explain the "
    "trace here: tarry why FILE.tarry)";
constexpr MissingVerb kMissing[] = {
    {"run", kNoRecorder, kWrapper},
    {"record", kNoRecorder, kWrapper},
    {"doctor", kNoRecorder, kFailure},
};
#elif !TARRY_HAS_ANALYZER
constexpr int kFailure = 1;
constexpr std::string_view kNoAnalyzer =
    "this build of tarry only records (copy the trace to where a full one is, and explain it there: tarry "
    "why FILE.tarry)";
constexpr MissingVerb kMissing[] = {
    {"why", kNoAnalyzer, kFailure},    {"time", kNoAnalyzer, kFailure},   {"summary", kNoAnalyzer, kFailure},
    {"show", kNoAnalyzer, kFailure},   {"files", kNoAnalyzer, kFailure},  {"tree", kNoAnalyzer, kFailure},
    {"query", kNoAnalyzer, kFailure},  {"load", kNoAnalyzer, kFailure},   {"reports", kNoAnalyzer, kFailure},
    {"export", kNoAnalyzer, kFailure}, {"replay", kNoAnalyzer, kFailure}, {"net", kNoAnalyzer, kFailure},
    {"http", kNoAnalyzer, kFailure},
};
#endif

}  // namespace

std::span<const Command> allCommands() {
  return kCommands;
}

std::span<const MissingVerb> missingVerbs() {
#if TARRY_HAS_RECORDER && TARRY_HAS_ANALYZER
  return {};
#else
  return kMissing;
#endif
}

}  // namespace tarry::cli
