// Resources as the kernel side numbers them, translated to the trace's: the kernel forgets objects
// it has not seen for long and numbers them anew, the trace keeps one id for the same content.
//
// Memory follows what is in use, not all that was ever seen. The kernel cannot tell which numbers it
// still has, so it is asked to begin a new epoch after every kEpochDefinitions of them: then it numbers
// and defines again what it meets, and what stands in neither the present epoch nor the one before is
// gone: files, the mass of them, at once, other objects some epochs later, for nothing but their id
// may tell two of them apart. Content that comes back even later gets a new id.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "format/trace_writer.h"
#include "recorder/records.h"

namespace tarry {

class RawResourceTable {
 public:
  static constexpr uint32_t kEpochDefinitions = 32 * 1024;  // as many as the kernel's table holds

  RawResourceTable();

  void define(std::span<const uint8_t> record);
  // The trace's id, for an event that is about to be written; none where not known.
  ResourceId use(uint32_t kernel_id, TraceWriter& writer);
  // The same for an internet socket that is told with its addresses instead of a number.
  ResourceId useSocket(uint64_t inode, const rec_socket& ends, TraceWriter& writer);
  // What it is, but for its path; nullptr where not known. Valid until the next call of tick().
  const Resource* describe(uint32_t kernel_id) const;
  // Call once a batch. What has not been used for a while is forgotten, so that the definitions that
  // every epoch of the trace begins with stay few however long the recording; its next use defines it
  // again, under the same id.
  void tick(int64_t now_ns, TraceWriter& writer);
  // The path of a file or directory, none where it has no name.
  StringId path(uint32_t kernel_id, TraceWriter& writer) const;

  // Epochs of the kernel side's numbers (rec_resource::resource_epoch): the last that was seen, and
  // which it should be.
  uint32_t epoch() const { return epoch_; }
  uint32_t wantedEpoch() const { return defined_in_epoch_ < kEpochDefinitions ? epoch_ : epoch_ + 1; }
  size_t size() const { return by_content_.size(); }  // for tests

 private:
  struct Mount {
    uint32_t major = 0, minor = 0;
    std::string point;
  };
  struct Entry {
    Resource resource;      // but its path: the text's id may be forgotten meanwhile
    uint32_t epoch = 0;     // in which the kernel last defined it
    uint32_t last_use = 0;  // sweep number
    bool defined = false;   // in the trace's present definitions
  };
  std::string filePath(const rec_resource& head, std::string_view names) const;
  using Entries = std::unordered_map<std::string, Entry>;
  using Ids = std::unordered_map<uint32_t, Entries::value_type*>;
  using Inode = std::tuple<uint32_t, uint64_t, uint32_t>;  // the kernel's dev_t, number, generation
  // The one of this content, made if need be.
  Entries::value_type& intern(const rec_resource& head, std::string_view text);
  static ResourceId use(Entries::value_type& one, uint32_t sweep, TraceWriter& writer);
  Entries::value_type* find(uint32_t kernel_id) const;
  static std::string_view pathOf(const Entries::value_type& one);
  static StringId path(const Entries::value_type& one, TraceWriter& writer);
  void beginEpoch(uint32_t epoch);
  void forgetOutdated(TraceWriter& writer);

  Entries by_content_;                              // content: the record without its number, then the path
  Ids ids_, ids_before_;                            // by kernel id: of the present epoch and the one before
  Ids ids_outdated_;                                // older ones, to be forgotten after the batch
  std::map<Inode, Entries::value_type*> by_inode_;  // files whose mount was known, as last met
  uint32_t last_id_ = 0;
  uint32_t epoch_ = 0;
  uint32_t defined_in_epoch_ = 0;
  uint32_t sweep_ = 1;
  int64_t last_sweep_ns_ = 0;
  std::vector<Mount> mounts_;  // of the recorder's mount namespace, where a file's mount is not known
};

// Joins names that stand from the leaf to the root, each with its NUL, to an absolute path.
std::string joinNames(std::string_view names);

// What an object is, from its mode, file system and (anonymous inodes) class name. For tests.
ResourceKind kindOf(const rec_resource& head, std::string_view names);

}  // namespace tarry
