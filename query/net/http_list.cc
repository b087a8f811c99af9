#include "query/net/http_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analyzer/net/http_text.h"
#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/net/http_record.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

using analysis::sameText;

// "5xx" or "404"; a comma between several.
struct StatusRange {
  int64_t from = 0, to = 0;
};

std::vector<StatusRange> parseStatuses(std::string_view text) {
  std::vector<StatusRange> ranges;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const bool leading = word.size() == 3 && word[0] >= '1' && word[0] <= '9';
    const bool family = leading && sameText(word.substr(1), "xx");
    const bool number = leading && word[1] >= '0' && word[1] <= '9' && word[2] >= '0' && word[2] <= '9';
    if (!family && !number)
      throw UsageError(fmt::format("--status: '{}' is no status (404, 5xx, 4xx,5xx)", printable(word)));
    const int64_t hundreds = (word[0] - '0') * int64_t{100};
    const int64_t value = family ? hundreds : hundreds + (word[1] - '0') * int64_t{10} + (word[2] - '0');
    ranges.push_back({value, family ? value + 99 : value});
  }
  return ranges;
}

// example.org is also example.org:8080 and www.example.org.
bool matchesHost(std::string_view host, std::string_view wanted) {
  if (sameText(host, wanted)) return true;
  const size_t colon = host.rfind(':');
  if (colon != host.npos && host.find(']', colon) == host.npos && wanted.find(':') == wanted.npos)
    host = host.substr(0, colon);
  if (sameText(host, wanted)) return true;
  return host.size() > wanted.size() && host[host.size() - wanted.size() - 1] == '.' &&
         sameText(host.substr(host.size() - wanted.size()), wanted);
}

class Choice {
 public:
  explicit Choice(const HttpListOptions& options)
      : options_(options), statuses_(parseStatuses(options.status)) {}

  bool operator()(const HttpRecord& record) const {
    const bool client = record.side == "client";
    switch (options_.side) {
      case HttpSide::automatic:
        if (!client && record.pair_id) return false;
        break;
      case HttpSide::client:
        if (!client) return false;
        break;
      case HttpSide::server:
        if (client) return false;
        break;
      case HttpSide::all: break;
    }
    if (!options_.host.empty() && !matchesHost(record.host, options_.host)) return false;
    if (!options_.method.empty() && !sameText(record.method, options_.method)) return false;
    if (!options_.process.empty() && options_.process != std::to_string(record.pid) &&
        options_.process != record.comm && !record.process.starts_with(options_.process + " "))
      return false;
    if (statuses_.empty()) return true;
    return record.status && std::any_of(statuses_.begin(), statuses_.end(), [&](const StatusRange& range) {
             return *record.status >= range.from && *record.status <= range.to;
           });
  }

 private:
  const HttpListOptions& options_;
  std::vector<StatusRange> statuses_;
};

Ink inkOf(const HttpRecord& record) {
  if (!record.status || *record.status >= 500) return Ink::red;
  if (*record.status >= 400) return Ink::yellow;
  return *record.status >= 300 ? Ink::cyan : Ink::green;
}

Cell optionalSize(const std::optional<uint64_t>& bytes) {
  return bytes ? Cell::size(*bytes) : Cell::shown(Cell(), "?");
}
Cell optionalDuration(const std::optional<int64_t>& ns) {
  return ns ? Cell::duration(*ns) : Cell::shown(Cell(), "?");
}
Cell optionalText(const std::string& text) {
  return text.empty() ? Cell() : Cell::shown(Cell(text), printable(text));
}

// "text/html" of "text/html; charset=utf-8".
std::string shortType(const std::string& type) {
  return printable(std::string_view(type).substr(0, type.find_first_of("; ")));
}

std::vector<Cell> lineOf(const HttpRecord& record) {
  const std::string unknown = record.method.empty() ? "?" : printable(record.method);
  Cell status = Cell::shown(Cell(), record.status ? std::to_string(*record.status) : statusText(record));
  status.ink = inkOf(record);
  return {
      Cell(record.id),
      Cell::shown(Cell(record.ts), formatDuration(record.ts)),
      Cell(record.process),
      Cell(unknown),
      status,
      record.request.bytes == 0U ? Cell::shown(Cell(int64_t{0}), " ") : optionalSize(record.request.bytes),
      optionalSize(record.response.bytes),
      Cell(shortType(record.content_type)),
      optionalDuration(record.firstByteNs()),
      optionalDuration(record.durNs()),
      Cell(record.url.empty() ? "?" : printable(record.url))};
}

std::vector<Cell> rowOf(const HttpRecord& record) {
  const auto number = [](const auto& value) { return value ? Cell(static_cast<int64_t>(*value)) : Cell(); };
  return {Cell(record.id),
          Cell(record.ts),
          Cell(record.side),
          number(record.pair_id),
          optionalText(record.method),
          optionalText(record.url),
          number(record.status),
          optionalText(record.error),
          number(record.request.bytes),
          number(record.response.bytes),
          optionalText(record.content_type),
          number(record.firstByteNs()),
          number(record.durNs()),
          Cell(record.version),
          Cell(int64_t{record.tls ? 1 : 0}),
          Cell(record.comm),
          Cell(record.pid)};
}

RowColumn machineColumn(const char* name) {
  return {name, {}, Align::left};
}

const std::vector<RowColumn>& columnsFor(bool people) {
  static const std::vector<RowColumn> for_people = {{"id", "#", Align::right},
                                                    {"ts", "time", Align::right, 3},
                                                    {"process", "", Align::left},
                                                    {"method", "", Align::left},
                                                    {"status", "", Align::left},
                                                    {"request_bytes", "sent", Align::right, 5},
                                                    {"response_bytes", "got", Align::right, 2},
                                                    {"content_type", "type", Align::left, 6},
                                                    {"first_byte_ns", "first byte", Align::right, 4},
                                                    {"dur_ns", "total", Align::right},
                                                    {"url", "URL", Align::left}};
  static const std::vector<RowColumn> for_machines = {machineColumn("id"),
                                                      machineColumn("ts"),
                                                      machineColumn("side"),
                                                      machineColumn("pair_id"),
                                                      machineColumn("method"),
                                                      machineColumn("url"),
                                                      machineColumn("status"),
                                                      machineColumn("error"),
                                                      machineColumn("request_bytes"),
                                                      machineColumn("response_bytes"),
                                                      machineColumn("content_type"),
                                                      machineColumn("first_byte_ns"),
                                                      machineColumn("dur_ns"),
                                                      machineColumn("version"),
                                                      machineColumn("tls"),
                                                      machineColumn("process"),
                                                      machineColumn("pid")};
  return people ? for_people : for_machines;
}

}  // namespace

void httpReport(Database& db, const HttpListOptions& options, std::ostream& out) {
  const Choice wanted(options);
  requireHttp(db);
  const std::vector<HttpRecord> records = httpRecords(db);
  const bool people = options.format == RowFormat::table || options.format == RowFormat::markdown;
  if (people) writeNotes(db, options.style, out);
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columnsFor(people));
  size_t shown = 0;
  size_t truncated = 0;
  for (const HttpRecord& record : records) {
    if (!wanted(record)) continue;
    shown++;
    if (record.error == "truncated") truncated++;
    writer->row(people ? lineOf(record) : rowOf(record));
  }
  writer->end();
  if (options.format != RowFormat::table) return;
  if (shown == 0) out << "none of " << counted(records.size(), "request") << " is of this kind\n";
  if (truncated > 0)
    out << "! the headers of " << counted(truncated, "request")
        << " are not whole in the trace (record all of them with --snaplen all)\n";
}

}  // namespace tarry
