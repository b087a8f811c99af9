#include "query/net.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "analyzer/resource_label.h"
#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/net/host_names.h"
#include "query/process_label.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

using Number = std::optional<int64_t>;

struct Process {
  int64_t pid = 0;
  ProcessInfoRow facts;
};

struct Connection {
  int64_t id = 0;
  int64_t upid = 0;  // 0: not known
  int64_t peer_upid = 0;
  std::string kind, type, protocol, role, local_addr, remote_addr, path, label, state, error;
  Number local_port, remote_port;
  Number start, established, close, handshake_ns, srtt_us, sent, received, segs_out, retransmits;
  Number cookie, resets_sent, resets_received, busy_us, rwnd_limited_us, sndbuf_limited_us, send_queue,
      receive_queue;
  int64_t wait_ns = 0;

  bool isTcp() const { return protocol == "TCP"; }
  bool isClient() const { return role == "client"; }
  bool isServer() const { return role == "server"; }
  // What the verb is about: has, had or wanted another end on a network.
  bool isConnection() const {
    return kind == "socket" && role != "listener" &&
           (remote_port || isClient() || sent.value_or(0) + received.value_or(0) > 0);
  }
  bool failed() const { return isClient() && isTcp() && !established && !error.empty(); }
};

std::string endpoint(std::string_view host, const Number& port) {
  return port ? analysis::endpointText(host, static_cast<uint16_t>(*port)) : std::string(host);
}

Number numberAt(const Statement& q, int column) {
  return q.isNull(column) ? Number() : Number(q.integer(column));
}
std::string textAt(const Statement& q, int column) {
  return q.isNull(column) ? std::string() : std::string(q.text(column));
}

Cell cellOf(const Number& number) {
  return number ? Cell(*number) : Cell();
}
Cell cellOf(const std::string& text) {
  return text.empty() ? Cell() : Cell(text);
}
Cell sizeCell(const Number& bytes) {
  return bytes ? Cell::size(static_cast<uint64_t>(std::max<int64_t>(*bytes, 0))) : Cell();
}
Cell durationCell(const Number& ns) {
  return ns ? Cell::duration(*ns) : Cell();
}
Cell microsecondsCell(const Number& us) {
  if (!us) return {};
  return Cell::shown(Cell(*us), formatDuration(std::min(*us, INT64_MAX / 1000) * 1000));
}
Cell waitCell(int64_t ns) {
  return ns == 0 ? Cell::shown(Cell(ns), " ") : Cell::duration(ns);
}

Number plus(const Number& a, const Number& b) {
  if (!a || !b) return a ? a : b;
  return *a > INT64_MAX - std::max<int64_t>(*b, 0) ? INT64_MAX : *a + *b;
}

class Net {
 public:
  Net(Database& db, const NetOptions& options) : options_(options), names_(db) {
    auto end = db.prepare("SELECT value FROM meta WHERE key = 'end_ts'");
    if (end.step()) end_ts_ = std::strtoll(std::string(end.text(0)).c_str(), nullptr, 10);
    loadProcesses(db);
    loadConnections(db);
  }

  const std::vector<Connection>& connections() const { return connections_; }
  bool others() const { return others_; }

  std::string process(int64_t upid) const {
    const auto found = processes_.find(upid);
    return found == processes_.end() ? std::string() : processTag(found->second.facts);
  }
  Number pid(int64_t upid) const {
    const auto found = processes_.find(upid);
    return found == processes_.end() ? Number() : Number(found->second.pid);
  }

  // What the other end is called: as its address was looked up, in the trace, before.
  std::string remoteHost(const Connection& c) const {
    const std::string_view name = names_.nameOf(c.remote_addr, c.start.value_or(INT64_MAX), c.upid);
    return name.empty() ? c.remote_addr : std::string(name);
  }

  // As long as there was a connection, or an attempt at one.
  Number lasted(const Connection& c) const {
    const Number begin = c.established ? c.established : c.start;
    if (!begin) return {};
    return std::max<int64_t>(c.close.value_or(end_ts_) - *begin, 0);
  }

  // Both ends, the one that connected to the left where that is this side.
  std::string ends(const Connection& c) const {
    std::string text;
    if (c.kind != "socket") {
      text = c.label;
    } else if (c.role == "listener") {
      text = endpoint(c.local_addr, c.local_port) + " (listening)";
    } else {
      const char* arrow = c.isClient() ? "→" : c.isServer() ? "←" : "↔";
      const std::string local = endpoint(c.local_addr, c.local_port);
      const std::string remote = endpoint(remoteHost(c), c.remote_port);
      text = fmt::format("{} {} {}", local.empty() ? "*" : local, arrow, remote.empty() ? "*" : remote);
    }
    if (c.peer_upid != 0 && c.peer_upid != c.upid && pid(c.peer_upid))
      text += fmt::format(" ({})", process(c.peer_upid));
    return printable(text);
  }

