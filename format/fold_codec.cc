#include "format/fold_codec.h"

#include <tuple>
#include <unordered_map>

#include "format/dictionary.h"
#include "format/int_column.h"

namespace tarry {
namespace {

using Kind = std::tuple<uint8_t, uint8_t, int32_t, int32_t>;  // FoldKind, Abi, number, error

struct Columns {
  IntColumn kind, thread, ts, dur, resource, last_seq, count, total, longest, results;
  void resize(size_t rows) {
    for (IntColumn* column : {&ts, &dur, &resource, &last_seq, &count, &total, &longest, &results})
      column->resize(rows);
  }
};

template <class Mode>
void codeRows(std::vector<FoldEvent>& rows, int64_t base_ns, Columns& columns) {
  const Mode mode{};
  FoldEvent last;
  last.ts_ns = base_ns;
  std::unordered_map<uint64_t, uint32_t> last_seqs;  // by thread
  for (size_t i = 0; i < rows.size(); ++i) {
    FoldEvent& row = rows[i];
    uint32_t& last_seq = last_seqs[columns.thread[i]];
    code(mode, columns.ts, i, row.ts_ns, last.ts_ns);
    code(mode, columns.dur, i, row.dur_ns, int64_t{0});
    code(mode, columns.resource, i, row.resource.value, last.resource.value);
    code(mode, columns.last_seq, i, row.last_seq, last_seq);
    code(mode, columns.count, i, row.count, uint64_t{0});
    code(mode, columns.total, i, row.total_ns, int64_t{0});
    code(mode, columns.longest, i, row.longest_ns, int64_t{0});
    code(mode, columns.results, i, row.result_sum, int64_t{0});
    last_seq = row.last_seq;
    last = row;
  }
}

}  // namespace

void encodeFolds(std::vector<FoldEvent>& rows, schema::Folds::Builder out) {
  Dictionary<uint32_t> threads;
  Dictionary<Kind> kinds;
  Columns columns;
  for (const FoldEvent& row : rows) {
    columns.thread.push_back(zigzag(threads.indexOf(row.thread.value)));
    columns.kind.push_back(zigzag(
        kinds.indexOf({static_cast<uint8_t>(row.kind), static_cast<uint8_t>(row.abi), row.nr, row.error})));
  }
  columns.resize(rows.size());
  const int64_t base_ns = rows.empty() ? 0 : rows.front().ts_ns;
  codeRows<Writing>(rows, base_ns, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  auto list = out.initKinds(static_cast<unsigned>(kinds.values().size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const auto& [kind, abi, nr, error] = kinds.values()[i];
    list[i].setKind(kind);
    list[i].setAbi(abi);
    list[i].setNr(nr);
    list[i].setError(error);
  }
  putColumn(columns.kind, [&] { return out.initKind(); });
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.dur, [&] { return out.initDur(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.last_seq, [&] { return out.initLastSeq(); });
  putColumn(columns.count, [&] { return out.initCount(); });
  putColumn(columns.total, [&] { return out.initTotalNs(); });
  putColumn(columns.longest, [&] { return out.initLongestNs(); });
  putColumn(columns.results, [&] { return out.initResultSum(); });
}

void decodeFolds(schema::Folds::Reader in, uint32_t count, std::vector<FoldEvent>& rows) {
  const auto threads = in.getThreads();
  const auto kinds = in.getKinds();
  Columns columns;
  getPlanes(in.getKind(), count, columns.kind);
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getDur(), count, columns.dur);
  getPlanes(in.getResource(), count, columns.resource);
  getPlanes(in.getLastSeq(), count, columns.last_seq);
  getPlanes(in.getCount(), count, columns.count);
  getPlanes(in.getTotalNs(), count, columns.total);
  getPlanes(in.getLongestNs(), count, columns.longest);
  getPlanes(in.getResultSum(), count, columns.results);
  checkIndexes(columns.thread, threads.size());
  checkIndexes(columns.kind, kinds.size());
  rows.assign(count, {});
  codeRows<Reading>(rows, in.getBaseNs(), columns);
  for (size_t i = 0; i < count; ++i) {
    FoldEvent& row = rows[i];
    row.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    const auto kind = kinds[static_cast<unsigned>(unzigzag(columns.kind[i]))];
    row.kind = knownOr(kind.getKind(), FoldKind::payload, FoldKind::unknown);
    row.abi = knownOr(kind.getAbi(), Abi::aarch64, Abi::none);
    row.nr = kind.getNr();
    row.error = kind.getError();
  }
}

}  // namespace tarry
