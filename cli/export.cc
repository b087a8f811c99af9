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
#include "query/export/pcapng.h"
#include "query/render/units.h"

namespace tarry::cli {

namespace {

struct ExportFlags {
  std::string file;
  std::string pcapng;
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

int exportTrace(const ExportFlags& flags) {
  TraceReader reader = openReader(traceFile(flags.file));
  if (flags.pcapng.empty()) throw UsageError("say what to write (--pcapng OUT, for Wireshark and tcpdump)");
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
      "Writes what programs said on internet sockets as a capture file: TCP/IP and UDP/IP packets framed "
      "around "
      "the recorded bytes, with the process and thread as each packet's comment. Bytes that the trace has "
      "not "
      "(record with --snaplen all) are cut off the packets, which still say how long they were.");
  auto flags = std::make_shared<ExportFlags>();
  declareTrace(verb, flags->file);
  verb.addOption("--pcapng", flags->pcapng,
                 "write a capture file for Wireshark, tshark and tcpdump; - is standard output")
      .valueName("OUT");
  verb.addFlag("-q,--quiet", flags->quiet, "say nothing but errors");
  return [flags] { return exportTrace(*flags); };
}

}  // namespace tarry::cli
