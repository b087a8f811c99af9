#include "query/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "format/syscall_table.h"
#include "query/call_tables.h"
#include "query/kernel_area.h"
#include "query/render/json.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

struct CallTotal {
  std::string name;
  int64_t calls = 0, errors = 0, total_ns = 0, waiting_ns = 0, min_ns = INT64_MAX, max_ns = 0, bytes = 0;

  int64_t average() const { return calls == 0 ? 0 : total_ns / calls; }
  void add(const CallTotal& o) {
    calls += o.calls;
    errors += o.errors;
    total_ns += o.total_ns;
    waiting_ns += o.waiting_ns;
    min_ns = std::min(min_ns, o.min_ns);
    max_ns = std::max(max_ns, o.max_ns);
    bytes += o.bytes;
  }
};

Abi abiOf(std::string_view name) {
  for (const Abi abi : {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64})
    if (abiName(abi) == name) return abi;
  return Abi::x86_64;
}

// Totals by call, and by area with the calls that made it up.
struct Totals {
  std::map<std::string, CallTotal> calls;
  struct AreaTotal {
    CallTotal sum;
    std::map<std::string, int64_t> by_call;  // number of calls
  };
  std::array<AreaTotal, kKernelAreas> areas;
  CallTotal all;
};

std::string processCondition(Database& db, const std::string& process) {
  if (process.empty()) return "";
  auto q = db.prepare("SELECT upid FROM process WHERE CAST(pid AS TEXT) = ?1 OR comm = ?1");
  q.bind(1, std::string_view(process));
  std::string ids;
  while (q.step()) ids += fmt::format("{}{}", ids.empty() ? "" : ", ", q.integer(0));
  if (ids.empty())
    throw UsageError(fmt::format("no process '{}' was recorded (tarry tree lists them)", printable(process)));
  return fmt::format(" AND s.utid IN (SELECT utid FROM thread WHERE upid IN ({}))", ids);
}

constexpr std::string_view kResourceColumns =
    "s.name, s.abi, s.nr, r.kind, CASE WHEN r.kind IN ('device', 'block_device') THEN r.path END";

// Adds what a row of kResourceColumns and more says of one call or several.
void addTo(Totals& totals, const Statement& q, CallTotal one) {
  one.name = q.text(0);
  const KernelArea area = kernelAreaOf(abiOf(q.text(1)), one.name, q.text(3), q.text(4));
  CallTotal& call = totals.calls[one.name];
  call.name = one.name;
  call.add(one);
  auto& in_area = totals.areas[static_cast<size_t>(area)];
  in_area.sum.add(one);
  if (one.calls > 0) in_area.by_call[one.name] += one.calls;
  totals.all.add(one);
}

bool wanted(const SummaryOptions& options, const Statement& q) {
  return options.filter.wantsCall(abiOf(q.text(1)), static_cast<int32_t>(q.integer(2)));
}

// The time so far of calls that were going on when the recording or their thread ended. exit and exit_group
// do not return, and a call that another one followed did, at a time that is not known.
void addUnfinished(Database& db, const std::string& where, const SummaryOptions& options, Totals& totals) {
  auto q = db.prepare(fmt::format(
      "SELECT {}, coalesce(t.end_ts, (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'end_ts')) - s.ts, "
      "s.blocked_ns FROM syscall s JOIN thread t ON t.utid = s.utid LEFT JOIN resource r ON r.id = "
      "s.resource_id JOIN (SELECT utid, max(id) AS id FROM syscall GROUP BY utid) last ON last.utid = s.utid "
      "AND last.id = s.id WHERE s.dur IS NULL AND s.name NOT IN ('exit', 'exit_group') AND {}",
      kResourceColumns, where));
  while (q.step()) {
    if (!wanted(options, q)) continue;
    CallTotal one;
    one.total_ns = std::max<int64_t>(q.isNull(5) ? 0 : q.integer(5), 0);
    one.waiting_ns = std::min(q.isNull(6) ? 0 : q.integer(6), one.total_ns);
    one.max_ns = one.total_ns;
    addTo(totals, q, one);
  }
}