  // What a reader would want to know beside the numbers.
  std::string remarks(const Connection& c) const {
    std::vector<std::string> said;
    const bool open = !c.close && c.isTcp() && !c.state.empty();
    // Otherwise how an attempt in the background went on is not known, as by ptrace.
    const bool told_by_kernel = c.segs_out || !c.state.empty();
    if (c.failed()) said.push_back(c.error);
    else if (c.isClient() && c.isTcp() && !c.established && c.start && told_by_kernel)
      said.emplace_back(open ? "no answer yet" : "given up without an answer");
    else if (!c.error.empty()) said.push_back(c.error);
    if (c.resets_sent.value_or(0) > 0) said.emplace_back("reset it");
    if (c.resets_received.value_or(0) > 0 && !c.failed()) said.emplace_back("was reset");
    if (c.retransmits.value_or(0) > 0) {
      std::string text = fmt::format("{} sent again", formatCount(static_cast<uint64_t>(*c.retransmits)));
      if (c.segs_out.value_or(0) > 0)
        text += fmt::format(" ({})", formatPercent(*c.retransmits, *c.segs_out));
      said.push_back(text);
    }
    limit(c, c.rwnd_limited_us, "peer's window full", said);
    limit(c, c.sndbuf_limited_us, "send buffer full", said);
    if (c.isServer() && !c.cookie) said.emplace_back("never accepted");
    if (open && c.role != "listener") {
      if (c.established) said.push_back(c.state == "ESTAB" ? "open" : "half open: " + c.state);
      if (c.send_queue.value_or(0) > 0 && c.established)
        said.push_back(fmt::format("{} not acknowledged", formatSize(static_cast<uint64_t>(*c.send_queue))));
      if (c.receive_queue.value_or(0) > 0)
        said.push_back(fmt::format("{} not read", formatSize(static_cast<uint64_t>(*c.receive_queue))));
    }
    return fmt::format("{}", fmt::join(said, ", "));
  }

 private:
  static void limit(const Connection& c, const Number& part, std::string_view what,
                    std::vector<std::string>& said) {
    constexpr int64_t kWorthTellingUs = 1000;
    if (part.value_or(0) < kWorthTellingUs || *part < c.busy_us.value_or(0) / 20) return;
    said.push_back(fmt::format("{} {}", what, formatDuration(std::min(*part, INT64_MAX / 1000) * 1000)));
  }

  void loadProcesses(Database& db) {
    auto q = db.prepare("SELECT upid, pid, comm, cmdline, exe, recorded FROM process");
    while (q.step()) {
      Process process;
      process.pid = process.facts.pid = q.integer(1);
      process.facts.upid = q.integer(0);
      process.facts.comm = textAt(q, 2);
      process.facts.cmdline = textAt(q, 3);
      process.facts.exe = textAt(q, 4);
      process.facts.recorded = q.integer(5) != 0;
      if (process.facts.recorded) recorded_.insert(q.integer(0));
      const bool named =
          process.facts.comm == options_.process || processName(process.facts) == options_.process;
      if (!options_.process.empty() && (std::to_string(process.pid) == options_.process || named))
        wanted_.insert(q.integer(0));
      processes_.emplace(q.integer(0), std::move(process));
    }
    if (!options_.process.empty() && wanted_.empty())
      throw UsageError(
          fmt::format("no process '{}' was recorded (tarry tree lists them)", printable(options_.process)));
  }

  bool wanted(int64_t upid) const {
    if (!options_.process.empty()) return wanted_.contains(upid);
    return upid == 0 || recorded_.contains(upid);
  }

