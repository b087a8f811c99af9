#include "analyzer/call_objects.h"

namespace tarry::analysis {

const ObjectRef* findObject(const SyscallEvent& event, ObjectRole role) {
  for (const ObjectRef& object : event.objects) {
    if (object.role == role) return &object;
  }
  return nullptr;
}

const ObjectRef* mainObject(const SyscallEvent& event) {
  const ObjectRef* best = nullptr;
  for (const ObjectRef& object : event.objects) {
    if (object.role == ObjectRole::returned) return &object;
    if (isArgument(object.role) && (best == nullptr || object.role < best->role)) best = &object;
  }
  return best;
}

const ObjectRef* pathBase(const SyscallEvent& event, const SyscallSpec& spec, size_t arg,
                          std::string_view text) {
  if (text.starts_with('/')) return findObject(event, ObjectRole::root);
  const bool has_dirfd = arg > 0 && spec.args[arg - 1].type == ArgType::dirfd;
  const ObjectRef* base = has_dirfd ? findObject(event, static_cast<ObjectRole>(arg - 1)) : nullptr;
  return base != nullptr && base->resource ? base : findObject(event, ObjectRole::cwd);
}

std::string joinedPath(std::string_view base, std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.starts_with("./")) text.remove_prefix(2);
  if (text == ".") text = {};
  std::string path(base);
  if (!text.empty()) {
    if (path.empty() || path.back() != '/') path += '/';
    path += text;
  }
  return path;
}

}  // namespace tarry::analysis