// Calls that the recording kept as a count alone.
void addFolded(Database& db, const SummaryOptions& options, Totals& totals) {
  auto q = db.prepare(fmt::format(
      "SELECT {}, sum(s.count), sum(CASE WHEN s.errno IS NOT NULL THEN s.count ELSE 0 END), sum(s.total_ns), "
      "max(s.longest_ns), sum(s.bytes) FROM fold s LEFT JOIN resource r ON r.id = s.resource_id "
      "WHERE {}{} GROUP BY 1, 2, 3, 4, 5",
      kResourceColumns, options.filter.sqlFoldCondition(), processCondition(db, options.process)));
  while (q.step()) {
    if (!wanted(options, q)) continue;
    CallTotal one;
    one.calls = q.integer(5);
    one.errors = q.integer(6);
    one.total_ns = q.integer(7);
    one.max_ns = q.integer(8);
    one.bytes = q.isNull(9) ? 0 : q.integer(9);
    addTo(totals, q, one);
  }
}

Totals gather(Database& db, const SummaryOptions& options) {
  Totals totals;
  const std::string where = options.filter.sqlCondition() + processCondition(db, options.process);
  auto q = db.prepare(fmt::format(
      "SELECT {}, count(*), sum(s.errno IS NOT NULL), sum(s.dur), "
      "sum(CASE WHEN s.dur IS NOT NULL THEN s.blocked_ns END), min(s.dur), max(s.dur), sum(s.bytes) "
      "FROM syscall s LEFT JOIN resource r ON r.id = s.resource_id WHERE {} GROUP BY 1, 2, 3, 4, 5",
      kResourceColumns, where));
  while (q.step()) {
    if (!wanted(options, q)) continue;
    CallTotal one;
    one.calls = q.integer(5);
    one.errors = q.integer(6);
    one.total_ns = q.isNull(7) ? 0 : q.integer(7);
    one.waiting_ns = q.isNull(8) ? 0 : q.integer(8);
    one.min_ns = q.isNull(9) ? INT64_MAX : q.integer(9);
    one.max_ns = q.isNull(10) ? 0 : q.integer(10);
    one.bytes = q.isNull(11) ? 0 : q.integer(11);
    addTo(totals, q, one);
  }
  addFolded(db, options, totals);
  addUnfinished(db, where, options, totals);
  return totals;
}

std::vector<CallTotal> sortedCalls(const Totals& totals, SummarySort sort) {
  std::vector<CallTotal> list;
  for (const auto& [name, call] : totals.calls) list.push_back(call);
  if (sort == SummarySort::none || sort == SummarySort::name) return list;
  const auto key = [&](const CallTotal& c) {
    switch (sort) {
      case SummarySort::time: return c.total_ns;
      case SummarySort::waiting: return c.waiting_ns;
      case SummarySort::calls: return c.calls;
      case SummarySort::errors: return c.errors;
      case SummarySort::min: return c.min_ns == INT64_MAX ? 0 : c.min_ns;
      case SummarySort::max: return c.max_ns;
      case SummarySort::avg: return c.average();
      case SummarySort::name:
      case SummarySort::none: break;
    }
    return int64_t{0};
  };
  std::stable_sort(list.begin(), list.end(),
                   [&](const CallTotal& a, const CallTotal& b) { return key(a) > key(b); });
  return list;
}

std::string seconds(int64_t ns) {
  return fmt::format("{:.6f}", static_cast<double>(ns) / 1e9);
}
double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : std::round(10000.0 * static_cast<double>(part) / static_cast<double>(whole)) / 100;
}
Cell percentCell(int64_t part, int64_t whole) {
  const double value = percent(part, whole);
  return Cell::shown(Cell(value), fmt::format("{:.2f}", value));
}
Cell secondsCell(int64_t ns) {
  return Cell::shown(Cell(ns), seconds(ns));
}
Cell blankZero(int64_t n) {
  return Cell::shown(Cell(n), n == 0 ? " " : std::to_string(n));
}

