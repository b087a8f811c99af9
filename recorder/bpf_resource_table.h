// Resources as the kernel side numbers them, translated to the trace's: the kernel forgets objects
// it has not seen for long and numbers them anew, the trace keeps one id for the same content.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "format/trace_writer.h"
#include "recorder/bpf/records.h"

namespace tarry {

class BpfResourceTable {
 public:
  BpfResourceTable();

  void define(std::span<const uint8_t> record, TraceWriter& writer);
  ResourceId find(uint32_t kernel_id) const {
    return kernel_id < ids_.size() ? ids_[kernel_id] : ResourceId{};
  }
  // The path of a file or directory, none where it has no name.
  StringId path(uint32_t kernel_id) const;

 private:
  struct Mount {
    uint32_t major = 0, minor = 0;
    std::string point;
  };
  std::string filePath(const rec_resource& head, std::string_view names) const;

  std::vector<ResourceId> ids_;                          // by kernel id
  std::vector<StringId> paths_;                          // by resource id
  std::unordered_map<std::string, ResourceId> by_content_;
  std::vector<Mount> mounts_;  // of the recorder's mount namespace, where a file's mount is not known
};

// Joins names that stand from the leaf to the root, each with its NUL, to an absolute path.
std::string joinNames(std::string_view names);

// What an object is, from its mode, file system and (anonymous inodes) class name. For tests.
ResourceKind kindOf(const rec_resource& head, std::string_view names);

}  // namespace tarry
