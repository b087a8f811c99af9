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
  // The trace's id, for an event that is about to be written; none where not known.
  ResourceId use(uint32_t kernel_id, TraceWriter& writer);
  // Call once a batch. What has not been used for a while is forgotten, so that the definitions that
  // every epoch of the trace begins with stay few however long the recording; its next use defines it
  // again, under the same id.
  void tick(int64_t now_ns, TraceWriter& writer);
  // The path of a file or directory, none where it has no name.
  StringId path(uint32_t kernel_id);

 private:
  struct Mount {
    uint32_t major = 0, minor = 0;
    std::string point;
  };
  struct Entry {
    Resource resource;
    uint32_t last_use = 0;  // sweep number
    bool defined = false;   // in the trace's present definitions
  };
  std::string filePath(const rec_resource& head, std::string_view names) const;
  Entry* entry(uint32_t kernel_id);

  std::vector<ResourceId> ids_;  // by kernel id
  std::vector<Entry> entries_;   // by resource id; the first is unused
  std::unordered_map<std::string, ResourceId> by_content_;
  uint32_t sweep_ = 1;
  int64_t last_sweep_ns_ = 0;
  std::vector<Mount> mounts_;  // of the recorder's mount namespace, where a file's mount is not known
};

// Joins names that stand from the leaf to the root, each with its NUL, to an absolute path.
std::string joinNames(std::string_view names);

// What an object is, from its mode, file system and (anonymous inodes) class name. For tests.
ResourceKind kindOf(const rec_resource& head, std::string_view names);

}  // namespace tarry
