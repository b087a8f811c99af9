// Tables of the lookups of names.
#pragma once

#include "analyzer/table.h"

namespace tarry::tables {

struct DnsRow {
  int64_t id = 0;
  int64_t ts = 0;
  NullableInteger dur;
  int64_t upid = 0;
  int64_t utid = 0;
  NullableInteger resource_id;
  Label transport;
  std::string_view server_addr;
  NullableInteger server_port;
  int64_t query_id = 0;
  std::string_view name;
  std::string_view type;
  std::string_view rcode;
  Label errno_name;
  std::string_view answers;
  int64_t tries = 0;
  int64_t truncated = 0;
  Label side;
};
inline constexpr Table<DnsRow, 18> kDns{
    "dns",
    "Lookups of names by DNS, as the payload shows them: a row a question of a process, with its "
    "repetitions.",
    {{{"id", &DnsRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &DnsRow::ts, "when it was first asked; with tries 0: when the answer came"},
      {"dur", &DnsRow::dur, "until the answer; NULL: there was none, or the question is not in the trace"},
      {"upid", &DnsRow::upid, "process.upid"},
      {"utid", &DnsRow::utid, "thread.utid that asked, or as a server was asked"},
      {"resource_id", &DnsRow::resource_id, "socket"},
      {"transport", &DnsRow::transport, "udp, tcp (also where it began with UDP), mdns"},
      {"server_addr", &DnsRow::server_addr, "server that answered, or was asked last"},
      {"server_port", &DnsRow::server_port, "its port"},
      {"query_id", &DnsRow::query_id, "id of the message"},
      {"name", &DnsRow::name, "that was asked for, without the dot at its end"},
      {"type", &DnsRow::type, "A, AAAA, PTR, HTTPS, ..."},
      {"rcode", &DnsRow::rcode, "NOERROR, NXDOMAIN, SERVFAIL, ...; NULL: no answer"},
      {"errno", &DnsRow::errno_name,
       "error of the socket with which the last try failed: ECONNREFUSED, ...; POLLERR where the resolver "
       "did not "
       "ask which; NULL: none was seen"},
      {"answers", &DnsRow::answers, "what the answer says, in one line; table dns_answer has it in rows"},
      {"tries", &DnsRow::tries, "times it was asked; 0: not in the trace"},
      {"truncated", &DnsRow::truncated, "1: an answer was too long for UDP"},
      {"side", &DnsRow::side, "client: the process asked; server: it was asked"}}},
    {"ts", "name"}};

struct DnsAnswerRow {
  int64_t dns_id = 0;
  std::string_view name;
  std::string_view type;
  int64_t ttl = 0;
  std::string_view data;
};
inline constexpr Table<DnsAnswerRow, 5> kDnsAnswer{
    "dns_answer",
    "The records of the answers in table dns.",
    {{{"dns_id", &DnsAnswerRow::dns_id, "dns.id"},
      {"name", &DnsAnswerRow::name, "that the record is about: after a CNAME not the one asked for"},
      {"type", &DnsAnswerRow::type, "A, AAAA, CNAME, ..."},
      {"ttl", &DnsAnswerRow::ttl, "seconds that it may be kept"},
      {"data", &DnsAnswerRow::data, "as in a zone file: an address, a name, 10 mail.example.org"}}},
    {"dns_id", "data"}};

}  // namespace tarry::tables