// The columns of strace -c, and beside the seconds those in which the thread was not running.
void writeCalls(const Totals& totals, const SummaryOptions& options, std::ostream& out) {
  const std::vector<RowColumn> columns = {{"percent", "% time", Align::right},
                                          {"total_ns", "seconds", Align::right},
                                          {"avg_ns", "usecs/call", Align::right},
                                          {"calls", "", Align::right},
                                          {"errors", "", Align::right},
                                          {"waiting_ns", "waiting", Align::right},
                                          {"min_ns", "", Align::right},
                                          {"max_ns", "", Align::right},
                                          {"bytes", "", Align::right},
                                          {"syscall", "", Align::left}};
  const bool people = options.format == RowFormat::table || options.format == RowFormat::markdown;
  const auto pick = [&](auto list) {
    if (people) list.erase(list.begin() + 6, list.begin() + 9);
    return list;
  };
  const auto cells = [&](const CallTotal& c) {
    return std::vector<Cell>{
        percentCell(c.total_ns, totals.all.total_ns),
        secondsCell(c.total_ns),
        Cell::shown(Cell(c.average()), std::to_string(c.average() / 1000)),
        Cell(c.calls),
        blankZero(c.errors),
        c.waiting_ns == 0 ? Cell::shown(Cell(c.waiting_ns), " ") : secondsCell(c.waiting_ns),
        c.min_ns == INT64_MAX ? Cell() : Cell(c.min_ns),
        Cell(c.max_ns),
        Cell(c.bytes),
        Cell(c.name)};
  };
  std::vector<std::vector<Cell>> rows;
  for (const CallTotal& call : sortedCalls(totals, options.sort)) rows.push_back(pick(cells(call)));
  if (people) {
    CallTotal all = totals.all;
    all.name = "total";
    rows.push_back(pick(cells(all)));
  }
  writeRows(options.format, options.style, out, pick(columns), rows);
}

std::string mostCalls(const std::map<std::string, int64_t>& by_call) {
  std::vector<std::pair<std::string, int64_t>> list(by_call.begin(), by_call.end());
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(list.size(), 4); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", list[i].first,
                        formatCount(static_cast<uint64_t>(list[i].second)));
  return list.size() > 4 ? text + ", …" : text;
}

// Areas with calls, as indexes.
std::vector<size_t> sortedAreas(const Totals& totals, SummarySort sort) {
  std::vector<size_t> order;
  for (size_t i = 0; i < totals.areas.size(); ++i)
    if (totals.areas[i].sum.calls > 0) order.push_back(i);
  const bool by_calls = sort == SummarySort::calls;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const CallTotal& x = totals.areas[a].sum;
    const CallTotal& y = totals.areas[b].sum;
    return by_calls ? x.calls > y.calls : x.total_ns > y.total_ns;
  });
  return order;
}

void writeAreas(const Totals& totals, const SummaryOptions& options, std::ostream& out) {
  const std::vector<RowColumn> columns = {{"area", "what the kernel did", Align::left},
                                          {"calls", "", Align::right},
                                          {"errors", "", Align::right},
                                          {"total_ns", "time", Align::right},
                                          {"waiting_ns", "waiting", Align::right},
                                          {"bytes", "moved", Align::right},
                                          {"most", "by", Align::left}};
  const std::vector<size_t> order = sortedAreas(totals, options.sort);
  std::vector<std::vector<Cell>> rows;
  for (const size_t i : order) {
    const CallTotal& sum = totals.areas[i].sum;
    rows.push_back(
        {Cell(kernelAreaName(static_cast<KernelArea>(i))), Cell::count(static_cast<uint64_t>(sum.calls)),
         blankZero(sum.errors), Cell::duration(sum.total_ns),
         sum.waiting_ns == 0 ? Cell::shown(Cell(int64_t{0}), " ") : Cell::duration(sum.waiting_ns),
         sum.bytes == 0 ? Cell::shown(Cell(int64_t{0}), " ") : Cell::size(static_cast<uint64_t>(sum.bytes)),
         Cell(mostCalls(totals.areas[i].by_call))});
  }
  writeRows(options.format, options.style, out, columns, rows);
}

