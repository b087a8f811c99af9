#include "analyzer/syscall_tracker.h"

#include <algorithm>
#include <limits>

#include "analyzer/call_objects.h"
#include "analyzer/decode/names.h"

namespace tarry::analysis {
namespace {

constexpr int64_t kMaxErrno = 4095;  // include/linux/err.h
constexpr int32_t kAtFdcwd = -100;

bool isFailure(int64_t ret) {
  return ret < 0 && ret >= -kMaxErrno;
}

NullableInteger idOrNull(ResourceId id) {
  return id ? NullableInteger(id.value) : std::nullopt;
}

Label roleOf(const ObjectRef& object, const CallTraits& traits) {
  if (isArgument(object.role)) return traits.object_roles[static_cast<size_t>(object.role)];
  return objectRoleName(object.role);
}

bool isPathType(ArgType type) {
  return type == ArgType::path;
}

}  // namespace

Label errnoLabel(int64_t error) {
  const decode::ErrorName* known = decode::findError(error);
  return Label(known != nullptr ? known->name : std::string_view("E?"));
}

CurrentCall& SyscallTracker::current(Utid utid) {
  if (utid >= current_.size()) current_.resize(static_cast<size_t>(utid) + utid / 2 + 16);
  return current_[utid];
}

Label SyscallTracker::absolute(StringId base, StringId text) {
  const uint64_t key = (static_cast<uint64_t>(base.value) << 32U) | text.value;
  const auto found = absolute_.find(key);
  if (found != absolute_.end()) return found->second;
  const Label label = texts_.intern(joinedPath(texts_.text(base), texts_.text(text)));
  absolute_.emplace(key, label);
  return label;
}

Label SyscallTracker::pathOf(const SyscallEvent& event, const CallTraits& traits, int arg) {
  const StringArg* string = nullptr;
  for (const StringArg& candidate : event.strings) {
    if (candidate.arg == arg) string = &candidate;
  }
  if (string == nullptr) return {};
  const ObjectRef* base = pathBase(event, *traits.spec, static_cast<size_t>(arg), texts_.text(string->text));
  const Resource* directory = base != nullptr ? resources_.find(base->resource) : nullptr;
  if (directory == nullptr || !directory->path) return texts_.of(string->text);
  return absolute(directory->path, string->text);
}

void SyscallTracker::convertObjects(const SyscallEvent& event, const CallTraits& traits,
                                    tables::SyscallRow& row, std::vector<tables::SyscallObjectRow>& more) {
  const ObjectRef* main = mainObject(event);
  if (main != nullptr) {
    row.fd = main->fd;
    row.fd_role = roleOf(*main, traits);
    row.resource_id = idOrNull(main->resource);
  } else if (traits.spec != nullptr) {
    // Nothing behind it: a bad fd, or one that the recorder could not look up.
    if (traits.spec->result == ArgType::fd && event.ret >= 0 && !event.flags.unfinished) {
      row.fd = event.ret;
      row.fd_role = Label("returned");
    } else {
      for (size_t i = 0; i < kMaxArgs; i++) {
        const ArgType type = traits.spec->args[i].type;
        if ((type != ArgType::fd && type != ArgType::dirfd) || (event.arg_mask & (1U << i)) == 0) continue;
        const auto fd = static_cast<int32_t>(event.args[i]);
        if (fd == kAtFdcwd) continue;
        row.fd = fd;
        row.fd_role = traits.object_roles[i];
        break;
      }
    }
  }
  for (const ObjectRef& object : event.objects) {
    if (&object == main) continue;
    tables::SyscallObjectRow& extra = more.emplace_back();
    extra.syscall_id = row.id;
    extra.role = roleOf(object, traits);
    if (object.fd >= 0) extra.fd = object.fd;
    extra.resource_id = idOrNull(object.resource);
    if (isArgument(object.role) && traits.spec != nullptr) {
      const size_t arg = static_cast<size_t>(object.role);
      if (traits.spec->args[arg].type == ArgType::dirfd && arg + 1 < kMaxArgs) {
        extra.path = pathOf(event, traits, static_cast<int>(arg) + 1);
      }
    }
  }
  // A second path (rename, link) whose directory is no object of the call.
  if (traits.path_arg < 0) return;
  for (int arg = traits.path_arg + 1; arg < kMaxArgs; arg++) {
    if (!isPathType(traits.spec->args[static_cast<size_t>(arg)].type)) continue;
    if (findObject(event, static_cast<ObjectRole>(arg - 1)) != nullptr) continue;
    const Label path = pathOf(event, traits, arg);
    if (!path) continue;
    tables::SyscallObjectRow& extra = more.emplace_back();
    extra.syscall_id = row.id;
    extra.role = Label("new");
    extra.path = path;
  }
}

void SyscallTracker::convert(const SyscallEvent& event, int64_t id, int64_t ts, Utid utid,
                             tables::SyscallRow& row, std::vector<tables::SyscallObjectRow>& more) {
  const CallTraits& traits = *traits_.find(event.abi, event.nr);
  row.id = id;
  row.ts = ts;
  row.utid = utid;
  row.call_seq = event.call_seq;
  row.abi = traits.abi;
  row.nr = event.nr;
  row.name = traits.name;
  const std::array<NullableInteger*, kMaxArgs> args = {&row.a0, &row.a1, &row.a2, &row.a3, &row.a4, &row.a5};
  const size_t arg_count = traits.spec != nullptr ? traits.spec->arg_count : kMaxArgs;
  for (size_t i = 0; i < kMaxArgs && i < arg_count; i++) {
    if ((event.arg_mask & (1U << i)) != 0) *args[i] = event.args[i];
  }
  if (!event.flags.unfinished) {
    row.dur = event.dur_ns;
    if (isFailure(event.ret)) {
      row.ret = -1;
      row.errno_name = errnoLabel(-event.ret);
    } else {
      row.ret = event.ret;
      if (traits.moves_bytes) row.bytes = event.ret;
    }
  }
  if (event.user_stack) row.stack_id = event.user_stack.value;
  if (!event.objects.empty() || traits.spec != nullptr) convertObjects(event, traits, row, more);
  if (traits.path_arg >= 0) row.path = pathOf(event, traits, traits.path_arg);
}

void SyscallTracker::enter(const SyscallEvent& event, int64_t id, int64_t ts, Utid utid) {
  CurrentCall& call = current(utid);
  call.id = id;
  call.enter_ts = ts;
  call.finished = !event.flags.unfinished;
  call.exit_ts = std::numeric_limits<int64_t>::max();
  if (call.finished) {
    // Durations of a hostile trace may be anything.
    const int64_t dur = std::max<int64_t>(event.dur_ns, 0);
    call.exit_ts = ts > 0 && dur > call.exit_ts - ts ? call.exit_ts : ts + dur;
  }
  call.traits = traits_.find(event.abi, event.nr);
  call.args = event.args;
  call.result = event.ret;
  call.object_count = 0;
  call.ready_count = 0;
  call.told = false;
  for (const bool arguments : {true, false}) {
    for (const ObjectRef& object : event.objects) {
      const bool wanted = arguments ? isArgument(object.role) : object.role == ObjectRole::returned;
      if (!wanted || !object.resource || call.object_count == CurrentCall::kMaxObjects) continue;
      call.objects[call.object_count++] = {object.resource, resources_.kindOf(object.resource)};
    }
  }
  for (const ObjectRef& object : event.objects) {
    if (object.role != ObjectRole::ready || call.ready_count == CurrentCall::kMaxObjects) continue;
    call.ready_data[call.ready_count] = object.ready_data;
    call.ready[call.ready_count++] = {object.resource, resources_.kindOf(object.resource)};
  }
}

}  // namespace tarry::analysis
