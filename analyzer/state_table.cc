#include "analyzer/state_table.h"

namespace tarry::analysis {
namespace {

Label orNull(std::string_view text) {
  return text.empty() ? Label() : Label(text);
}

Label taskStateName(TaskState state) {
  switch (state) {
    case TaskState::sleeping: return Label("interruptible");
    case TaskState::uninterruptible: return Label("uninterruptible");
    case TaskState::stopped: return Label("stopped");
    case TaskState::traced: return Label("traced");
    case TaskState::idle: return Label("idle");
    case TaskState::parked: return Label("parked");
    case TaskState::recorder: return Label("recorder");
    case TaskState::unknown:
    case TaskState::runnable:
    case TaskState::dead: return {};
  }
  return {};
}

Label detailName(StateDetail detail) {
  switch (detail) {
    case StateDetail::none: return {};
    case StateDetail::woken: return Label("woken");
    case StateDetail::preempted: return Label("preempted");
    case StateDetail::newborn: return Label("new");
    case StateDetail::start: return Label("start");
    case StateDetail::loss: return Label("loss");
    case StateDetail::unseen: return Label("unseen");
    case StateDetail::cut: return Label("cut");
    case StateDetail::replaced: return Label("replaced");
  }
  return {};
}

tables::ThreadStateRow rowOf(const ThreadState& state, int64_t id) {
  tables::ThreadStateRow row;
  row.id = id;
  row.ts = state.begin;
  if (!state.open) row.dur = state.end - state.begin;
  row.utid = state.utid;
  row.state = orNull(runStateName(state.state));
  const bool blocked = state.state == RunState::blocked;
  row.detail = blocked ? taskStateName(state.task_state) : detailName(state.detail);
  if (state.cpu) row.cpu = *state.cpu;
  if (state.since) row.since_ts = *state.since;
  if (state.kernel_stack) row.kernel_stack_id = state.kernel_stack.value;
  if (state.user_stack) row.user_stack_id = state.user_stack.value;
  if (state.kind != WaitKind::none) row.wait_kind = Label(waitKindName(state.kind));
  row.role = orNull(waitRoleName(state.role));
  row.phase = orNull(waitPhaseName(state.phase));
  if (state.resource) row.resource_id = state.resource.value;
  if (state.syscall_id > 0) row.syscall_id = state.syscall_id;
  if (state.call != nullptr) {
    row.call_abi = state.call->abi;
    row.call_nr = state.call->nr;
    row.call_name = state.call->name;
  }
  const bool known = state.waker_context != WakerContext::unknown || state.waker != 0;
  if (state.woken && known) row.waker_context = Label(wakerContextName(state.waker_context));
  if (state.waker != 0) row.waker_utid = state.waker;
  if (state.waker_call != nullptr) row.waker_call = state.waker_call->name;
  if (state.waker_resource) row.waker_resource_id = state.waker_resource.value;
  if (state.peer != 0) row.peer_utid = state.peer;
  return row;
}

}  // namespace

void StateTable::add(const ThreadState& state) {
  const int64_t id = next_id_++;
  table_.insert(rowOf(state, id));
  if (state.parked != 0) parked_.emplace_back(id, state.parked);
}

void StateTable::settle(std::span<const ParkedVerdict> verdicts, Database& db) {
  Statement idle = db.prepare("UPDATE main.thread_state SET role = 'idle' WHERE id = ?1");
  Statement lock = db.prepare("UPDATE main.thread_state SET wait_kind = 'lock' WHERE id = ?1");
  for (const auto& [id, parked] : parked_) {
    if (verdicts[parked].idle) idle.bind(1, id).run();
    if (verdicts[parked].asked_again) lock.bind(1, id).run();
  }
}

}  // namespace tarry::analysis
