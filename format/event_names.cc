#include "format/event_names.h"

namespace tarry {

std::string_view levelName(Level level) {
  switch (level) {
    case Level::waits: return "waits";
    case Level::syscalls: return "syscalls";
    case Level::full: return "full";
  }
  return "unknown";
}

std::string_view targetKindName(TargetKind kind) {
  switch (kind) {
    case TargetKind::command: return "command";
    case TargetKind::pids: return "pids";
    case TargetKind::cgroup: return "cgroup";
    case TargetKind::unit: return "unit";
    case TargetKind::all: return "all";
  }
  return "unknown";
}

std::string_view endReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::unknown: return "unknown";
    case EndReason::target_ended: return "target_ended";
    case EndReason::duration: return "duration";
    case EndReason::interrupted: return "interrupted";
    case EndReason::max_size: return "max_size";
    case EndReason::error: return "error";
  }
  return "unknown";
}

std::string_view lossSourceName(LossSource source) {
  switch (source) {
    case LossSource::unknown: return "unknown";
    case LossSource::syscalls: return "syscalls";
    case LossSource::switches: return "switches";
    case LossSource::wakes: return "wakes";
    case LossSource::lifecycle: return "lifecycle";
    case LossSource::definitions: return "definitions";
    case LossSource::payload: return "payload";
    case LossSource::encoder: return "encoder";
    case LossSource::signals: return "signals";
  }
  return "unknown";
}

std::string_view foldKindName(FoldKind kind) {
  switch (kind) {
    case FoldKind::unknown: return "unknown";
    case FoldKind::calls: return "calls";
    case FoldKind::payload: return "payload";
  }
  return "unknown";
}

}  // namespace tarry
