// The text of a call's arguments, as columns `args` of syscall and `value` of syscall_arg have it.
// On demand (query FILE.tarry) calls are decoded again from the trace when they are asked for.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/decode/render.h"
#include "analyzer/sqlite.h"
#include "format/syscall_table.h"
#include "format/trace_reader.h"

namespace tarry {

// What a load leaves behind for asking later.
struct LoadRemains {
  std::vector<CallLocator> locators;  // by syscall.id - 1
  std::unordered_map<ResourceId, Resource> resources;
};

// Renders with the texts of a reader and resources found by `find` (nullptr: unknown).
class CallArgs {
 public:
  using FindResource = std::function<const Resource*(ResourceId)>;
  CallArgs(const TraceReader& reader, FindResource find);

  std::string all(const SyscallEvent& event) const { return renderArgs(event, text_, label_); }
  std::string one(const SyscallEvent& event, int arg) const {
    return renderArgument(event, arg, text_, label_);
  }

 private:
  FindResource find_;
  TextOf text_;
  ResourceLabelOf label_;
};

// "fd", "path", "flags", "buffer", "structure", ...: column `type` of syscall_arg.
std::string_view argumentTypeName(ArgType type);

// Makes `args` of syscall and all of syscall_arg work on a database that was loaded without them:
// temporary views of the same names stand before the tables. reader and remains must outlive db.
void provideArgsOnDemand(Database& db, TraceReader& reader, const LoadRemains& remains);

}  // namespace tarry
