#include "query/why/breakdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "query/render/units.h"
#include "query/why/step.h"

namespace tarry {
namespace {

std::vector<Share> sorted(const std::unordered_map<int32_t, int64_t>& totals) {
  std::vector<Share> shares;
  shares.reserve(totals.size());
  for (const auto& [index, total] : totals) shares.push_back({index, total});
  std::sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
    return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : a.index < b.index;
  });
  return shares;
}

// The group a wait belongs to, as the reader sees it.
struct Subject {
  std::string text;
  bool listening = false;
  int32_t peer = kNone;
};

std::string address(const ResourceInfo& r) {
  if (!r.remote_host.empty())
    return fmt::format("{}:{}", printable(r.remote_host), r.remote_port.value_or(0));
  const bool v6 = r.remote_addr.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", r.remote_addr, v6 ? "]" : "", r.remote_port.value_or(0));
}

Subject networkSubject(const Timeline& timeline, int32_t resource, int32_t waker) {
  if (resource == kNone) return {"", false, waker};
  const ResourceInfo& r = timeline.resource(resource);
  if (!r.remote_addr.empty()) return {address(r), false, r.peer};
  std::string name = printable(r.name);
  constexpr std::string_view kSuffix = " (listening)";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return {name, r.listening, r.peer};
}

Subject subjectOf(const Timeline& timeline, WaitKind kind, int32_t resource, int32_t waker) {
  const auto label = [&] {
    return resource == kNone ? std::string() : printable(timeline.resource(resource).name);
  };
  switch (kind) {
    case WaitKind::network: return networkSubject(timeline, resource, waker);
    case WaitKind::ipc: {
      const int32_t peer = waker != kNone || resource == kNone ? waker : timeline.resource(resource).peer;
      // Anonymous ends are known by who is there, named ones by their name.
      const bool named = resource != kNone && !timeline.resource(resource).path.empty();
      if (peer != kNone && !named) return {"", false, peer};
      return {label(), false, peer};
    }
    case WaitKind::terminal:
    case WaitKind::device:
    case WaitKind::memory: return {label(), false, kNone};
    case WaitKind::lock: return {label(), false, waker};
    case WaitKind::child:
    case WaitKind::signal: return {"", false, waker};
    case WaitKind::unknown: return {label(), false, kNone};
    case WaitKind::none:
    case WaitKind::cpu_queue:
    case WaitKind::cpu_limit:
    case WaitKind::disk:
    case WaitKind::sleep:
    case WaitKind::stopped:
    case WaitKind::recorder: return {"", false, kNone};
  }
  return {};
}

// Whether who ended the wait makes it another line: not for locks, which many threads pass round.
bool byPeer(WaitKind kind) {
  return kind == WaitKind::ipc || kind == WaitKind::child || kind == WaitKind::network;
}

}  // namespace

size_t BreakdownBuilder::KeyHash::operator()(const Key& key) const {
  uint64_t hash = static_cast<uint64_t>(key.phase) << 16 | static_cast<uint64_t>(key.kind) << 8 |
                  static_cast<uint64_t>(key.role);
  for (const int32_t part :
       {key.resource, key.call, key.peer, key.peer_thread, key.process, key.stack, key.context})
    hash = (hash ^ static_cast<uint32_t>(part)) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 29;
}

BreakdownBuilder::Key BreakdownBuilder::keyOf(const StateRow& row, int32_t process) const {
  // Only unknown waits need their kernel stack: it shows why they are unknown.
  const int32_t stack = row.kind == WaitKind::unknown ? row.kernel_stack : kNone;
  const WaitRole role = count_idle_ && row.role == WaitRole::idle ? WaitRole::none : row.role;
  int32_t resource = row.resource;
  if (resource == kNone && row.kind == WaitKind::network) resource = row.waker_resource;
  const int32_t peer =
      row.kind == WaitKind::child ? childWaitedFor(timeline_, row) : timeline_.wakerProcess(row);
  return {row.kind, role, row.phase, resource, row.call, peer, row.peer, process, stack, row.waker_context};
}

void BreakdownBuilder::add(int32_t process, int32_t row_index, int64_t begin, int64_t end) {
  if (end <= begin) return;
  const StateRow row = timeline_.state(row_index);
  const int64_t length = end - begin;
  share_[process] += length;
  if (row.state == RunState::running) {
    on_cpu_[process] += length;
    return;
  }
  if (row.state == RunState::unknown) {
    unknown_[process] += length;
    if (row.thread != kNone && timeline_.firstState(row.thread) == row_index) unknown_before_ns_ += length;
    return;
  }
  addWait(keyOf(row, process), row_index, length);
}

void BreakdownBuilder::addIdle(int32_t process, int32_t row_index, int64_t begin, int64_t end) {
  if (end <= begin) return;
  if (count_idle_) return add(process, row_index, begin, end);
  Key key = keyOf(timeline_.state(row_index), process);
  key.role = WaitRole::idle;
  share_[process] += end - begin;
  addWait(key, row_index, end - begin);
}

void BreakdownBuilder::addWait(const Key& key, int32_t row_index, int64_t length) {
  Sum& sum = sums_[key];
  sum.total_ns += length;
  if (sum.current_row == row_index) {
    sum.current_ns += length;
    if (lengths_) sum.lengths.back() += length;
  } else {
    sum.current_row = row_index;
    sum.current_ns = length;
    ++sum.count;
    if (lengths_) sum.lengths.push_back(length);
  }
  if (sum.current_ns > sum.longest_ns) {
    sum.longest_ns = sum.current_ns;
    sum.longest_row = row_index;
  }
}

