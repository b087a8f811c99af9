#include "format/polled_set.h"

#include <algorithm>

namespace tarry {
namespace {

bool isLocal(ResourceKind kind) {
  return kind == ResourceKind::unix_socket || kind == ResourceKind::pipe || kind == ResourceKind::fifo;
}

bool wakesLoops(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::eventfd:
    case ResourceKind::signalfd:
    case ResourceKind::timerfd:
    case ResourceKind::inotify:
    case ResourceKind::fanotify:
    case ResourceKind::netlink: return true;
    default: return false;
  }
}

// Waiting for one is as waiting for the other.
bool areAlike(ResourceKind a, ResourceKind b) {
  return a == b || (isLocal(a) && isLocal(b));
}

template <class Skip>
std::optional<PolledChoice> chooseBut(std::span<const PolledObject> objects, Skip&& skip) {
  std::optional<PolledChoice> choice;
  for (size_t i = 0; i < objects.size(); ++i) {
    const PolledObject& one = objects[i];
    if (skip(one.kind)) continue;
    if (!choice) {
      choice = PolledChoice{i, PolledSet::sole};
      continue;
    }
    const PolledObject& best = objects[choice->index];
    if (!areAlike(best.kind, one.kind)) return std::nullopt;
    choice->set = PolledSet::several;
    if (best.listening && !one.listening) choice->index = i;
  }
  return choice;
}

}  // namespace

std::optional<PolledChoice> choosePolled(std::span<const PolledObject> objects) {
  if (objects.size() == 1) return PolledChoice{0, PolledSet::sole};
  const auto is = [](auto test) { return [test](const PolledObject& one) { return test(one.kind); }; };
  const auto unknown = [](ResourceKind kind) { return kind == ResourceKind::unknown; };
  if (std::any_of(objects.begin(), objects.end(), is(unknown))) return std::nullopt;
  // Nothing but what wakes: then that is what it waits for.
  if (std::all_of(objects.begin(), objects.end(), is(wakesLoops)))
    return chooseBut(objects, [](ResourceKind) { return false; });
  const auto internet = [](ResourceKind kind) { return kind == ResourceKind::socket; };
  const bool far = std::any_of(objects.begin(), objects.end(), is(internet));
  return chooseBut(objects, [far](ResourceKind kind) { return wakesLoops(kind) || (far && isLocal(kind)); });
}

}  // namespace tarry
