#include "query/net/http_message.h"

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

constexpr size_t kHexBytes = 256;
constexpr size_t kHexLine = 16;

class Page {
 public:
  Page(Database& db, const HttpRecord& record, const TextStyle& style, std::ostream& out)
      : db_(db), record_(record), style_(style), out_(out) {}

  void write() {
    title();
    timing();
    message(HttpPart::request, record_.request);
    message(HttpPart::response, record_.response);
  }

 private:
  void title() {
    const std::string first =
        fmt::format("{}  {} {}", record_.id, orUnknown(record_.method), orUnknown(record_.url));
    out_ << inked(style_, Ink::bold, first) << "  → " << inked(style_, Ink::bold, statusText(record_))
         << '\n';
    std::string second = fmt::format("HTTP/{}", record_.version);
    if (record_.stream) second += fmt::format(", stream {}", *record_.stream);
    if (record_.tls) second += ", TLS";
    second += fmt::format(", {} side: {}", record_.side, record_.process);
    if (record_.pair_id) second += fmt::format("; the other side is {}", *record_.pair_id);
    if (!record_.error.empty() && record_.status) second += fmt::format("; {}", record_.error);
    out_ << second << "\n\n";
  }

  static std::string orUnknown(const std::string& text) { return text.empty() ? "?" : printable(text); }

  void timing() {
    const auto line = [&](std::string_view what, const std::optional<int64_t>& from,
                          const std::optional<int64_t>& to, std::string_view more) {
      const std::string took = from && to ? formatDuration(std::max<int64_t>(*to - *from, 0)) : "?";
      out_ << fmt::format("  {:<10}{:>9}{}\n", what, took, more);
    };
    const std::string at = fmt::format("  from {} of the recording on", formatDuration(record_.ts));
    // A server may answer before it has all of the request.
    const std::optional<int64_t> asked =
        record_.method.empty() ? std::nullopt : std::optional<int64_t>(record_.ts);
    line(record_.side == "server" ? "received" : "sent", asked, record_.request_end_ts, at);
    line("waiting", record_.request_end_ts, record_.first_byte_ts, "");
    line(record_.side == "server" ? "answering" : "receiving", record_.first_byte_ts, record_.end_ts, "");
    line("total", record_.ts, record_.end_ts, "");
  }

  void message(HttpPart part, const HttpMessageRecord& message) {
    const bool request = part == HttpPart::request;
    if (!request && !record_.first_byte_ts) return;
    out_ << '\n';
    const std::string line = request ? fmt::format("{} {} HTTP/{}", orUnknown(record_.method),
                                                   orUnknown(record_.url), record_.version)
                                     : fmt::format("HTTP/{} {}", record_.version, statusText(record_));
    out_ << inked(style_, Ink::bold, line) << '\n';
    fields(message.headers);
    if (!message.headers_known || (record_.error == "truncated" && !message.complete && !message.bytes))
      out_ << inked(style_, Ink::yellow, "! the header is not whole in the trace") << '\n';
    body(part, message);
    if (!message.trailers.empty()) {
      out_ << '\n' << inked(style_, Ink::dim, "behind the body:") << '\n';
      fields(message.trailers);
    }
  }

  void fields(const std::string& block) {
    for (const analysis::HeaderField& field : analysis::headerFields(block))
      out_ << inked(style_, Ink::cyan, printable(field.name)) << ": " << printable(field.value) << '\n';
  }

  void body(HttpPart part, const HttpMessageRecord& message) {
    const ReadableBody readable = readableBody(db_, record_, part);
    if (readable.body.transferred.empty() && message.bytes.value_or(0) == 0) return;
    std::string about = message.bytes ? formatSize(*message.bytes) : "a body of unknown size";
    if (!readable.body.coding.empty())
      about += fmt::format(" of {}, {} decoded", printable(readable.body.coding),
                           formatSize(readable.content.bytes.size()));
    if (!readable.is_text) about += ", not text";
    out_ << '\n' << inked(style_, Ink::dim, fmt::format("({})", about)) << '\n';
    if (const std::string problem = readable.problem(); !problem.empty())
      out_ << inked(style_, Ink::yellow, "! the body is " + problem) << '\n';
    if (readable.is_text) text(readable.content.bytes);
    else hex(readable.content.bytes);
  }

