#include "format/definitions.h"

#include <algorithm>

#include "format/block.h"

namespace tarry {
namespace {

bool same(const ThreadDef& a, const ThreadDef& b) {
  return a.tid == b.tid && a.pid == b.pid && a.ns_tid == b.ns_tid && a.ns_pid == b.ns_pid &&
         a.start_ns == b.start_ns && a.leader == b.leader && a.creator == b.creator && a.ppid == b.ppid &&
         a.comm == b.comm && a.recorded == b.recorded && a.existed == b.existed;
}

}  // namespace

void Definitions::restart() {
  threads_.clear();
  resources_.clear();
  frames_.clear();
  stacks_.clear();
  informed_.clear();
  dropped_ = 0;
}

bool Definitions::remember(uint64_t bytes) {
  if (bytes_ + bytes > max_bytes_) {
    ++dropped_;
    return false;
  }
  bytes_ += bytes;
  return true;
}

std::string_view Definitions::text(StringId id) const {
  const std::string_view* text = strings_.find(id.value);
  return text == nullptr ? std::string_view{} : *text;
}

void Definitions::add(const std::vector<StringRow>& rows) {
  uint64_t bytes = 0;
  for (const StringRow& row : rows) {
    if (row.id != 0 && !strings_.contains(row.id)) bytes += row.text.size();
  }
  if (!remember(bytes)) return;
  std::string& store = texts_.emplace_back();
  store.reserve(bytes);
  for (const StringRow& row : rows) {
    if (row.id == 0 || strings_.contains(row.id)) continue;
    if (!remember(sizeof row)) return;
    // An id that stands twice in a block was counted twice: the store never grows beyond its size.
    const size_t at = store.size();
    store.append(row.text);
    strings_.set(row.id, std::string_view(store).substr(at));
  }
}

void Definitions::add(StackRows& rows, TraceVisitor& visitor) {
  for (Frame& frame : rows.frames) {
    if (!frame.id || frames_.contains(frame.id.value) || !remember(sizeof frame)) continue;
    frames_.set(frame.id.value, {});
    check(frame.symbol);
    check(frame.module);
    visitor.onFrame(frame);
  }
  for (StackRow& row : rows.stacks) {
    if (row.id == 0 || stacks_.contains(row.id) || !remember(sizeof row)) continue;
    stacks_.set(row.id, {});
    for (FrameId& frame : row.frames) {
      if (!frames_.contains(frame.value)) frame = {};
    }
    visitor.onStack({.id = StackId{row.id}, .kernel = row.kernel, .frames = row.frames});
  }
}

void Definitions::add(std::vector<Resource>& rows, TraceVisitor& visitor) {
  for (Resource& resource : rows) {
    if (!resource.id || resources_.contains(resource.id.value) || !remember(sizeof resource)) continue;
    resources_.set(resource.id.value, {});
    check(resource.path);
    visitor.onResource(resource);
  }
}

void Definitions::check(LifeEvent& event) const {
  check(event.other);
  check(event.comm);
  check(event.info.exe);
  check(event.info.cmdline);
  check(event.info.cwd);
  check(event.info.cgroup);
  check(event.pending.resource);
}

bool Definitions::isSane(const LifeEvent& event) const {
  return event.kind >= LifeKind::info && event.kind <= LifeKind::blocked && knows(event.thread) &&
         isSaneTime(event.ts_ns) && isSaneTime(event.start_blocked_ns) && isSaneTime(event.user_ns) &&
         isSaneTime(event.system_ns);
}

void Definitions::add(ProcessRows& rows, TraceVisitor& visitor) {
  // Threads may refer to each other in any order, so all are known before the first is delivered.
  for (ThreadDef& thread : rows.threads) {
    const ThreadDef* known = thread.id ? threads_.find(thread.id.value) : nullptr;
    const bool sane = thread.id && isSaneTime(thread.start_ns);
    if (!sane || (known == nullptr && !remember(sizeof thread))) {
      if (!sane) ++dropped_;
      thread.id = {};
      continue;
    }
    check(thread.comm);
    if (known != nullptr && same(*known, thread)) {
      thread.id = {};  // a repetition
    } else {
      threads_.set(thread.id.value, thread);
    }
  }
  for (ThreadDef& thread : rows.threads) {
    if (!thread.id) continue;
    check(thread.leader);
    check(thread.creator);
    visitor.onThread(thread);
  }
  for (OpenFd& fd : rows.open_fds) {
    check(fd.resource);
    if (knows(fd.process)) visitor.onOpenFd(fd);
    else ++dropped_;
  }
  for (EpollMember& member : rows.epoll_members) {
    check(member.resource);
    if (knows(member.process)) visitor.onEpollMember(member);
    else ++dropped_;
  }
  // A repetition stands in for an info or exec that was lost, otherwise it says nothing new.
  for (LifeEvent& event : rows.infos) {
    if (isSane(event) && !informed_.contains(event.thread.value)) rows.life.push_back(event);
  }
  const size_t before = rows.life.size();
  std::erase_if(rows.life, [&](const LifeEvent& event) { return !isSane(event); });
  dropped_ += before - rows.life.size();
  for (LifeEvent& event : rows.life) {
    check(event);
    if (event.kind == LifeKind::info || event.kind == LifeKind::exec) informed_.set(event.thread.value, {});
  }
}

}  // namespace tarry
