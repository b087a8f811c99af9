// A thread that blocks does so again and again in the same call, on the same thing, woken by the
// same thread: what a row needs beyond its time and thread is predicted from the last row of the
// same thread and kind.
#include "format/sched_codec.h"

#include <array>
#include <unordered_map>

#include "format/dictionary.h"
#include "format/int_column.h"

namespace tarry {
namespace {

struct Kind {
  uint8_t abi = 0, state = 0, flags = 0;
  int32_t nr = -1;
  auto operator<=>(const Kind&) const = default;
};

constexpr uint8_t kIn = 1, kIowait = 2, kThrottled = 4, kNew = 1;
constexpr unsigned kPolledShift = 3;

template <class Rows>
void putKinds(const std::vector<Kind>& kinds, Rows out) {
  for (unsigned i = 0; i < kinds.size(); ++i) {
    out[i].setAbi(kinds[i].abi);
    out[i].setNr(kinds[i].nr);
    out[i].setState(kinds[i].state);
    out[i].setFlags(kinds[i].flags);
  }
}

std::vector<Kind> getKinds(capnp::List<schema::CallKind>::Reader in) {
  std::vector<Kind> kinds;
  checkedSize(in);
  for (auto kind : in) kinds.push_back({kind.getAbi(), kind.getState(), kind.getFlags(), kind.getNr()});
  return kinds;
}

Abi abiOf(uint8_t value) {
  return knownOr(value, Abi::aarch64, Abi::none);
}

uint64_t threadAndKind(uint64_t thread, uint64_t kind) {
  return thread << 32 | kind;
}

struct SwitchColumns {
  IntColumn kind, thread, ts, cpu, resource, user_stack;
  std::array<IntColumn, kMaxArgs> args;
};

struct SwitchMemory {
  uint32_t resource = 0, user_stack = 0;
  std::array<int64_t, kMaxArgs> args{};
};

// kind and thread are coded before; `out_rows` and `call_rows` are the lengths of the columns that
// not every row has a value in.
template <class Mode>
void codeSwitches(std::vector<SwitchEvent>& rows, int64_t base_ns, SwitchColumns& columns) {
  const Mode mode{};
  std::unordered_map<uint64_t, SwitchMemory> memories;
  int64_t last_ts = base_ns;
  uint16_t last_cpu = 0;
  size_t out_row = 0, call_row = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    SwitchEvent& row = rows[i];
    code(mode, columns.ts, i, row.ts_ns, last_ts);
    code(mode, columns.cpu, i, row.cpu, last_cpu);
    last_ts = row.ts_ns;
    last_cpu = row.cpu;
    if (row.in) continue;
    SwitchMemory& last = memories[threadAndKind(columns.thread[i], columns.kind[i])];
    code(mode, columns.resource, out_row, row.pending.resource.value, last.resource);
    code(mode, columns.user_stack, out_row, row.user_stack.value, last.user_stack);
    last.resource = row.pending.resource.value;
    last.user_stack = row.user_stack.value;
    ++out_row;
    if (row.pending.nr < 0) continue;
    for (size_t k = 0; k < kMaxArgs; ++k)
      code(mode, columns.args[k], call_row, row.pending.args[k], last.args[k]);
    last.args = row.pending.args;
    ++call_row;
  }
}

Kind kindOf(const SwitchEvent& row) {
  if (row.in) return {.flags = kIn};
  return {.abi = static_cast<uint8_t>(row.pending.abi),
          .state = static_cast<uint8_t>(row.state),
          .flags = static_cast<uint8_t>((row.in_iowait ? kIowait : 0U) | (row.throttled ? kThrottled : 0U) |
                                        static_cast<unsigned>(row.pending.polled) << kPolledShift),
          .nr = row.pending.nr};
}

struct WakeColumns {
  IntColumn kind, thread, ts, waker, resource, kernel_stack;
};

struct WakeMemory {
  uint32_t waker = 0, resource = 0, kernel_stack = 0;
};

template <class Mode>
void codeWakes(std::vector<WakeEvent>& rows, int64_t base_ns, std::vector<uint32_t>& wakers,
               WakeColumns& columns) {
  const Mode mode{};
  std::unordered_map<uint64_t, WakeMemory> memories;
  int64_t last_ts = base_ns;
  for (size_t i = 0; i < rows.size(); ++i) {
    WakeEvent& row = rows[i];
    code(mode, columns.ts, i, row.ts_ns, last_ts);
    last_ts = row.ts_ns;
    WakeMemory& last = memories[threadAndKind(columns.thread[i], columns.kind[i])];
    code(mode, columns.waker, i, wakers[i], last.waker);
    code(mode, columns.resource, i, row.waker_call.resource.value, last.resource);
    code(mode, columns.kernel_stack, i, row.kernel_stack.value, last.kernel_stack);
    last = {wakers[i], row.waker_call.resource.value, row.kernel_stack.value};
  }
}

}  // namespace

