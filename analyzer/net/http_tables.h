// Tables of requests and responses.
#pragma once

#include "analyzer/table.h"

namespace tarry::tables {

struct HttpRow {
  int64_t id = 0;
  int64_t ts = 0;
  NullableInteger request_end_ts;
  NullableInteger first_byte_ts;
  NullableInteger end_ts;
  NullableInteger dur;
  int64_t upid = 0;
  int64_t utid = 0;
  NullableInteger resource_id;
  Label side;
  NullableInteger pair_id;
  Label version;
  NullableInteger stream;
  std::string_view method;
  std::string_view url;
  std::string_view host;
  NullableInteger status;
  std::string_view reason;
  std::string_view request_headers;
  std::string_view response_headers;
  std::string_view request_trailers;
  std::string_view response_trailers;
  NullableInteger request_bytes;
  NullableInteger response_bytes;
  std::string_view content_type;
  std::string_view content_encoding;
  int64_t request_complete = 0;
  int64_t response_complete = 0;
  Label error;
  int64_t tls = 0;
};
inline constexpr Table<HttpRow, 30> kHttp{
    "http",
    "HTTP requests with their responses, once for each side that was recorded. Needs payload (--snaplen).",
    {{{"id", &HttpRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &HttpRow::ts,
       "first byte of the request; where that is not in the trace (method NULL), of the response"},
      {"request_end_ts", &HttpRow::request_end_ts, "last byte of the request; NULL: its end was not seen"},
      {"first_byte_ts", &HttpRow::first_byte_ts, "first byte of the response; NULL: there was none"},
      {"end_ts", &HttpRow::end_ts, "last byte of the response; NULL: its end was not seen"},
      {"dur", &HttpRow::dur, "end_ts - ts"},
      {"upid", &HttpRow::upid, "process.upid of this side"},
      {"utid", &HttpRow::utid, "thread.utid that moved the first byte"},
      {"resource_id", &HttpRow::resource_id, "the socket"},
      {"side", &HttpRow::side, "client: it asked; server: it was asked"},
      {"pair_id", &HttpRow::pair_id, "http.id of the same request at the other end, on this machine"},
      {"version", &HttpRow::version, "1.0, 1.1, 2"},
      {"stream", &HttpRow::stream, "of HTTP/2: number of the stream"},
      {"method", &HttpRow::method, "GET, POST, ..."},
      {"url", &HttpRow::url, "with scheme and host, where the request names one"},
      {"host", &HttpRow::host, "as the request names it, with the port if it says one"},
      {"status", &HttpRow::status, "of the response: 200, 404, ...; interim ones (1xx) are no responses"},
      {"reason", &HttpRow::reason, "text behind the status"},
      {"request_headers", &HttpRow::request_headers,
       "lines as they were sent, without the first one; of HTTP/2 without what the other columns say"},
      {"response_headers", &HttpRow::response_headers, "the same of the response"},
      {"request_trailers", &HttpRow::request_trailers, "fields behind the body"},
      {"response_trailers", &HttpRow::response_trailers, "fields behind the body"},
      {"request_bytes", &HttpRow::request_bytes, "size of the body as transferred, without chunk sizes"},
      {"response_bytes", &HttpRow::response_bytes, "size of the body as transferred, without chunk sizes"},
      {"content_type", &HttpRow::content_type, "of the response"},
      {"content_encoding", &HttpRow::content_encoding, "of the response: gzip, br, ..."},
      {"request_complete", &HttpRow::request_complete, "1: the trace has all of its header and body"},
      {"response_complete", &HttpRow::response_complete, "1: the trace has all of its header and body"},
      {"error", &HttpRow::error,
       "truncated: a header is not whole in the trace; reset: the stream was; unanswered: no response came; "
       "incomplete: bytes of a body are missing"},
      {"tls", &HttpRow::tls, "1: it went through TLS"}}},
    {"upid", "resource_id"}};

struct HttpBodyRow {
  int64_t http_id = 0;
  Label part;
  int64_t seq = 0;
  Label source;
  int64_t source_id = 0;
  int64_t offset = 0;
  int64_t length = 0;
};
inline constexpr Table<HttpBodyRow, 7> kHttpBody{
    "http_body",
    "Where the bytes of HTTP bodies stand, without chunk sizes; the function http_body() puts them together.",
    {{{"http_id", &HttpBodyRow::http_id, "http.id"},
      {"part", &HttpBodyRow::part, "request, response"},
      {"seq", &HttpBodyRow::seq, "order, from 0"},
      {"source", &HttpBodyRow::source, "table that has the bytes: payload, plaintext"},
      {"source_id", &HttpBodyRow::source_id, "id in that table"},
      {"offset", &HttpBodyRow::offset, "in its data, from 0"},
      {"length", &HttpBodyRow::length, "bytes"}}},
    {},
    "http_id, part, seq"};

}  // namespace tarry::tables