Breakdown BreakdownBuilder::finish() {
  using GroupKey = std::tuple<WaitKind, WaitRole, std::string, int32_t, int32_t>;
  struct Collected {
    WaitGroup group;
    std::unordered_map<int32_t, int64_t> calls, resources, phases, peer_threads, processes, stacks, contexts,
        peers;
  };
  std::map<GroupKey, Collected> groups;
  for (auto& [key, sum] : sums_) {
    const Subject subject = subjectOf(timeline_, key.kind, key.resource, key.peer);
    const int32_t peer = byPeer(key.kind) ? subject.peer : kNone;
    // Sleeps, locks and unknown waits without an object are told apart by their call.
    const bool queued = key.kind == WaitKind::cpu_queue || key.kind == WaitKind::cpu_limit;
    const bool by_call = subject.text.empty() && peer == kNone && key.kind != WaitKind::disk && !queued;
    const GroupKey group_key{key.kind, key.role == WaitRole::idle ? key.role : WaitRole::none, subject.text,
                             peer, by_call ? key.call : kNone};
    Collected& c = groups[group_key];
    WaitGroup& g = c.group;
    g.kind = key.kind;
    if (g.role == WaitRole::none) g.role = key.role;
    g.subject = subject.text;
    g.listening = subject.listening;
    g.total_ns += sum.total_ns;
    if (sum.longest_ns > g.longest_ns) {
      g.longest_ns = sum.longest_ns;
      g.longest_row = sum.longest_row;
    }
    g.count += sum.count;
    c.calls[key.call] += sum.total_ns;
    if (key.resource != kNone) c.resources[key.resource] += sum.total_ns;
    if (key.phase != WaitPhase::none) c.phases[static_cast<int32_t>(key.phase)] += sum.total_ns;
    if (key.peer_thread != kNone) c.peer_threads[key.peer_thread] += sum.total_ns;
    c.processes[key.process] += sum.total_ns;
    if (key.stack != kNone) c.stacks[key.stack] += sum.total_ns;
    if (key.context != kNone) c.contexts[key.context] += sum.total_ns;
    if (subject.peer != kNone) c.peers[subject.peer] += sum.total_ns;
    g.lengths.insert(g.lengths.end(), sum.lengths.begin(), sum.lengths.end());
  }

  Breakdown result;
  std::map<WaitKind, KindTotal> kinds;
  for (auto& [key, c] : groups) {
    WaitGroup& g = c.group;
    g.calls = sorted(c.calls);
    g.resources = sorted(c.resources);
    g.phases = sorted(c.phases);
    g.peer_threads = sorted(c.peer_threads);
    g.processes = sorted(c.processes);
    g.stacks = sorted(c.stacks);
    g.waker_contexts = sorted(c.contexts);
    const auto peers = sorted(c.peers);
    if (!peers.empty()) {
      g.peer = peers.front().index;
      g.peer_ns = peers.front().total_ns;
    }
    std::sort(g.lengths.begin(), g.lengths.end());
    if (g.role == WaitRole::idle) {
      result.idle_ns += g.total_ns;
      result.idle.push_back(std::move(g));
      continue;
    }
    KindTotal& kind = kinds[g.kind];
    kind.kind = g.kind;
    kind.total_ns += g.total_ns;
    kind.count += g.count;
    kind.longest_ns = std::max(kind.longest_ns, g.longest_ns);
    kind.groups.push_back(std::move(g));
  }
  const auto larger = [](const auto& a, const auto& b) { return a.total_ns > b.total_ns; };
  for (auto& [kind, total] : kinds) {
    std::stable_sort(total.groups.begin(), total.groups.end(), larger);
    result.waiting_ns += total.total_ns;
    result.kinds.push_back(std::move(total));
  }
  std::stable_sort(result.kinds.begin(), result.kinds.end(), larger);
  std::stable_sort(result.idle.begin(), result.idle.end(), larger);
  result.on_cpu = sorted(on_cpu_);
  result.unknown = sorted(unknown_);
  result.share = sorted(share_);
  for (const Share& share : result.on_cpu) result.on_cpu_ns += share.total_ns;
  for (const Share& share : result.unknown) result.unknown_ns += share.total_ns;
  result.unknown_before_ns = unknown_before_ns_;
  result.total_ns = result.on_cpu_ns + result.waiting_ns + result.idle_ns + result.unknown_ns;
  return result;
}

const WaitGroup* Breakdown::largestWait() const {
  const WaitGroup* largest = nullptr;
  const auto known = [](const WaitGroup& group) { return group.kind != WaitKind::unknown; };
  for (const KindTotal& kind : kinds)
    for (const WaitGroup& group : kind.groups)
      if (largest == nullptr || known(group) > known(*largest) ||
          (known(group) == known(*largest) && group.total_ns > largest->total_ns))
        largest = &group;
  return largest;
}

int64_t percentile(const std::vector<int64_t>& lengths, double fraction) {
  if (lengths.empty()) return 0;
  const double rank = std::ceil(fraction * static_cast<double>(lengths.size())) - 1;
  const auto index = static_cast<size_t>(std::max(rank, 0.0));
  return lengths[std::min(index, lengths.size() - 1)];
}

}  // namespace tarry
