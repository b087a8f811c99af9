#include "query/net/dns.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "analyzer/resource_label.h"
#include "analyzer/sqlite.h"
#include "query/chosen_processes.h"
#include "query/net/payload_needed.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

struct Lookup {
  int64_t ts = 0, pid = 0, upid = 0, tries = 0;
  std::optional<int64_t> dur, server_port;
  std::string process, name, type, transport, server_addr, side;
  std::string rcode, error, answers;  // empty: none
  bool truncated = false;

  bool failed() const { return rcode.empty() || rcode != "NOERROR"; }
  // In a word, where it failed.
  std::string failure() const {
    if (!rcode.empty()) return rcode;
    if (error == "POLLERR") return "refused or unreachable (POLLERR)";
    return error.empty() ? "no answer" : error;
  }
};

std::string textOf(const Statement& q, int column) {
  return q.isNull(column) ? std::string() : std::string(q.text(column));
}
std::optional<int64_t> numberOf(const Statement& q, int column) {
  return q.isNull(column) ? std::nullopt : std::optional(q.integer(column));
}

std::vector<Lookup> load(Database& db, const DnsOptions& options) {
  const ChosenProcesses processes(db, options.process);
  std::vector<Lookup> lookups;
  auto q = db.prepare(
      "SELECT d.ts, d.dur, d.upid, p.pid, p.comm, d.name, d.type, d.rcode, d.errno, d.answers, d.transport,"
      " d.server_addr, d.server_port, d.tries, d.truncated, d.side FROM dns d JOIN process p ON p.upid = "
      "d.upid"
      " ORDER BY d.id");
  while (q.step()) {
    Lookup lookup;
    lookup.ts = q.integer(0);
    lookup.dur = numberOf(q, 1);
    lookup.upid = q.integer(2);
    lookup.pid = q.integer(3);
    lookup.process = textOf(q, 4);
    lookup.name = textOf(q, 5);
    lookup.type = textOf(q, 6);
    lookup.rcode = textOf(q, 7);
    lookup.error = textOf(q, 8);
    lookup.answers = textOf(q, 9);
    lookup.transport = textOf(q, 10);
    lookup.server_addr = textOf(q, 11);
    lookup.server_port = numberOf(q, 12);
    lookup.tries = q.integer(13);
    lookup.truncated = q.integer(14) != 0;
    lookup.side = textOf(q, 15);
    if (!processes.contains(lookup.upid) || (options.failed && !lookup.failed())) continue;
    lookups.push_back(std::move(lookup));
  }
  return lookups;
}

std::string serverOf(const Lookup& lookup) {
  if (lookup.server_addr.empty()) return {};
  constexpr int64_t kUsual = 53;
  std::string text = lookup.server_addr;
  if (lookup.server_port.value_or(kUsual) != kUsual)
    text = analysis::endpointText(text, static_cast<uint16_t>(*lookup.server_port));
  return lookup.transport == "udp" ? text : text + ' ' + lookup.transport;
}

Cell answerOf(const Lookup& lookup) {
  std::string text = printable(lookup.answers);
  if (lookup.failed()) text = lookup.failure();
  else if (text.empty()) text = "no such record";
  if (lookup.truncated && lookup.transport != "tcp") text += " (truncated)";
  Cell cell(text);
  if (lookup.failed()) cell.ink = Ink::red;
  return cell;
}

void writeSummary(const std::vector<Lookup>& lookups, const TextStyle& style, std::ostream& out) {
  std::set<int64_t> processes;
  std::map<std::string, uint64_t> failures;
  uint64_t failed = 0;
  const Lookup* slowest = nullptr;
  for (const Lookup& lookup : lookups) {
    processes.insert(lookup.upid);
    if (lookup.failed()) {
      failures[lookup.failure()]++;
      failed++;
    }
    if (lookup.dur && (slowest == nullptr || *lookup.dur > *slowest->dur)) slowest = &lookup;
  }
  std::string text = fmt::format("{} by {}", counted(lookups.size(), "lookup"),
                                 counted(processes.size(), "process", "processes"));
  if (failed > 0) {
    std::string which;
    for (const auto& [failure, count] : failures)
      which += fmt::format("{}{} {}", which.empty() ? "" : ", ", formatCount(count), failure);
    text += fmt::format("; {} failed ({})", formatCount(failed), which);
  }
  if (slowest != nullptr)
    text += fmt::format("; slowest answer {}: {} {}", formatDuration(*slowest->dur), printable(slowest->name),
                        slowest->type);
  out << inked(style, Ink::bold, text) << '\n';
}

