#include "analyzer/net/http_log.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/net/http_tables.h"
#include "analyzer/net/http_text.h"
#include "analyzer/tables.h"

namespace tarry::analysis {
namespace {

// What a row takes beside its texts: with the allocator's share, and its place in the queue.
constexpr size_t kRowBytes = sizeof(HttpExchange) + 64;
// Vectors double.
constexpr size_t kExtentBytes = sizeof(BodyExtent) * 2;
// Requests on the other side that are looked at for one of this side.
constexpr size_t kPairWindow = 64;

std::string_view orNull(std::string_view text) {
  return text.empty() ? std::string_view() : text;
}

// The worst of what is wrong with it.
Label errorOf(const HttpExchange& exchange) {
  const HttpMessage& request = exchange.request;
  const HttpMessage& response = exchange.response;
  if (request.truncated || response.truncated) return Label("truncated");
  if (exchange.reset) return Label("reset");
  if (!request.seen || exchange.unlinked) return Label("incomplete");
  if (!response.seen) return Label("unanswered");
  if (request.incomplete || response.incomplete || !response.ended || !request.ended)
    return Label("incomplete");
  return {};
}

int64_t endOf(const HttpExchange& exchange) {
  return std::max(exchange.request.last_ts, exchange.response.last_ts);
}

bool sameRequest(const HttpExchange& asked, const HttpExchange& heard) {
  if (heard.beginTs() < asked.beginTs()) return false;
  if (asked.response.seen && asked.response.ended && heard.beginTs() > endOf(asked)) return false;
  return asked.method == heard.method && asked.target == heard.target && asked.stream == heard.stream;
}

// Of each channel by what its resource's other end is: the channels of both ends of a connection.
using ChannelIndexes = std::map<uint64_t, std::vector<size_t>>;

void pairChannels(const std::vector<const HttpExchange*>& exchanges, const std::vector<size_t>& asked,
                  const std::vector<size_t>& heard, std::vector<size_t>& pairs) {
  size_t next = 0;
  for (const size_t mine : asked) {
    const size_t end = std::min(heard.size(), next + kPairWindow);
    for (size_t i = next; i < end; i++) {
      if (!sameRequest(*exchanges[mine], *exchanges[heard[i]])) continue;
      pairs[mine] = heard[i];
      pairs[heard[i]] = mine;
      next = i + 1;
      break;
    }
  }
}

}  // namespace

std::string HttpExchange::url() const {
  if (target.empty()) return {};
  if (method == "CONNECT" || target.find("://") != std::string::npos || host.empty()) return target;
  const std::string_view by_default = plaintext ? "https" : "http";
  const std::string start = (scheme.empty() ? std::string(by_default) : scheme) + "://" + host;
  return target.front() == '/' ? start + target : start + "/" + target;
}

HttpExchange* HttpLog::add(const Channel& channel) {
  if (!budget_.take(kRowBytes)) {
    left_out_++;
    return nullptr;
  }
  HttpExchange& exchange = exchanges_.emplace_back();
  exchange.channel = channel.id;
  exchange.resource = channel.resource;
  exchange.plaintext = channel.plaintext;
  return &exchange;
}

bool HttpLog::keep(std::string& member, std::string_view text) {
  if (!budget_.take(text.size())) return false;
  member += text;
  return true;
}

bool HttpLog::keep(HttpMessage& message, const Piece& piece, size_t offset, size_t length) {
  // Without a row of their own the bytes were seen all the same: not all tables are asked for.
  if (length == 0 || piece.source == PieceSource::none) return true;
  if (!message.body.empty()) {
    BodyExtent& last = message.body.back();
    if (last.source == piece.source && last.source_id == piece.source_id &&
        last.offset + last.length == static_cast<int64_t>(offset)) {
      last.length += static_cast<int64_t>(length);
      return true;
    }
  }
  if (!budget_.take(kExtentBytes)) {
    message.incomplete = true;
    return false;
  }
  message.body.push_back(
      {piece.source, piece.source_id, static_cast<int64_t>(offset), static_cast<int64_t>(length)});
  return true;
}

std::vector<size_t> pairedExchanges(const std::vector<const HttpExchange*>& exchanges,
                                    const ResourceTracker& resources) {
  std::vector<size_t> pairs(exchanges.size(), SIZE_MAX);
  ChannelIndexes asked, heard;
  // A socket's rows share its cookie.
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> channel_of;
  const auto key_of = [](const Resource& resource) {
    return resource.cookie != 0 ? std::pair<uint64_t, uint64_t>(1, resource.cookie)
                                : std::pair<uint64_t, uint64_t>(0, resource.id.value);
  };
  for (size_t i = 0; i < exchanges.size(); i++) {
    const HttpExchange& exchange = *exchanges[i];
    if (!exchange.request.seen || exchange.method.empty()) continue;
    if (exchange.client) {
      asked[exchange.channel].push_back(i);
      continue;
    }
    heard[exchange.channel].push_back(i);
    if (const Resource* resource = resources.find(exchange.resource))
      channel_of[key_of(*resource)] = exchange.channel;
  }
  for (const auto& [channel, indexes] : asked) {
    const Resource* other = resources.find(resources.otherEnd(exchanges[indexes.front()]->resource));
    if (other == nullptr) continue;
    const auto found = channel_of.find(key_of(*other));
    if (found != channel_of.end()) pairChannels(exchanges, indexes, heard[found->second], pairs);
  }
  return pairs;
}

void HttpLog::store(Database& db, const ResourceTracker& resources, int64_t from_ts, int64_t to_ts) const {
  std::vector<const HttpExchange*> rows;
  for (const HttpExchange& exchange : exchanges_) {
    if (endOf(exchange) >= from_ts && exchange.beginTs() <= to_ts) rows.push_back(&exchange);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const HttpExchange* a, const HttpExchange* b) {
    return std::tuple(a->beginTs(), a->channel) < std::tuple(b->beginTs(), b->channel);
  });
  const std::vector<size_t> pairs = pairedExchanges(rows, resources);
  Inserter<tables::kHttp> into(db);
  Inserter<tables::kHttpBody> into_body(db);
  for (size_t i = 0; i < rows.size(); i++) {
    const HttpExchange& exchange = *rows[i];
    const HttpMessage& request = exchange.request;
    const HttpMessage& response = exchange.response;
    tables::HttpRow row;
    row.id = static_cast<int64_t>(i) + 1;
    row.ts = exchange.beginTs();
    row.error = errorOf(exchange);
    if (request.seen && request.ended) row.request_end_ts = request.last_ts;
    if (response.seen) row.first_byte_ts = response.begin_ts;
    if (response.ended) {
      row.end_ts = response.last_ts;
      row.dur = response.last_ts - row.ts;
    }
    row.utid = exchange.utid;
    row.upid = exchange.upid;
    if (exchange.resource) row.resource_id = exchange.resource.value;
    row.side = Label(exchange.client ? "client" : "server");
    row.version = Label(exchange.version);
    if (exchange.stream != 0) row.stream = exchange.stream;
    const std::string url = exchange.url();
    row.method = orNull(exchange.method);
    row.url = orNull(url);
    row.host = orNull(exchange.host);
    row.status = exchange.status;
    row.reason = orNull(exchange.reason);
    const bool whole_request = request.seen && !request.truncated;
    const bool whole_response = response.seen && !response.truncated;
    // An empty block is known to be empty.
    static constexpr std::string_view kEmpty = "";
    const auto block = [](bool whole, const std::string& text) {
      return text.empty() ? (whole ? kEmpty : std::string_view()) : std::string_view(text);
    };
    row.request_headers = block(whole_request, request.headers);
    row.response_headers = block(whole_response, response.headers);
    row.request_trailers = orNull(request.trailers);
    row.response_trailers = orNull(response.trailers);
    if (request.size_known)
      row.request_bytes = static_cast<int64_t>(std::min<uint64_t>(request.body_bytes, INT64_MAX));
    if (response.size_known)
      row.response_bytes = static_cast<int64_t>(std::min<uint64_t>(response.body_bytes, INT64_MAX));
    const std::vector<HeaderField> fields = headerFields(response.headers);
    const std::optional<std::string_view> type = findHeader(fields, "content-type");
    const std::optional<std::string_view> encoding = findHeader(fields, "content-encoding");
    if (type) row.content_type = orNull(*type);
    if (encoding) row.content_encoding = orNull(*encoding);
    row.tls = exchange.plaintext ? 1 : 0;
    if (pairs[i] != SIZE_MAX) row.pair_id = static_cast<int64_t>(pairs[i]) + 1;
    row.request_complete = whole_request && request.ended && !request.incomplete ? 1 : 0;
    row.response_complete = whole_response && response.ended && !response.incomplete ? 1 : 0;
    into.insert(row);
    for (const bool is_request : {true, false}) {
      int64_t seq = 0;
      for (const BodyExtent& extent : (is_request ? request : response).body) {
        tables::HttpBodyRow part;
        part.http_id = row.id;
        part.part = Label(is_request ? "request" : "response");
        part.seq = seq++;
        part.source = Label(extent.source == PieceSource::plaintext ? "plaintext" : "payload");
        part.source_id = extent.source_id;
        part.offset = extent.offset;
        part.length = extent.length;
        into_body.insert(part);
      }
    }
  }
  if (left_out_ > 0) {
    Inserter<tables::kStats>(db).insert(
        {Label("http_left_out"), left_out_,
         Label("requests that are not in table http, for there were too many")});
  }
}

}  // namespace tarry::analysis