  void loadConnections(Database& db) {
    auto q = db.prepare(
        "SELECT s.id, s.upid, s.peer_upid, s.kind, s.type, s.protocol, s.role, s.local_addr, s.remote_addr, "
        "s.path, r.name, s.state, s.error, s.local_port, s.remote_port, coalesce(s.connect_ts, "
        "s.created_ts), "
        "s.established_ts, s.close_ts, s.handshake_ns, s.srtt_us, s.bytes_sent, s.bytes_received, "
        "s.segs_out, "
        "s.retransmits, s.resets_sent, s.resets_received, s.busy_us, s.rwnd_limited_us, s.sndbuf_limited_us, "
        "s.send_queue, s.receive_queue, s.cookie, s.wait_ns FROM socket s LEFT JOIN resource r ON r.id = "
        "s.resource_id "
        "ORDER BY s.wait_ns DESC, coalesce(s.connect_ts, s.established_ts, s.created_ts), s.id");
    while (q.step()) {
      Connection c;
      c.upid = numberAt(q, 1).value_or(0);
      if (!wanted(c.upid)) continue;
      c.id = q.integer(0);
      c.peer_upid = numberAt(q, 2).value_or(0);
      std::string* const texts[] = {&c.kind,        &c.type, &c.protocol, &c.role,  &c.local_addr,
                                    &c.remote_addr, &c.path, &c.label,    &c.state, &c.error};
      int column = 3;
      for (std::string* text : texts) *text = textAt(q, column++);
      Number* const numbers[] = {
          &c.local_port,      &c.remote_port,   &c.start,           &c.established,
          &c.close,           &c.handshake_ns,  &c.srtt_us,         &c.sent,
          &c.received,        &c.segs_out,      &c.retransmits,     &c.resets_sent,
          &c.resets_received, &c.busy_us,       &c.rwnd_limited_us, &c.sndbuf_limited_us,
          &c.send_queue,      &c.receive_queue, &c.cookie};
      for (Number* number : numbers) *number = numberAt(q, column++);
      c.wait_ns = q.integer(column);
      if (options_.all || c.isConnection()) connections_.push_back(std::move(c));
      else others_ = true;
    }
  }

  const NetOptions& options_;
  const HostNames names_;
  int64_t end_ts_ = 0;
  bool others_ = false;
  std::map<int64_t, Process> processes_;
  std::set<int64_t> recorded_, wanted_;
  std::vector<Connection> connections_;
};

bool forPeople(const NetOptions& options) {
  return options.format == RowFormat::table || options.format == RowFormat::markdown;
}

std::vector<RowColumn> columnsOf(std::initializer_list<const char*> names) {
  std::vector<RowColumn> columns;
  for (const char* name : names) columns.push_back({name, "", Align::left});
  return columns;
}

void writeConnections(const Net& net, const NetOptions& options, RowWriter& writer) {
  if (!forPeople(options)) {
    writer.begin(columnsOf({"socket_id",
                            "upid",
                            "pid",
                            "process",
                            "role",
                            "protocol",
                            "local_addr",
                            "local_port",
                            "remote_addr",
                            "remote_port",
                            "remote_name",
                            "path",
                            "peer_pid",
                            "start_ns",
                            "established_ns",
                            "dur_ns",
                            "handshake_ns",
                            "srtt_us",
                            "sent_bytes",
                            "received_bytes",
                            "segs_out",
                            "retransmits",
                            "resets_sent",
                            "resets_received",
                            "rwnd_limited_us",
                            "sndbuf_limited_us",
                            "state",
                            "error",
                            "wait_ns"}));
    for (const Connection& c : net.connections()) {
      const std::string name = net.remoteHost(c);
      writer.row(std::vector<Cell>{Cell(c.id),
                                   c.upid != 0 ? Cell(c.upid) : Cell(),
                                   cellOf(net.pid(c.upid)),
                                   cellOf(net.process(c.upid)),
                                   cellOf(c.role),
                                   cellOf(c.protocol),
                                   cellOf(c.local_addr),
                                   cellOf(c.local_port),
                                   cellOf(c.remote_addr),
                                   cellOf(c.remote_port),
                                   name == c.remote_addr ? Cell() : Cell(name),
                                   cellOf(c.path),
                                   cellOf(net.pid(c.peer_upid)),
                                   cellOf(c.start),
                                   cellOf(c.established),
                                   cellOf(net.lasted(c)),
                                   cellOf(c.handshake_ns),
                                   cellOf(c.srtt_us),
                                   cellOf(c.sent),
                                   cellOf(c.received),
                                   cellOf(c.segs_out),
                                   cellOf(c.retransmits),
                                   cellOf(c.resets_sent),
                                   cellOf(c.resets_received),
                                   cellOf(c.rwnd_limited_us),
                                   cellOf(c.sndbuf_limited_us),
                                   cellOf(c.state),
                                   cellOf(c.error),
                                   Cell(c.wait_ns)});
    }
    return;
  }
  writer.begin(std::vector<RowColumn>{{"wait_ns", "waited", Align::right},
                                      {"process", "", Align::left},
                                      {"protocol", "", Align::left, 6},
                                      {"ends", "connection", Align::left},
                                      {"sent", "", Align::right},
                                      {"received", "", Align::right},
                                      {"lasted", "", Align::right, 4},
                                      {"handshake", "", Align::right, 5},
                                      {"rtt", "", Align::right, 3},
                                      {"remarks", "", Align::left}});
  for (const Connection& c : net.connections()) {
    Cell remarks(net.remarks(c));
    if (c.failed() || !c.error.empty()) remarks.ink = Ink::red;
    else if (c.retransmits.value_or(0) > 0) remarks.ink = Ink::yellow;
    writer.row(std::vector<Cell>{waitCell(c.wait_ns), cellOf(net.process(c.upid)), cellOf(c.protocol),
                                 Cell(net.ends(c)), sizeCell(c.sent), sizeCell(c.received),
                                 durationCell(net.lasted(c)), durationCell(c.handshake_ns),
                                 microsecondsCell(c.srtt_us), remarks});
  }
}

