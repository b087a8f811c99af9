// The functions and the code of an ELF file for x86-64, read by pread(2): nothing of it is believed, and what
// is read at once is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/tls/probe_sites.h"

namespace tarry {

class ElfFile : public CodeFile {
 public:
  // Looks for these functions alone, first among the exported ones, then in the whole table of symbols.
  // The fd is borrowed.
  ElfFile(int fd, std::vector<std::string_view> wanted);

  bool isElf() const { return is_elf_; }  // of any machine
  std::optional<CodeSymbol> find(std::string_view function) const override;
  std::vector<uint8_t> code(uint64_t address, uint64_t size) const override;
  // Where in the file the code of an address lies.
  std::optional<uint64_t> offsetOf(uint64_t address) const;

 private:
  struct Segment {
    uint64_t address, offset, size;
  };
  bool readHeader();
  void readSymbols(uint32_t section_type);
  void readTable(uint64_t offset, uint64_t size, uint64_t names_offset, uint64_t names_size);
  bool read(uint64_t offset, void* to, size_t size) const;
  std::vector<uint8_t> readBytes(uint64_t offset, uint64_t size) const;

  int fd_;
  std::vector<std::string_view> wanted_;
  bool is_elf_ = false;
  std::vector<Segment> segments_;
  uint64_t sections_offset_ = 0;
  uint16_t section_count_ = 0;
  std::map<std::string_view, CodeSymbol> symbols_;
};

}  // namespace tarry
