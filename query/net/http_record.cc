#include "query/net/http_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/process_label.h"
#include "query/render/units.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

constexpr std::string_view kColumns =
    "h.id, h.ts, h.request_end_ts, h.first_byte_ts, h.end_ts, h.status, h.stream, h.pair_id, h.side, "
    "h.version, "
    "h.method, h.url, h.host, h.reason, h.content_type, h.error, h.tls, h.request_bytes, h.response_bytes, "
    "h.request_complete, h.response_complete, p.pid, p.comm, p.exe, p.cmdline";
constexpr std::string_view kFrom = " FROM http h LEFT JOIN process p USING (upid)";
constexpr int kColumnCount = 25;

std::optional<int64_t> optionalInteger(const Statement& q, int column) {
  return q.isNull(column) ? std::nullopt : std::optional<int64_t>(q.integer(column));
}

std::string optionalText(const Statement& q, int column) {
  return q.isNull(column) ? std::string() : std::string(q.text(column));
}

std::optional<uint64_t> optionalSize(const Statement& q, int column) {
  if (q.isNull(column)) return std::nullopt;
  return static_cast<uint64_t>(std::max<int64_t>(q.integer(column), 0));
}

HttpRecord recordOf(const Statement& q) {
  HttpRecord record;
  int column = 0;
  record.id = q.integer(column++);
  record.ts = q.integer(column++);
  for (std::optional<int64_t>* value : {&record.request_end_ts, &record.first_byte_ts, &record.end_ts,
                                        &record.status, &record.stream, &record.pair_id})
    *value = optionalInteger(q, column++);
  for (std::string* text : {&record.side, &record.version, &record.method, &record.url, &record.host,
                            &record.reason, &record.content_type, &record.error})
    *text = optionalText(q, column++);
  record.tls = q.integer(column++) != 0;
  record.request.bytes = optionalSize(q, column++);
  record.response.bytes = optionalSize(q, column++);
  record.request.complete = q.integer(column++) != 0;
  record.response.complete = q.integer(column++) != 0;
  ProcessInfoRow process;
  record.pid = process.pid = q.integer(column++);
  record.comm = process.comm = optionalText(q, column++);
  process.exe = optionalText(q, column++);
  process.cmdline = optionalText(q, column++);
  record.process = processTag(process);
  return record;
}

// Other encodings than UTF-8 are text where the server says so.
bool isText(std::string_view bytes, std::string_view type) {
  return isSqlText(bytes) || (type.starts_with("text/") && bytes.find('\0') == bytes.npos);
}

}  // namespace

void requireHttp(Database& db) {
  auto table = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'http'");
  if (!table.step())
    throw TraceError(
        "this database is of a version without HTTP (load it again: tarry load FILE.tarry -o FILE.db)");
  auto rows = db.prepare("SELECT 1 FROM http LIMIT 1");
  if (rows.step()) return;
  auto snaplen = db.prepare("SELECT 1 FROM meta WHERE key = 'snaplen' AND value != '0'");
  if (snaplen.step()) throw TraceError(nothingIn(db, "HTTP"));
  auto name = db.prepare("SELECT value FROM meta WHERE key = 'file'");
  const std::string file = name.step() ? printable(name.text(0)) : "the trace";
  throw TraceError(
      fmt::format("{} holds no payload, so no HTTP can be found in it (record it with: tarry record "
                  "--snaplen all -- COMMAND)",
                  file));
}

std::vector<HttpRecord> httpRecords(Database& db) {
  std::vector<HttpRecord> records;
  auto q = db.prepare(fmt::format("SELECT {}{} ORDER BY h.id", kColumns, kFrom));
  while (q.step()) records.push_back(recordOf(q));
  return records;
}

HttpRecord httpRecord(Database& db, int64_t id) {
  auto q =
      db.prepare(fmt::format("SELECT {}, h.request_headers, h.response_headers, h.request_trailers, "
                             "h.response_trailers{} WHERE h.id = ?1",
                             kColumns, kFrom));
  q.bind(1, id);
  if (!q.step()) {
    auto count = db.prepare("SELECT count(*) FROM http");
    count.step();
    throw UsageError(
        fmt::format("there is no request {}: they are numbered from 1 to {}", id, count.integer(0)));
  }
  HttpRecord record = recordOf(q);
  int column = kColumnCount;
  for (HttpMessageRecord* message : {&record.request, &record.response}) {
    message->headers_known = !q.isNull(column);
    message->headers = optionalText(q, column++);
  }
  record.request.trailers = optionalText(q, column++);
  record.response.trailers = optionalText(q, column++);
  return record;
}

std::string statusText(const HttpRecord& record) {
  if (!record.status) return record.error.empty() ? "?" : record.error;
  return record.reason.empty() ? std::to_string(*record.status)
                               : fmt::format("{} {}", *record.status, printable(record.reason));
}

ReadableBody readableBody(Database& db, const HttpRecord& record, HttpPart part) {
  ReadableBody readable;
  readable.body = readHttpBody(db.handle(), record.id, part);
  // What there is of a body that is not whole may end within a compressed block.
  readable.content = decodeContent(readable.body.coding, readable.body.transferred);
  if (readable.content.result == DecodeResult::unknown) readable.content.bytes = readable.body.transferred;
  readable.is_text =
      isText(readable.content.bytes, part == HttpPart::response ? record.content_type : std::string_view());
  return readable;
}

std::string ReadableBody::problem() const {
  if (!body.readable) return "not among what was loaded";
  if (!body.complete) return "not whole in the trace";
  switch (content.result) {
    case DecodeResult::whole: return {};
    case DecodeResult::damaged: return fmt::format("no sound {}", printable(body.coding));
    case DecodeResult::too_much: return "cut: it becomes a huge one when it is decoded";
    case DecodeResult::unknown:
      return fmt::format("in a coding that is not known: {}", printable(body.coding));
  }
  return {};
}

}  // namespace tarry