// ---- groups -----------------------------------------------------------------------------------------

struct Group {
  std::string name;
  Number pid;
  int64_t connections = 0, failed = 0, wait_ns = 0, retransmits = 0;
  Number sent, received, longest_rtt_us;
};

std::string groupName(const Net& net, const Connection& c, NetBy by) {
  if (by == NetBy::process) return c.upid == 0 ? std::string("not known") : net.process(c.upid);
  if (c.kind != "socket") return c.label;
  if (c.role == "listener") return endpoint(c.local_addr, c.local_port) + " (listening)";
  if (!c.remote_port) return "* (not connected)";
  // Clients come from a port of their own each: what they have in common is what they ask.
  if (c.isServer())
    return fmt::format("{} ← {}", c.local_port ? fmt::format(":{}", *c.local_port) : "*", net.remoteHost(c));
  return "→ " + endpoint(net.remoteHost(c), c.remote_port);
}

void writeGroups(const Net& net, const NetOptions& options, RowWriter& writer) {
  std::map<std::string, Group> groups;
  for (const Connection& c : net.connections()) {
    const std::string name = printable(groupName(net, c, options.by));
    Group& group = groups[name];
    group.name = name;
    if (options.by == NetBy::process) group.pid = net.pid(c.upid);
    group.connections++;
    group.failed += c.failed() ? 1 : 0;
    group.wait_ns = plus(group.wait_ns, c.wait_ns).value_or(0);
    group.retransmits = plus(group.retransmits, c.retransmits).value_or(0);
    group.sent = plus(group.sent, c.sent);
    group.received = plus(group.received, c.received);
    if (c.srtt_us) group.longest_rtt_us = std::max(group.longest_rtt_us.value_or(0), *c.srtt_us);
  }
  std::vector<const Group*> sorted;
  for (const auto& [name, group] : groups) sorted.push_back(&group);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Group* a, const Group* b) {
    return a->wait_ns != b->wait_ns ? a->wait_ns > b->wait_ns : a->connections > b->connections;
  });
  const char* what = options.by == NetBy::process ? "process" : "host";
  writer.begin(std::vector<RowColumn>{{"wait_ns", "waited", Align::right},
                                      {what, "", Align::left},
                                      {"connections", "", Align::right},
                                      {"failed", "", Align::right},
                                      {"sent_bytes", "sent", Align::right},
                                      {"received_bytes", "received", Align::right},
                                      {"longest_rtt_us", "longest rtt", Align::right},
                                      {"retransmits", "sent again", Align::right}});
  for (const Group* group : sorted) {
    Cell failed = group->failed == 0 ? Cell::shown(Cell(group->failed), " ") : Cell(group->failed);
    if (group->failed > 0) failed.ink = Ink::red;
    writer.row(std::vector<Cell>{
        waitCell(group->wait_ns), Cell(group->name), Cell(group->connections), failed, sizeCell(group->sent),
        sizeCell(group->received), microsecondsCell(group->longest_rtt_us),
        group->retransmits == 0 ? Cell::shown(Cell(group->retransmits), " ") : Cell(group->retransmits)});
  }
}

bool recordedByPtrace(Database& db) {
  auto q = db.prepare("SELECT 1 FROM meta WHERE key = 'backend' AND value = 'ptrace'");
  return q.step();
}

}  // namespace

void netReport(Database& db, const NetOptions& options, std::ostream& out) {
  const bool table = options.format == RowFormat::table;
  if (table) writeNotes(db, options.style, out);
  if (table && recordedByPtrace(db)) {
    out << inked(options.style, Ink::yellow,
                 "! recorded by ptrace: round trips and retransmissions are as they stood when a connection "
                 "was "
                 "closed; handshakes and resets are not known")
        << '\n';
  }
  const Net net(db, options);
  if (net.connections().empty() && table) {
    out << (net.others() ? "no connection was recorded (--all shows the other sockets)\n"
                         : "no socket was recorded\n");
    return;
  }
  const auto writer = makeRowWriter(options.format, options.style, out);
  if (options.by == NetBy::connection) writeConnections(net, options, *writer);
  else writeGroups(net, options, *writer);
  writer->end();
}

}  // namespace tarry