void writePeople(const std::vector<Lookup>& lookups, const DnsOptions& options, std::ostream& out) {
  const std::vector<RowColumn> columns = {{"time", "", Align::right, 3},  {"process", "", Align::left},
                                          {"name", "", Align::left},      {"type", "", Align::left},
                                          {"took", "", Align::right},     {"tries", "", Align::right, 4},
                                          {"server", "", Align::left, 2}, {"answer", "", Align::left}};
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columns);
  for (const Lookup& lookup : lookups) {
    const std::vector<Cell> row = {Cell::duration(lookup.ts),
                                   Cell(fmt::format("{} ({})", printable(lookup.process), lookup.pid)),
                                   Cell(printable(lookup.name)),
                                   Cell(lookup.type),
                                   lookup.dur ? Cell::duration(*lookup.dur) : Cell("-"),
                                   Cell::count(static_cast<uint64_t>(lookup.tries)),
                                   Cell(serverOf(lookup)),
                                   answerOf(lookup)};
    writer->row(row);
  }
  writer->end();
}

Cell orNull(const std::string& text) {
  return text.empty() ? Cell() : Cell(text);
}

void writeMachines(const std::vector<Lookup>& lookups, const DnsOptions& options, std::ostream& out) {
  std::vector<RowColumn> columns;
  for (const char* name : {"ts", "dur", "pid", "process", "name", "type", "rcode", "errno", "answers",
                           "transport", "server_addr", "server_port", "tries", "truncated", "side"})
    columns.push_back({name, "", Align::left});
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columns);
  for (const Lookup& lookup : lookups) {
    const std::vector<Cell> row = {Cell(lookup.ts),
                                   lookup.dur ? Cell(*lookup.dur) : Cell(),
                                   Cell(lookup.pid),
                                   Cell(lookup.process),
                                   Cell(lookup.name),
                                   Cell(lookup.type),
                                   orNull(lookup.rcode),
                                   orNull(lookup.error),
                                   orNull(lookup.answers),
                                   Cell(lookup.transport),
                                   orNull(lookup.server_addr),
                                   lookup.server_port ? Cell(*lookup.server_port) : Cell(),
                                   Cell(lookup.tries),
                                   Cell(static_cast<int64_t>(lookup.truncated)),
                                   Cell(lookup.side)};
    writer->row(row);
  }
  writer->end();
}

}  // namespace

void dnsReport(Database& db, const DnsOptions& options, std::ostream& out) {
  requirePayload(db);
  const bool people = options.format == RowFormat::table || options.format == RowFormat::markdown;
  if (options.format == RowFormat::table) writeNotes(db, options.style, out);
  std::vector<Lookup> lookups = load(db, options);
  const std::string_view side = options.server ? "server" : "client";
  const auto others =
      static_cast<uint64_t>(std::erase_if(lookups, [&](const Lookup& l) { return l.side != side; }));
  if (!people) return writeMachines(lookups, options, out);
  if (!lookups.empty()) {
    writePeople(lookups, options, out);
    out << '\n';
    writeSummary(lookups, options.style, out);
  } else {
    out << (options.failed ? "no lookup failed\n" : "no lookup of a name is in the trace\n");
  }
  if (others > 0)
    out << fmt::format("{} {}\n", counted(others, "question"),
                       options.server ? "of clients (without --server)" : "to servers (--server shows them)");
}

}  // namespace tarry