void encodeSwitches(std::vector<SwitchEvent>& rows, schema::Switches::Builder out) {
  Dictionary<uint32_t> threads;
  Dictionary<Kind> kinds;
  SwitchColumns columns;
  size_t out_rows = 0, call_rows = 0;
  for (const SwitchEvent& row : rows) {
    columns.thread.push_back(zigzag(threads.indexOf(row.thread.value)));
    columns.kind.push_back(zigzag(kinds.indexOf(kindOf(row))));
    out_rows += row.in ? 0 : 1;
    call_rows += !row.in && row.pending.nr >= 0 ? 1 : 0;
  }
  columns.ts.resize(rows.size());
  columns.cpu.resize(rows.size());
  columns.resource.resize(out_rows);
  columns.user_stack.resize(out_rows);
  for (IntColumn& column : columns.args) column.resize(call_rows);
  const int64_t base_ns = rows.empty() ? 0 : rows.front().ts_ns;
  codeSwitches<Writing>(rows, base_ns, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  putKinds(kinds.values(), out.initKinds(static_cast<unsigned>(kinds.values().size())));
  putColumn(columns.kind, [&] { return out.initKind(); });
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.cpu, [&] { return out.initCpu(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.user_stack, [&] { return out.initUserStack(); });
  auto args = out.initArgs(kMaxArgs);
  for (unsigned k = 0; k < kMaxArgs; ++k) putPlanes(columns.args[k], args[k]);
}

void decodeSwitches(schema::Switches::Reader in, uint32_t count, std::vector<SwitchEvent>& rows) {
  const auto threads = in.getThreads();
  const std::vector<Kind> kinds = getKinds(in.getKinds());
  SwitchColumns columns;
  getPlanes(in.getKind(), count, columns.kind);
  getPlanes(in.getThread(), count, columns.thread);
  checkIndexes(columns.kind, kinds.size());
  checkIndexes(columns.thread, threads.size());
  rows.assign(count, {});
  size_t out_rows = 0, call_rows = 0;
  for (size_t i = 0; i < count; ++i) {
    SwitchEvent& row = rows[i];
    const Kind& kind = kinds[unzigzag(columns.kind[i])];
    row.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    row.in = (kind.flags & kIn) != 0;
    if (row.in) continue;
    row.state = knownOr(kind.state, TaskState::recorder, TaskState::unknown);
    row.in_iowait = (kind.flags & kIowait) != 0;
    row.throttled = (kind.flags & kThrottled) != 0;
    row.pending.abi = abiOf(kind.abi);
    row.pending.nr = kind.nr;
    row.pending.polled =
        knownOr(static_cast<uint8_t>(kind.flags >> kPolledShift), PolledSet::several, PolledSet::unsaid);
    ++out_rows;
    call_rows += kind.nr >= 0 ? 1 : 0;
  }
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getCpu(), count, columns.cpu);
  getPlanes(in.getResource(), out_rows, columns.resource);
  getPlanes(in.getUserStack(), out_rows, columns.user_stack);
  const auto args = in.getArgs();
  if (args.size() != kMaxArgs && count > 0) throw BadBlock("not six columns of arguments");
  for (unsigned k = 0; k < args.size(); ++k) getPlanes(args[k], call_rows, columns.args[k]);
  codeSwitches<Reading>(rows, in.getBaseNs(), columns);
}

void encodeWakes(std::vector<WakeEvent>& rows, schema::Wakes::Builder out) {
  Dictionary<uint32_t> threads;
  Dictionary<Kind> kinds;
  WakeColumns columns;
  std::vector<uint32_t> wakers;
  for (const WakeEvent& row : rows) {
    columns.thread.push_back(zigzag(threads.indexOf(row.thread.value)));
    wakers.push_back(threads.indexOf(row.waker.value));
    columns.kind.push_back(zigzag(kinds.indexOf({.abi = static_cast<uint8_t>(row.waker_call.abi),
                                                 .state = static_cast<uint8_t>(row.context),
                                                 .flags = row.is_new ? kNew : uint8_t{0},
                                                 .nr = row.waker_call.nr})));
  }
  for (IntColumn* column : {&columns.ts, &columns.waker, &columns.resource, &columns.kernel_stack}) {
    column->resize(rows.size());
  }
  const int64_t base_ns = rows.empty() ? 0 : rows.front().ts_ns;
  codeWakes<Writing>(rows, base_ns, wakers, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  putKinds(kinds.values(), out.initKinds(static_cast<unsigned>(kinds.values().size())));
  putColumn(columns.kind, [&] { return out.initKind(); });
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.waker, [&] { return out.initWaker(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.kernel_stack, [&] { return out.initKernelStack(); });
}

void decodeWakes(schema::Wakes::Reader in, uint32_t count, std::vector<WakeEvent>& rows) {
  const auto threads = in.getThreads();
  const std::vector<Kind> kinds = getKinds(in.getKinds());
  WakeColumns columns;
  getPlanes(in.getKind(), count, columns.kind);
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getWaker(), count, columns.waker);
  getPlanes(in.getResource(), count, columns.resource);
  getPlanes(in.getKernelStack(), count, columns.kernel_stack);
  checkIndexes(columns.kind, kinds.size());
  checkIndexes(columns.thread, threads.size());
  rows.assign(count, {});
  std::vector<uint32_t> wakers(count);
  codeWakes<Reading>(rows, in.getBaseNs(), wakers, columns);
  for (size_t i = 0; i < count; ++i) {
    WakeEvent& row = rows[i];
    const Kind& kind = kinds[unzigzag(columns.kind[i])];
    row.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    if (wakers[i] >= threads.size()) throw BadBlock("a waker that is not listed");
    row.waker = ThreadId{threads[wakers[i]]};
    row.is_new = (kind.flags & kNew) != 0;
    row.context = knownOr(kind.state, WakerContext::disk, WakerContext::unknown);
    row.waker_call.abi = abiOf(kind.abi);
    row.waker_call.nr = kind.nr;
  }
}

}  // namespace tarry
