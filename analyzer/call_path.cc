#include "analyzer/call_path.h"

namespace tarry::analysis {
namespace {

const ObjectRef* findRole(const SyscallEvent& event, ObjectRole role) {
  for (const ObjectRef& object : event.objects) {
    if (object.role == role) return &object;
  }
  return nullptr;
}

}  // namespace

const ObjectRef* pathBase(const SyscallEvent& event, const SyscallSpec& spec, size_t arg,
                          std::string_view text) {
  if (text.starts_with('/')) return findRole(event, ObjectRole::root);
  const bool has_dirfd = arg > 0 && spec.args[arg - 1].type == ArgType::dirfd;
  const ObjectRef* base = has_dirfd ? findRole(event, static_cast<ObjectRole>(arg - 1)) : nullptr;
  return base != nullptr && base->resource ? base : findRole(event, ObjectRole::cwd);
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
