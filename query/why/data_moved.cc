#include "query/why/data_moved.h"

#include <fmt/format.h>

#include "analyzer/sqlite.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr std::string_view kReads =
    "'read', 'pread64', 'readv', 'preadv', 'preadv2', 'recvfrom', 'recvmsg', 'recvmmsg', 'getdents64'";
constexpr std::string_view kWrites =
    "'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile',"
    " 'splice', 'copy_file_range', 'vmsplice'";

std::vector<MovedBytes> moved(Database& db, std::string_view where, std::string_view names, int64_t& total) {
  auto q = db.prepare(
      fmt::format("SELECT coalesce(r.name, '?'), sum(s.bytes) AS b, count(*) FROM syscall s LEFT JOIN resource r"
                  " ON r.id = s.resource_id WHERE {} AND s.name IN ({}) AND s.bytes > 0 GROUP BY 1 ORDER BY b DESC",
                  where, names));
  std::vector<MovedBytes> result;
  while (q.step()) {
    total += q.integer(1);
    if (result.size() < 5) result.push_back({printable(q.text(0)), q.integer(1), q.integer(2)});
  }
  return result;
}

DataMoved gather(Database& db, std::string_view where) {
  DataMoved result;
  result.read = moved(db, where, kReads, result.read_bytes);
  result.written = moved(db, where, kWrites, result.written_bytes);
  auto q = db.prepare(fmt::format(
      "SELECT s.name, count(*), sum(coalesce(s.dur, 0) - s.blocked_ns) AS t FROM syscall s WHERE {}"
      " GROUP BY s.name ORDER BY t DESC", where));
  while (q.step()) {
    result.calls += q.integer(1);
    if (result.busiest.size() < 5)
      result.busiest.push_back({printable(q.text(0)), q.integer(1), q.integer(2)});
  }
  return result;
}

}  // namespace

DataMoved dataMoved(Database& db, int64_t from_ns, int64_t to_ns) {
  return gather(db, fmt::format("s.ts >= {} AND s.ts < {}", from_ns, to_ns));
}

DataMoved dataMoved(Database& db, int64_t upid, int64_t from_ns, int64_t to_ns) {
  return gather(db, fmt::format("s.ts >= {} AND s.ts < {} AND s.utid IN (SELECT utid FROM thread WHERE upid = {})",
                                from_ns, to_ns, upid));
}

}  // namespace tarry
