#include "format/socket_codec.h"

#include <algorithm>
#include <array>

#include "format/dictionary.h"
#include "format/int_column.h"

namespace tarry {
namespace {

struct Columns {
  IntColumn kind, state, thread, has_facts, ts, socket, resource, error;
  std::array<IntColumn, kTcpFacts.size()> facts;
};

// What has one value a row and is no index.
template <class Mode>
void codeRows(std::vector<SocketEvent>& rows, int64_t base_ns, Columns& columns) {
  const Mode mode{};
  SocketEvent last;
  last.ts_ns = base_ns;
  for (size_t i = 0; i < rows.size(); ++i) {
    SocketEvent& row = rows[i];
    code(mode, columns.ts, i, row.ts_ns, last.ts_ns);
    code(mode, columns.socket, i, row.socket, last.socket);
    code(mode, columns.resource, i, row.resource.value, last.resource.value);
    code(mode, columns.error, i, row.error, 0);
    for (size_t k = 0; k < kTcpFacts.size(); ++k)
      code(mode, columns.facts[k], i, row.facts.*kTcpFacts[k], uint64_t{0});
    last = row;
  }
}

}  // namespace

void encodeSockets(std::vector<SocketEvent>& rows, schema::Sockets::Builder out) {
  Dictionary<uint32_t> threads;
  Columns columns;
  for (const SocketEvent& row : rows) {
    columns.thread.push_back(zigzag(threads.indexOf(row.thread.value)));
    columns.kind.push_back(zigzag(static_cast<uint64_t>(row.kind)));
    columns.state.push_back(zigzag(static_cast<uint64_t>(row.state)));
    columns.has_facts.push_back(zigzag(row.has_facts ? 1 : 0));
  }
  for (IntColumn* column : {&columns.ts, &columns.socket, &columns.resource, &columns.error})
    column->resize(rows.size());
  for (IntColumn& column : columns.facts) column.resize(rows.size());
  const int64_t base_ns = rows.empty() ? 0 : rows.front().ts_ns;
  codeRows<Writing>(rows, base_ns, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  putColumn(columns.kind, [&] { return out.initKind(); });
  putColumn(columns.state, [&] { return out.initState(); });
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.socket, [&] { return out.initSocket(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.error, [&] { return out.initError(); });
  putColumn(columns.has_facts, [&] { return out.initHasFacts(); });
  auto facts = out.initFacts(kTcpFacts.size());
  for (unsigned k = 0; k < kTcpFacts.size(); ++k) {
    if (!isZero(columns.facts[k])) putPlanes(columns.facts[k], facts[k]);
  }
}

void decodeSockets(schema::Sockets::Reader in, uint32_t count, std::vector<SocketEvent>& rows) {
  const auto threads = in.getThreads();
  Columns columns;
  getPlanes(in.getKind(), count, columns.kind);
  getPlanes(in.getState(), count, columns.state);
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getSocket(), count, columns.socket);
  getPlanes(in.getResource(), count, columns.resource);
  getPlanes(in.getError(), count, columns.error);
  getPlanes(in.getHasFacts(), count, columns.has_facts);
  checkIndexes(columns.thread, threads.size());
  // Another version knows more of them, or fewer.
  const auto facts = in.getFacts();
  for (unsigned k = 0; k < kTcpFacts.size(); ++k) {
    if (k < facts.size()) getPlanes(facts[k], count, columns.facts[k]);
    else columns.facts[k].resize(count);
  }
  rows.assign(count, {});
  codeRows<Reading>(rows, in.getBaseNs(), columns);
  for (size_t i = 0; i < count; ++i) {
    SocketEvent& row = rows[i];
    row.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    row.kind = knownOr(unzigzag(columns.kind[i]), SocketEventKind::facts, SocketEventKind::unknown);
    row.state = knownOr(unzigzag(columns.state[i]), TcpState::closing, TcpState::unknown);
    row.has_facts = unzigzag(columns.has_facts[i]) != 0;
  }
}

}  // namespace tarry
