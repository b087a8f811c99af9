#include "format/signal_codec.h"

#include <array>
#include <tuple>

#include "format/dictionary.h"
#include "format/int_column.h"

namespace tarry {
namespace {

constexpr size_t kFields = std::tuple_size_v<decltype(SignalEvent::fields)>;

struct Columns {
  IntColumn kind, action, thread, sender, ts, signo, code, error;
  std::array<IntColumn, kFields> fields;
};

// What has one value a row and says nothing of threads.
template <class Mode>
void codeRows(std::vector<SignalEvent>& rows, int64_t base_ns, Columns& columns) {
  const Mode mode{};
  SignalEvent last;
  last.ts_ns = base_ns;
  for (size_t i = 0; i < rows.size(); ++i) {
    SignalEvent& row = rows[i];
    code(mode, columns.ts, i, row.ts_ns, last.ts_ns);
    code(mode, columns.signo, i, row.signo, 0);
    code(mode, columns.code, i, row.code, 0);
    code(mode, columns.error, i, row.error, 0);
    for (size_t k = 0; k < kFields; ++k) code(mode, columns.fields[k], i, row.fields[k], last.fields[k]);
    last = row;
  }
}

}  // namespace

void encodeSignals(std::vector<SignalEvent>& rows, schema::Signals::Builder out) {
  Dictionary<uint32_t> threads;
  Columns columns;
  for (const SignalEvent& row : rows) {
    columns.thread.push_back(zigzag(threads.indexOf(row.thread.value)));
    columns.sender.push_back(zigzag(threads.indexOf(row.sender.value)));
    columns.kind.push_back(zigzag(static_cast<uint64_t>(row.kind)));
    columns.action.push_back(zigzag(static_cast<uint64_t>(row.action)));
  }
  for (IntColumn* column : {&columns.ts, &columns.signo, &columns.code, &columns.error})
    column->resize(rows.size());
  for (IntColumn& column : columns.fields) column.resize(rows.size());
  const int64_t base_ns = rows.empty() ? 0 : rows.front().ts_ns;
  codeRows<Writing>(rows, base_ns, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  putColumn(columns.kind, [&] { return out.initKind(); });
  putColumn(columns.action, [&] { return out.initAction(); });
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.sender, [&] { return out.initSender(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.signo, [&] { return out.initSigno(); });
  putColumn(columns.code, [&] { return out.initCode(); });
  putColumn(columns.error, [&] { return out.initError(); });
  auto fields = out.initFields(kFields);
  for (unsigned k = 0; k < kFields; ++k) putPlanes(columns.fields[k], fields[k]);
}

void decodeSignals(schema::Signals::Reader in, uint32_t count, std::vector<SignalEvent>& rows) {
  const auto threads = in.getThreads();
  Columns columns;
  getPlanes(in.getKind(), count, columns.kind);
  getPlanes(in.getAction(), count, columns.action);
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getSender(), count, columns.sender);
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getSigno(), count, columns.signo);
  getPlanes(in.getCode(), count, columns.code);
  getPlanes(in.getError(), count, columns.error);
  checkIndexes(columns.thread, threads.size());
  checkIndexes(columns.sender, threads.size());
  const auto fields = in.getFields();
  if (fields.size() != kFields && count > 0) throw BadBlock("not four columns of signal information");
  for (unsigned k = 0; k < kFields && k < fields.size(); ++k) getPlanes(fields[k], count, columns.fields[k]);
  rows.assign(count, {});
  codeRows<Reading>(rows, in.getBaseNs(), columns);
  for (size_t i = 0; i < count; ++i) {
    SignalEvent& row = rows[i];
    row.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    row.sender = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.sender[i]))]};
    row.kind = knownOr(unzigzag(columns.kind[i]), SignalKind::stopped, SignalKind::unknown);
    row.action = knownOr(unzigzag(columns.action[i]), SignalAction::by_default, SignalAction::unknown);
  }
}

}  // namespace tarry
