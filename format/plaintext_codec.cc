#include "format/plaintext_codec.h"

#include "format/dictionary.h"
#include "format/int_column.h"

namespace tarry {
namespace {

struct Columns {
  IntColumn thread, ts, dur, direction, library, resource, session, result, length, size;
};

// What has one value a row and says nothing of threads.
template <class Mode>
void codeRows(std::vector<PlaintextRows::Row>& rows, int64_t base_ns, Columns& columns) {
  const Mode mode{};
  int64_t last_ns = base_ns;
  uint32_t last_resource = 0;
  uint64_t last_session = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    PlaintextEvent& event = rows[i].event;
    code(mode, columns.ts, i, event.ts_ns, last_ns);
    code(mode, columns.dur, i, event.dur_ns, int64_t{0});
    code(mode, columns.resource, i, event.resource.value, last_resource);
    code(mode, columns.session, i, event.session, last_session);
    code(mode, columns.result, i, event.result, int64_t{0});
    code(mode, columns.size, i, rows[i].size, uint32_t{0});
    code(mode, columns.length, i, event.length, uint64_t{rows[i].size});
    last_ns = event.ts_ns;
    last_resource = event.resource.value;
    last_session = event.session;
  }
}

}  // namespace

void encodePlaintexts(PlaintextRows& rows, schema::Plaintexts::Builder out) {
  Dictionary<uint32_t> threads;
  Columns columns;
  for (const PlaintextRows::Row& row : rows.rows) {
    columns.thread.push_back(zigzag(threads.indexOf(row.event.thread.value)));
    columns.direction.push_back(zigzag(static_cast<uint64_t>(row.event.direction)));
    columns.library.push_back(zigzag(static_cast<uint64_t>(row.event.library)));
  }
  for (IntColumn* column : {&columns.ts, &columns.dur, &columns.resource, &columns.session, &columns.result,
                            &columns.length, &columns.size}) {
    column->resize(rows.rows.size());
  }
  const int64_t base_ns = rows.rows.empty() ? 0 : rows.rows.front().event.ts_ns;
  codeRows<Writing>(rows.rows, base_ns, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.dur, [&] { return out.initDur(); });
  putColumn(columns.direction, [&] { return out.initDirection(); });
  putColumn(columns.library, [&] { return out.initLibrary(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.session, [&] { return out.initSession(); });
  putColumn(columns.result, [&] { return out.initResult(); });
  putColumn(columns.length, [&] { return out.initLength(); });
  putColumn(columns.size, [&] { return out.initSize(); });
  out.setBytes(kj::arrayPtr(rows.bytes.data(), rows.bytes.size()));
}

void decodePlaintexts(schema::Plaintexts::Reader in, uint32_t count, PlaintextRows& rows) {
  const auto threads = in.getThreads();
  Columns columns;
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getDur(), count, columns.dur);
  getPlanes(in.getDirection(), count, columns.direction);
  getPlanes(in.getLibrary(), count, columns.library);
  getPlanes(in.getResource(), count, columns.resource);
  getPlanes(in.getSession(), count, columns.session);
  getPlanes(in.getResult(), count, columns.result);
  getPlanes(in.getLength(), count, columns.length);
  getPlanes(in.getSize(), count, columns.size);
  checkIndexes(columns.thread, threads.size());
  rows.clear();
  rows.rows.resize(count);
  codeRows<Reading>(rows.rows, in.getBaseNs(), columns);
  const auto bytes = in.getBytes();
  rows.place({bytes.begin(), bytes.size()});
  for (size_t i = 0; i < count; ++i) {
    PlaintextRows::Row& row = rows.rows[i];
    row.event.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    row.event.direction = unzigzag(columns.direction[i]) == 0 ? PayloadDirection::in : PayloadDirection::out;
    row.event.library = knownOr(unzigzag(columns.library[i]), TlsLibrary::gnutls, TlsLibrary::unknown);
  }
}

}  // namespace tarry
