#include "query/net/host_names.h"

#include <algorithm>
#include <map>

#include "analyzer/net/dns_message.h"
#include "analyzer/sqlite.h"

namespace tarry {
namespace {

struct Record {
  std::string name, type, data;
};

// Whether the aliases of an answer lead from `asked` to `name`.
bool leadsTo(const std::vector<Record>& records, const std::string& asked, const std::string& name) {
  std::string at = analysis::dnsLowerCase(asked);
  const std::string wanted = analysis::dnsLowerCase(name);
  for (size_t steps = 0; steps <= records.size(); steps++) {
    if (at == wanted) return true;
    const auto alias = std::find_if(records.begin(), records.end(), [&](const Record& record) {
      return record.type == "CNAME" && analysis::dnsLowerCase(record.name) == at;
    });
    if (alias == records.end()) return false;
    at = analysis::dnsLowerCase(alias->data);
  }
  return false;
}

}  // namespace

HostNames::HostNames(Database& db) {
  auto q = db.prepare(
      "SELECT d.id, d.ts + coalesce(d.dur, 0), d.upid, d.name, a.name, a.type, a.data FROM dns d"
      " JOIN dns_answer a ON a.dns_id = d.id WHERE d.rcode = 'NOERROR' AND a.type IN ('A', 'AAAA', 'CNAME')"
      " ORDER BY 2, d.id, a.rowid");
  int64_t lookup = 0;
  Given given;
  std::vector<Record> records;
  const auto add = [&] {
    for (const Record& record : records) {
      if (record.type == "CNAME") continue;
      Given one = given;
      if (!leadsTo(records, given.name, record.name)) one.name = record.name;
      names_[record.data].push_back(std::move(one));
    }
    records.clear();
  };
  while (q.step()) {
    if (q.integer(0) != lookup) {
      add();
      lookup = q.integer(0);
      given = {q.integer(1), q.integer(2), std::string(q.text(3))};
    }
    records.push_back({std::string(q.text(4)), std::string(q.text(5)), std::string(q.text(6))});
  }
  add();
}

std::string_view HostNames::nameOf(std::string_view address, int64_t ts, int64_t upid) const {
  const auto found = names_.find(std::string(address));
  if (found == names_.end()) return {};
  const std::vector<Given>& all = found->second;
  const Given* best = nullptr;
  for (const Given& given : all) {
    if (given.ts > ts) break;
    if (best == nullptr || given.upid == upid || best->upid != upid) best = &given;
  }
  return best != nullptr ? std::string_view(best->name) : std::string_view(all.front().name);
}

}  // namespace tarry
