#include "format/stop_folder.h"

namespace tarry {

bool StopFolder::holds(const SwitchEvent& event) {
  const auto found = stops_.find(event.thread);
  const bool begins = !event.in && event.state == TaskState::recorder;
  if (found == stops_.end()) {
    if (!begins) return false;
    Stops& stops = stops_[event.thread];
    stops.out = event;
    stops.begin_ns = stops.open_ns = event.ts_ns;
    stops.open = true;
    return true;
  }
  Stops& stops = found->second;
  if (begins == stops.open || (!begins && !event.in)) return false;  // something that does not fit
  if (begins && event.ts_ns - stops.begin_ns > kSpanNs) return false;
  if (begins) {
    stops.open_ns = event.ts_ns;
  } else {
    stops.sum_ns += event.ts_ns - stops.open_ns;
    stops.in = event;
  }
  stops.open = begins;
  return true;
}

void StopFolder::give(const Stops& stops, std::vector<SwitchEvent>& out) {
  if (stops.in) {
    out.push_back(stops.out);
    out.back().ts_ns = stops.in->ts_ns - stops.sum_ns;
    out.push_back(*stops.in);
  }
  if (stops.open) {
    out.push_back(stops.out);
    out.back().ts_ns = stops.open_ns;
  }
}

std::vector<SwitchEvent> StopFolder::take(ThreadId thread) {
  std::vector<SwitchEvent> events;
  if (const auto found = stops_.find(thread); found != stops_.end()) {
    give(found->second, events);
    stops_.erase(found);
  }
  return events;
}

std::vector<SwitchEvent> StopFolder::takeOlder(int64_t until_ns) {
  std::vector<SwitchEvent> events;
  std::erase_if(stops_, [&](const auto& one) {
    if (one.second.begin_ns >= until_ns) return false;
    give(one.second, events);
    return true;
  });
  return events;
}

}  // namespace tarry
