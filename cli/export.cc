// tarry export: a trace in the formats of other tools.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "analyzer/temporary_file.h"
#include "cli/command.h"
#include "cli/flag_set.h"
#include "cli/query_flags.h"
#include "format/errors.h"
#include "query/export/har.h"
#include "query/export/pcapng.h"
#include "query/render/units.h"

namespace tarry::cli {

namespace {

struct ExportFlags {
  std::string file;
  std::string pcapng, har;
  bool quiet = false;
};

// Into `path`, which appears when it is whole; "-": standard output.
template <class Write>
void writeWhole(const std::string& path, Write write) {
  if (path == "-") {
    write(std::cout);
    std::cout.flush();
    return;
  }
  TemporaryFile temporary(path);
  std::ofstream out(temporary.path(), std::ios::binary);
  write(out);
  out.close();
  if (!out) throw TraceError("cannot write " + path + ": no room, or the disk failed");
  temporary.renameTo(path);
}

void exportAsHar(const std::string& file, const ExportFlags& flags) {
  TraceDatabase trace = openTrace(file, Needs::everything);
  int64_t requests = 0;
  writeWhole(flags.har, [&](std::ostream& out) { requests = exportHar(trace.db(), out); });
  if (!flags.quiet) fmt::print(stderr, "wrote {}: {} requests\n", printable(flags.har), requests);
}

int exportTrace(const ExportFlags& flags) {
  const std::string file = traceFile(flags.file);
  TraceReader reader = openReader(file);
  if (flags.pcapng.empty() && flags.har.empty())
    throw UsageError("say what to write (--pcapng OUT for Wireshark and tcpdump, --har OUT for HTTP tools)");
  if (!flags.har.empty()) exportAsHar(file, flags);
  if (flags.pcapng.empty()) return 0;
  PcapngCounts counts;
  writeWhole(flags.pcapng, [&](std::ostream& out) { counts = exportPcapng(reader, out); });
  for (const std::string& problem : reader.report().problems)
    fmt::print(stderr, "tarry: {}: {}\n", printable(reader.name()), printable(problem));
  if (flags.quiet) return 0;
  fmt::print(stderr, "wrote {}: {} packets of {} connections\n", printable(flags.pcapng), counts.packets,
             counts.connections);
  if (counts.missing_bytes > 0) {
    fmt::print(stderr, "tarry: {} of what was said are not in the trace (record with --snaplen all)\n",
               formatSize(counts.missing_bytes));
  }
  return 0;
}

}  // namespace

Action declareExport(FlagSet& verb) {
  verb.description(
      "--pcapng writes what programs said on internet sockets as a capture file: TCP/IP and UDP/IP packets "
      "framed "
      "around the recorded bytes, with the process and thread as each packet's comment. Bytes that the trace "
      "has "
      "not (record with --snaplen all) are cut off the packets, which still say how long they were. Packets "
      "that were recorded as such (record --packets) are written as they are instead. --har "
      "writes "
      "the HTTP requests as an HTTP Archive, for the tools of browsers and others.");
  auto flags = std::make_shared<ExportFlags>();
  declareTrace(verb, flags->file);
  verb.addOption("--pcapng", flags->pcapng,
                 "write a capture file for Wireshark, tshark and tcpdump; - is standard output")
      .valueName("OUT");
  verb.addOption("--har", flags->har,
                 "write an HTTP Archive 1.2: requests, responses and decoded bodies; - is standard output")
      .valueName("OUT");
  verb.addFlag("-q,--quiet", flags->quiet, "say nothing but errors");
  return [flags] { return exportTrace(*flags); };
}

}  // namespace tarry::cli