void writeTotal(JsonOut& json, std::string_view key, std::string_view name, const CallTotal& total) {
  json.beginObject();
  json.text(key, name);
  json.number("calls", total.calls);
  json.number("errors", total.errors);
  json.number("total_ns", total.total_ns);
  json.number("waiting_ns", total.waiting_ns);
  json.number("min_ns", total.min_ns == INT64_MAX ? std::nullopt : std::optional<int64_t>(total.min_ns));
  json.number("max_ns", total.max_ns);
  json.number("bytes", total.bytes);
  json.endObject();
}

}  // namespace

SummarySort parseSummarySort(std::string_view name) {
  struct Known {
    std::string_view name;
    SummarySort sort;
  };
  static constexpr std::array<Known, 21> kKnown = {
      {{"time", SummarySort::time},         {"time-percent", SummarySort::time},
       {"time_percent", SummarySort::time}, {"time-total", SummarySort::time},
       {"total-time", SummarySort::time},   {"total_time", SummarySort::time},
       {"calls", SummarySort::calls},       {"count", SummarySort::calls},
       {"errors", SummarySort::errors},     {"error", SummarySort::errors},
       {"name", SummarySort::name},         {"syscall", SummarySort::name},
       {"syscall-name", SummarySort::name}, {"min", SummarySort::min},
       {"max", SummarySort::max},           {"avg", SummarySort::avg},
       {"avg-time", SummarySort::avg},      {"waiting", SummarySort::waiting},
       {"blocked", SummarySort::waiting},   {"none", SummarySort::none},
       {"nothing", SummarySort::none}}};
  for (const Known& known : kKnown)
    if (known.name == name) return known.sort;
  throw UsageError(fmt::format(
      "cannot sort by '{}': use time, waiting, calls, errors, name, min, max, avg or none", printable(name)));
}

void summaryReport(Database& db, const SummaryOptions& options, std::ostream& out) {
  requireCalls(db);
  const Totals totals = gather(db, options);
  if (totals.all.calls == 0) throw UsageError("none of the recorded calls fits");
  if (options.format == RowFormat::table) writeNotes(db, options.style, out);
  const bool people = options.format == RowFormat::table || options.format == RowFormat::markdown;
  if (options.by != SummaryBy::area) writeCalls(totals, options, out);
  if (people && options.by == SummaryBy::both) out << '\n';
  if (options.by == SummaryBy::area || (options.by == SummaryBy::both && people))
    writeAreas(totals, options, out);
  if (options.format == RowFormat::table)
    out << "\nTime is from a call's enter to its return (strace -c -w); waiting is the part of it not on a "
           "CPU.\n";
}

void writeCallsJson(Database& db, const SummaryOptions& options, JsonOut& json) {
  const Totals totals = gather(db, options);
  if (options.by != SummaryBy::area) {
    json.beginArray("calls");
    for (const CallTotal& call : sortedCalls(totals, options.sort))
      writeTotal(json, "syscall", call.name, call);
    json.endArray();
  }
  if (options.by != SummaryBy::call) {
    json.beginArray("areas");
    for (const size_t i : sortedAreas(totals, options.sort))
      writeTotal(json, "area", kernelAreaName(static_cast<KernelArea>(i)), totals.areas[i].sum);
    json.endArray();
  }
}

}  // namespace tarry
