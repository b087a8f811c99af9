#include "query/export/har.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/net/http_text.h"
#include "analyzer/resource_label.h"
#include "analyzer/sqlite.h"
#include "query/net/http_record.h"
#include "query/render/json.h"

namespace tarry {
namespace {

using analysis::findHeader;
using analysis::HeaderField;
using analysis::headerFields;
using analysis::sameText;

constexpr std::string_view kFormatVersion = "1.2";
constexpr int64_t kUnknownSize = -1;  // as the format has it

// RFC 4648
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t word = 0;
    for (size_t i = 0; i < 3; i++) word = word << 8U | (i < count ? static_cast<uint8_t>(bytes[at + i]) : 0U);
    for (size_t i = 0; i < 4; i++) text += i <= count ? kDigits[word >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

// ISO 8601, in UTC.
std::string wallTime(int64_t realtime_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t fraction = (realtime_ns % kSecond + kSecond) % kSecond;
  const std::time_t seconds = (realtime_ns - fraction) / kSecond;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, fraction / 1000);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "a=1; b=2" by `separator`.
template <class Pair>
void eachPair(std::string_view text, char separator, Pair pair) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    const std::string_view one = trimmed(text.substr(0, end));
    const size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) pair(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void putNamed(JsonOut& json, std::string_view name, std::string_view value) {
  json.beginObject();
  json.text("name", name);
  json.text("value", value);
  json.endObject();
}

class Archive {
 public:
  Archive(Database& db, std::ostream& out)
      : db_(db),
        json_(out),
        ends_(db.prepare("SELECT h.side, r.local_addr, r.local_port, r.remote_addr, r.remote_port FROM http h"
                         " JOIN resource r ON r.id = h.resource_id WHERE h.id = ?1")) {
    // Like every time of a trace it is bounded (isSaneTime), so that adding a ts stays within an integer.
    auto start = db.prepare("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'start_realtime_ns'");
    if (start.step()) realtime_ns_ = start.integer(0);
  }

  int64_t write() {
    int64_t count = 0;
    json_.beginObject();
    json_.beginObject("log");
    json_.text("version", kFormatVersion);
    json_.beginObject("creator");
    json_.text("name", "tarry");
    json_.text("version", TARRY_VERSION);
    json_.endObject();
    json_.beginArray("entries");
    for (const HttpRecord& one : httpRecords(db_)) {
      const bool told_by_client = one.side == "server" && one.pair_id.has_value();
      if (told_by_client || one.method.empty()) continue;
      entry(httpRecord(db_, one.id));
      count++;
    }
    json_.endArray();
    json_.endObject();
    json_.endObject();
    return count;
  }

 private:
  struct Server {
    std::string address, text;  // "127.0.0.1", "127.0.0.1:80"
  };

  void entry(const HttpRecord& record) {
    const Server server = serverOf(record.id);
    json_.beginObject();
    json_.text("startedDateTime", wallTime(realtime_ns_ + record.ts));
    const int64_t end_ts = record.end_ts.value_or(record.first_byte_ts.value_or(record.ts));
    json_.milliseconds("time", end_ts - record.ts);
    request(record, server);
    response(record);
    json_.beginObject("cache");
    json_.endObject();
    json_.beginObject("timings");
    const int64_t sent_ts = record.request_end_ts.value_or(record.ts);
    const int64_t first_ts = std::max(record.first_byte_ts.value_or(sent_ts), sent_ts);
    json_.milliseconds("send", sent_ts - record.ts);
    json_.milliseconds("wait", first_ts - sent_ts);
    json_.milliseconds("receive", std::max<int64_t>(end_ts - first_ts, 0));
    json_.endObject();
    if (!server.address.empty()) json_.text("serverIPAddress", server.address);
    std::string comment = record.process;
    if (!record.error.empty()) comment += ": " + record.error;
    json_.text("comment", comment);
    json_.endObject();
  }

  Server serverOf(int64_t id) {
    Server server;
    ends_.reset();
    ends_.bind(1, id);
    if (!ends_.step()) return server;
    const int at = ends_.text(0) == "server" ? 1 : 3;
    if (ends_.isNull(at) || ends_.isNull(at + 1)) return server;
    server.address = std::string(ends_.text(at));
    server.text = analysis::endpointText(server.address, static_cast<uint16_t>(ends_.integer(at + 1)));
    return server;
  }

  void headers(std::string_view block) {
    json_.beginArray("headers");
    for (const HeaderField& field : headerFields(block)) putNamed(json_, field.name, field.value);
    json_.endArray();
  }

  void sizes(const HttpMessageRecord& message) {
    // With the first line it was more, which is not in the table.
    json_.number("headersSize", kUnknownSize);
    json_.number("bodySize", message.bytes ? static_cast<int64_t>(*message.bytes) : kUnknownSize);
  }

  void request(const HttpRecord& record, const Server& server) {
    const std::vector<HeaderField> fields = headerFields(record.request.headers);
    const bool absolute = record.url.find("://") != std::string::npos;
    json_.beginObject("request");
    json_.text("method", record.method);
    json_.text("url",
               absolute ? record.url : (record.tls ? "https://" : "http://") + server.text + record.url);
    json_.text("httpVersion", "HTTP/" + record.version);
    json_.beginArray("cookies");
    for (const HeaderField& field : fields) {
      if (sameText(field.name, "Cookie"))
        eachPair(field.value, ';', [&](auto name, auto value) { putNamed(json_, name, value); });
    }
    json_.endArray();
    headers(record.request.headers);
    json_.beginArray("queryString");
    const std::string_view url = std::string_view(record.url).substr(0, record.url.find('#'));
    if (const size_t query = url.find('?'); query != url.npos)
      eachPair(url.substr(query + 1), '&', [&](auto name, auto value) { putNamed(json_, name, value); });
    json_.endArray();
    if (record.request.bytes.value_or(0) > 0) {
      const ReadableBody body = readableBody(db_, record, HttpPart::request);
      json_.beginObject("postData");
      json_.text("mimeType", findHeader(fields, "Content-Type").value_or(""));
      json_.beginArray("params");
      json_.endArray();
      // The format knows no other coding here.
      json_.text("text", body.is_text ? body.content.bytes : base64(body.content.bytes));
      const std::string problem = body.problem();
      if (!body.is_text || !problem.empty())
        json_.text("comment", body.is_text ? problem : problem.empty() ? "base64" : "base64; " + problem);
      json_.endObject();
    }
    sizes(record.request);
    json_.endObject();
  }

  void setCookie(std::string_view value) {
    bool first = true, http_only = false, secure = false;
    json_.beginObject();
    eachPair(value, ';', [&](std::string_view name, std::string_view text) {
      if (first) {
        json_.text("name", name);
        json_.text("value", text);
      } else if (sameText(name, "path") || sameText(name, "domain")) {
        json_.text(sameText(name, "path") ? "path" : "domain", text);
      }
      http_only = http_only || (!first && sameText(name, "httponly"));
      secure = secure || (!first && sameText(name, "secure"));
      first = false;
    });
    if (first) putMissingCookie();
    json_.truth("httpOnly", http_only);
    json_.truth("secure", secure);
    json_.endObject();
  }
  void putMissingCookie() {
    json_.text("name", "");
    json_.text("value", "");
  }

  void response(const HttpRecord& record) {
    const std::vector<HeaderField> fields = headerFields(record.response.headers);
    json_.beginObject("response");
    json_.number("status", record.status.value_or(0));
    json_.text("statusText", record.reason);
    json_.text("httpVersion", "HTTP/" + record.version);
    json_.beginArray("cookies");
    for (const HeaderField& field : fields) {
      if (sameText(field.name, "Set-Cookie")) setCookie(field.value);
    }
    json_.endArray();
    headers(record.response.headers);
    json_.beginObject("content");
    const ReadableBody body = readableBody(db_, record, HttpPart::response);
    json_.number("size", static_cast<int64_t>(body.content.bytes.size()));
    json_.text("mimeType", record.content_type.empty() ? "application/octet-stream" : record.content_type);
    if (!body.content.bytes.empty()) {
      // Text of other encodings, too, as JSON can only be UTF-8.
      const bool as_it_is = isSqlText(body.content.bytes);
      json_.text("text", as_it_is ? body.content.bytes : base64(body.content.bytes));
      if (!as_it_is) json_.text("encoding", "base64");
    }
    if (const std::string problem = body.problem(); !problem.empty()) json_.text("comment", problem);
    json_.endObject();
    json_.text("redirectURL", findHeader(fields, "Location").value_or(""));
    sizes(record.response);
    json_.endObject();
  }

  Database& db_;
  JsonOut json_;
  Statement ends_;
  int64_t realtime_ns_ = 0;
};

}  // namespace

int64_t exportHar(Database& db, std::ostream& out) {
  requireHttp(db);
  return Archive(db, out).write();
}

}  // namespace tarry
