#include "query/why/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/sqlite.h"
#include "query/render/units.h"

namespace tarry {
namespace {

// Without scheme and host, which are said otherwise.
std::string_view pathOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const size_t path = url.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : url.substr(path);
}

}  // namespace

Requests::Requests(Database& db) {
  auto q = db.prepare(
      "SELECT r.id, coalesce(r.cookie, 0), q.ts, q.end_ts, q.what, q.name FROM ("
      " SELECT resource_id, ts, end_ts, coalesce(method, '') AS what, coalesce(url, '') AS name FROM http"
      "  WHERE side = 'client'"
      " UNION ALL SELECT resource_id, ts, ts + dur, '', name || ' ' || coalesce(type, '') FROM dns"
      "  WHERE side = 'client' AND name IS NOT NULL) q"
      " JOIN resource r ON r.id = q.resource_id ORDER BY q.ts");
  while (q.step()) {
    constexpr int kWidth = 40;
    const std::string name = q.text(4).empty()
                                 ? printable(q.text(5))
                                 : fmt::format("{} {}", printable(q.text(4)), printable(pathOf(q.text(5))));
    by_socket_[keyOf(q.integer(0), q.integer(1))].push_back(
        {q.integer(2), q.isNull(3) ? INT64_MAX : q.integer(3), cutTo(name, kWidth)});
  }
}

std::string_view Requests::at(const ResourceInfo& socket, int64_t ts) const {
  const auto found = by_socket_.find(keyOf(socket.id, socket.cookie));
  if (found == by_socket_.end()) return {};
  const std::vector<Request>& requests = found->second;
  auto last = std::upper_bound(requests.begin(), requests.end(), ts,
                               [](int64_t at, const Request& request) { return at < request.begin_ts; });
  while (last != requests.begin()) {
    --last;
    if (ts < last->end_ts) return last->text;
  }
  return {};
}

}  // namespace tarry
