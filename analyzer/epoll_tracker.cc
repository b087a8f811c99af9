#include "analyzer/epoll_tracker.h"

#include <algorithm>
#include <vector>

#include "format/polled_set.h"

namespace tarry::analysis {
namespace {

// struct epoll_event is packed on x86 only (include/uapi/linux/eventpoll.h). All ABIs are little-endian.
std::optional<uint64_t> dataOf(Abi abi, std::span<const uint8_t> event) {
  const size_t offset = abi == Abi::aarch64 ? 8 : 4;
  if (event.size() < offset + sizeof(uint64_t)) return std::nullopt;
  uint64_t data = 0;
  for (size_t i = 0; i < sizeof(data); i++) data |= static_cast<uint64_t>(event[offset + i]) << (8 * i);
  return data;
}

constexpr int kMaxAncestors = 16;

}  // namespace

const EpollTracker::Set* EpollTracker::findSet(Upid process, int32_t epfd) const {
  for (int depth = 0; process != 0 && depth < kMaxAncestors; depth++) {
    const auto found = sets_.find(key(process, epfd));
    if (found != sets_.end()) return &found->second;
    process = tasks_.process(process).parent;
  }
  return nullptr;
}

void EpollTracker::found(const EpollMember& member, Upid process) {
  Set& set = sets_[key(process, member.epoll_fd)];
  set.judged = false;
  if (member.fd < 0) set.complete = true;
  // A change that was recorded while the snapshot was taken is newer.
  else set.members.try_emplace(member.fd, Member{member.data, member.resource});
}

void EpollTracker::control(Upid process, Abi abi, int32_t epfd, int64_t op, int32_t fd, ResourceId resource,
                           std::span<const uint8_t> event) {
  constexpr int64_t kAdd = 1;
  constexpr int64_t kDelete = 2;
  constexpr int64_t kModify = 3;
  const uint64_t set_key = key(process, epfd);
  auto found = sets_.find(set_key);
  if (found == sets_.end()) {
    const Set* inherited = findSet(process, epfd);
    found = sets_.emplace(set_key, inherited != nullptr ? Set(*inherited) : Set()).first;
  }
  Set& set = found->second;
  set.judged = false;
  if (op == kDelete) {
    set.members.erase(fd);
    return;
  }
  if (op != kAdd && op != kModify) return;
  const std::optional<uint64_t> data = dataOf(abi, event);
  if (!data) {
    set.complete = false;
    set.members.erase(fd);
    return;
  }
  set.members[fd] = {*data, resource};
}

ResourceId EpollTracker::resourceOf(Upid process, int32_t epfd, uint64_t data) const {
  const Set* set = findSet(process, epfd);
  if (set == nullptr) return {};
  // Most programs put the fd into the low half: try it before looking at all members.
  const auto direct = set->members.find(static_cast<int32_t>(data & 0xffffffffU));
  if (direct != set->members.end() && direct->second.data == data) return direct->second.resource;
  for (const auto& [fd, member] : set->members) {
    if (member.data == data) return member.resource;
  }
  return {};
}

EpollTracker::Purpose EpollTracker::purposeOf(Upid process, int32_t epfd) const {
  const Set* set = findSet(process, epfd);
  if (set == nullptr || !set->complete) return {};
  if (set->judged) return set->purpose;
  set->judged = true;
  set->purpose = {};
  std::vector<ResourceId> ids;
  for (const auto& [fd, member] : set->members) ids.push_back(member.resource);
  // Of several that stand for the set as well as each other always the same one.
  std::sort(ids.begin(), ids.end(), [](ResourceId a, ResourceId b) { return a.value < b.value; });
  std::vector<PolledObject> objects;
  for (const ResourceId id : ids) {
    const Resource* resource = resources_.find(id);
    objects.push_back(resource != nullptr ? PolledObject{resource->kind, resource->listening}
                                          : PolledObject{});
    set->purpose.serves = set->purpose.serves || objects.back().listening;
  }
  if (const auto choice = choosePolled(objects)) {
    set->purpose.resource = ids[choice->index];
    set->purpose.sole = choice->set == PolledSet::sole;
  }
  return set->purpose;
}

}  // namespace tarry::analysis
