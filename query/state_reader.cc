#include "query/state_reader.h"

#include <algorithm>

#include "analyzer/sqlite.h"
#include "analyzer/state_store.h"

namespace tarry {
namespace {

enum Column {
  kTs,
  kDur,
  kUtid,
  kState,
  kKind,
  kRole,
  kResource,
  kCall,
  kWaker,
  kContext,
  kWakerCall,
  kWakerResource,
  kStack,
  kSince,
  kPhase,
  kPeer
};

WaitKind kindOf(RunState state, std::string_view text) {
  if (const std::optional<WaitKind> kind = waitKindOf(text)) return *kind;
  return state == RunState::runnable ? WaitKind::cpu_queue : WaitKind::unknown;
}

// 0 where there is none, as of rows that refer to nothing.
uint32_t idIn(const Statement& row, int column) {
  const int64_t id = row.isNull(column) ? 0 : row.integer(column);
  return id > 0 && id <= UINT32_MAX ? static_cast<uint32_t>(id) : 0;
}

int64_t addClamped(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

StateFacts factsOf(const Statement& row, StateStore& store) {
  StateFacts facts;
  facts.utid = idIn(row, kUtid);
  facts.open = row.isNull(kDur);
  facts.state = runStateOf(row.text(kState));
  if (facts.state == RunState::running) return facts;
  facts.kind = kindOf(facts.state, row.text(kKind));
  facts.role = waitRoleOf(row.text(kRole));
  facts.phase = waitPhaseOf(row.text(kPhase));
  facts.resource = idIn(row, kResource);
  facts.call = store.name(row.text(kCall));
  facts.waker = idIn(row, kWaker);
  facts.peer = idIn(row, kPeer);
  facts.waker_context = store.name(row.text(kContext));
  facts.waker_call = store.name(row.text(kWakerCall));
  facts.waker_resource = idIn(row, kWakerResource);
  facts.kernel_stack = idIn(row, kStack);
  facts.began_before = !row.isNull(kSince);
  facts.since = facts.began_before ? row.integer(kSince) : 0;
  return facts;
}

}  // namespace

void readStates(Database& db, StateStore& store) {
  auto q = db.prepare(
      "SELECT ts, dur, utid, state, wait_kind, role, resource_id, call_name, waker_utid, waker_context,"
      " waker_call, waker_resource_id, kernel_stack_id, since_ts, phase, peer_utid FROM thread_state ORDER "
      "BY id");
  while (q.step()) {
    const int64_t begin = q.integer(kTs);
    const int64_t end = addClamped(begin, q.isNull(kDur) ? 0 : std::max<int64_t>(q.integer(kDur), 0));
    store.append(store.add(factsOf(q, store)), begin, end);
  }
}

}  // namespace tarry
