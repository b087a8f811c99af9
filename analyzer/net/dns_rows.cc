// DnsLog's rows.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/net/dns.h"
#include "analyzer/net/dns_tables.h"
#include "analyzer/resource_label.h"
#include "analyzer/syscall_tracker.h"
#include "analyzer/tables.h"

namespace tarry::analysis {
namespace {

constexpr size_t kMostLine = 1000;  // characters of a line of answers

bool isKnown(const Endpoint& endpoint) {
  return endpoint.family != 0 &&
         std::any_of(endpoint.addr.begin(), endpoint.addr.end(), [](uint8_t byte) { return byte != 0; });
}

std::string lineOf(const DnsLookup& lookup) {
  std::string line;
  size_t shown = 0;
  for (const DnsRecord& record : lookup.answers) {
    if (line.size() > kMostLine) break;
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", dnsTypeName(record.type), record.data);
    shown++;
  }
  const size_t more = lookup.answers.size() - shown + lookup.answers_missing;
  if (more > 0) line += fmt::format("{}… {} more", line.empty() ? "" : ", ", more);
  return line;
}

Label sourceOf(const DnsLookup& lookup) {
  return Label(lookup.multicast ? "mdns" : lookup.tcp ? "tcp" : "udp");
}

}  // namespace

void DnsLog::store(Database& db, int64_t from_ts, int64_t to_ts) const {
  std::vector<const DnsLookup*> order;
  for (const DnsLookup& lookup : lookups_) {
    if (lookup.ts <= to_ts && lookup.answer_ts.value_or(INT64_MAX) >= from_ts) order.push_back(&lookup);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const DnsLookup* a, const DnsLookup* b) { return a->ts < b->ts; });
  Inserter<tables::kDns> into(db);
  Inserter<tables::kDnsAnswer> into_answer(db);
  int64_t id = 0;
  for (const DnsLookup* lookup : order) {
    tables::DnsRow row;
    row.id = ++id;
    row.ts = lookup->ts;
    if (lookup->answer_ts && lookup->tries > 0)
      row.dur = std::max<int64_t>(*lookup->answer_ts - lookup->ts, 0);
    row.upid = lookup->upid;
    row.utid = lookup->utid;
    if (lookup->resource) row.resource_id = lookup->resource.value;
    row.transport = sourceOf(*lookup);
    std::string server;
    if (isKnown(lookup->server)) server = addressText(lookup->server.family, lookup->server.addr);
    if (!server.empty()) row.server_addr = server;
    if (lookup->server.family != 0) row.server_port = lookup->server.port;
    row.query_id = lookup->id;
    row.name = lookup->name;
    const std::string type = dnsTypeName(lookup->type);
    row.type = type;
    std::string rcode;
    if (lookup->rcode) row.rcode = rcode = dnsRcodeName(*lookup->rcode);
    if (lookup->error == ChannelDecoder::kSomeError) row.errno_name = Label("POLLERR");
    else if (lookup->error != 0) row.errno_name = errnoLabel(lookup->error);
    const std::string answers = lineOf(*lookup);
    if (!answers.empty()) row.answers = answers;
    row.tries = lookup->tries;
    row.truncated = lookup->truncated ? 1 : 0;
    row.side = Label(lookup->client ? "client" : "server");
    into.insert(row);
    for (const DnsRecord& record : lookup->answers) {
      const std::string record_type = dnsTypeName(record.type);
      into_answer.insert({id, record.name, record_type, record.ttl, record.data});
    }
  }
  Inserter<tables::kStats> stats(db);
  stats.insert(
      {Label("dns_malformed"), malformed_, Label("messages on the ports of DNS that are none; skipped")});
  stats.insert({Label("dns_answers_left_out"), answers_left_out_,
                Label("records of DNS answers that were too many to keep")});
}

}  // namespace tarry::analysis
