#include "analyzer/state_collector.h"

namespace tarry::analysis {

int32_t StateCollector::nameOf(const CallTraits* call) {
  if (call == nullptr) return -1;
  const auto [found, is_new] = call_names_.try_emplace(call, -1);
  if (is_new) found->second = store_.name(call->name.text);
  return found->second;
}

int32_t StateCollector::nameOf(WakerContext context) {
  const auto [found, is_new] = context_names_.try_emplace(context, -1);
  if (is_new) found->second = store_.name(wakerContextName(context));
  return found->second;
}

void StateCollector::add(const ThreadState& state) {
  StateFacts facts;
  facts.utid = state.utid;
  facts.state = state.state;
  facts.open = state.open;
  if (state.state != RunState::running) {
    facts.kind = state.kind == WaitKind::none ? WaitKind::unknown : state.kind;
    facts.role = state.role;
    facts.phase = state.phase;
    facts.resource = state.resource.value;
    facts.call = nameOf(state.call);
    facts.waker = state.waker;
    facts.peer = state.peer;
    const bool known = state.waker_context != WakerContext::unknown || state.waker != 0;
    if (state.woken && known) facts.waker_context = nameOf(state.waker_context);
    facts.waker_call = nameOf(state.waker_call);
    facts.waker_resource = state.waker_resource.value;
    facts.kernel_stack = state.kernel_stack.value;
    facts.began_before = state.since.has_value();
    facts.since = state.since.value_or(0);
    facts.parked = state.parked;
  }
  store_.append(store_.add(facts), state.begin, state.end);
}

void StateCollector::settle(std::span<const ParkedVerdict> verdicts, Database& /*db*/) {
  for (StateFacts& facts : store_.facts()) {
    if (verdicts[facts.parked].idle) facts.role = WaitRole::idle;
    if (verdicts[facts.parked].asked_again) facts.kind = WaitKind::lock;
    facts.parked = 0;
  }
}

}  // namespace tarry::analysis