  void text(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t end = std::min(bytes.find('\n'), bytes.size());
      std::string_view line = bytes.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      // Tabs are harmless, and an indentation made of \t is hard to read.
      for (size_t tab = line.find('\t'); tab != line.npos; tab = line.find('\t')) {
        out_ << printable(line.substr(0, tab)) << '\t';
        line.remove_prefix(tab + 1);
      }
      out_ << printable(line) << '\n';
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
  }

  void hex(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, kHexBytes);
    for (size_t at = 0; at < head.size(); at += kHexLine) {
      std::string numbers;
      std::string letters;
      for (const char c : head.substr(at, kHexLine)) {
        numbers += fmt::format("{:02x} ", static_cast<unsigned char>(c));
        letters += c >= ' ' && c < 0x7f ? c : '.';
      }
      out_ << fmt::format("{:08x}  {:<48} {}\n", at, numbers, letters);
    }
    if (bytes.size() > head.size())
      out_ << inked(style_, Ink::dim,
                    fmt::format("(the first {} bytes; --raw gives all of them)", head.size()))
           << '\n';
  }

  Database& db_;
  const HttpRecord& record_;
  const TextStyle& style_;
  std::ostream& out_;
};

void writeRaw(Database& db, const HttpRecord& record, std::ostream& out) {
  const ReadableBody body = readableBody(db, record, HttpPart::response);
  if (const std::string problem = body.problem(); !problem.empty())
    throw TraceError(fmt::format("the body of response {} is {}", record.id, problem));
  out << body.content.bytes;
}

void writeRows(Database& db, const HttpRecord& record, const HttpExchangeOptions& options,
               std::ostream& out) {
  const std::vector<RowColumn> columns = {
      {"part", {}, Align::left}, {"name", {}, Align::left}, {"value", {}, Align::left}};
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columns);
  const auto row = [&](std::string_view part, std::string_view name, Cell value) {
    const std::vector<Cell> cells = {Cell(part), Cell(name), std::move(value)};
    writer->row(cells);
  };
  const auto text = [](const std::string& value) { return value.empty() ? Cell() : Cell(value); };
  const auto number = [](const auto& value) { return value ? Cell(static_cast<int64_t>(*value)) : Cell(); };
  row("request", "method", text(record.method));
  row("request", "url", text(record.url));
  row("request", "version", text(record.version));
  row("response", "status", number(record.status));
  row("response", "reason", text(record.reason));
  row("response", "error", text(record.error));
  for (const HttpPart part : {HttpPart::request, HttpPart::response}) {
    const HttpMessageRecord& message = part == HttpPart::request ? record.request : record.response;
    const std::string name(httpPartName(part));
    for (const auto& [block, what] :
         {std::pair(&message.headers, "header"), std::pair(&message.trailers, "trailer")}) {
      for (const analysis::HeaderField& field : analysis::headerFields(*block))
        row(name, fmt::format("{} {}", what, field.name), Cell(field.value));
    }
    row(name, "bytes", number(message.bytes));
    const ReadableBody body = readableBody(db, record, part);
    Cell content(body.content.bytes);
    content.blob = !isSqlText(body.content.bytes);
    row(name, "body", body.problem().empty() ? content : Cell());
  }
  row("timing", "ts", Cell(record.ts));
  row("timing", "request_end_ts", number(record.request_end_ts));
  row("timing", "first_byte_ts", number(record.first_byte_ts));
  row("timing", "end_ts", number(record.end_ts));
  row("timing", "process", text(record.comm));
  row("timing", "pid", Cell(record.pid));
  writer->end();
}

}  // namespace

void httpExchangeReport(Database& db, int64_t id, const HttpExchangeOptions& options, std::ostream& out) {
  requireHttp(db);
  const HttpRecord record = httpRecord(db, id);
  if (options.raw) return writeRaw(db, record, out);
  if (options.format != RowFormat::table) return writeRows(db, record, options, out);
  writeNotes(db, options.style, out);
  Page(db, record, options.style, out).write();
}

}  // namespace tarry
