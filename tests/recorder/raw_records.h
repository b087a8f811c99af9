// Raw records of the kernel side, made by hand.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "recorder/raw_records.h"
#include "recorder/records.h"

namespace tarry {

template <class Record>
void put(std::vector<uint8_t>& ring, const Record& record, const std::string& tail = "") {
  std::vector<uint8_t> bytes(sizeof(record) + tail.size());
  std::memcpy(bytes.data(), &record, sizeof(record));
  std::memcpy(bytes.data() + sizeof(record), tail.data(), tail.size());
  appendRecord(ring, bytes);
}

inline rec_resource file(uint32_t id, uint64_t inode, const std::string& names) {
  rec_resource record{};
  record.type = RT_RESOURCE;
  record.id = id;
  record.mode = S_IFREG | 0644;
  record.inode = inode;
  record.dev = 8U << 20 | 1;
  record.magic = 0xef53;
  record.text_len = static_cast<uint32_t>(names.size());
  return record;
}

}  // namespace tarry
