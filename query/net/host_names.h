// HostNames: the names of addresses, as far as lookups in the trace gave them. The name is the one that was
// asked for, also where the answer led there over aliases (CNAME). Immutable once loaded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tarry {

class Database;

class HostNames {
 public:
  explicit HostNames(Database& db);

  // The name whose lookup answered last with this address at or before `ts`, that of process `upid` before
  // those of others; of lookups that came later only if there is no other. Empty: no lookup gave it.
  std::string_view nameOf(std::string_view address, int64_t ts = INT64_MAX, int64_t upid = 0) const;

 private:
  struct Given {
    int64_t ts = 0;  // of the answer
    int64_t upid = 0;
    std::string name;
  };
  std::unordered_map<std::string, std::vector<Given>> names_;  // by address, in the order of time
};

}  // namespace tarry
