#include "recorder/tls/elf_file.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tarry {
namespace {

constexpr uint64_t kMostTableBytes = 64U << 20;  // of symbols or names: node's have 20 MiB
constexpr uint16_t kMostSegments = 256;

}  // namespace

ElfFile::ElfFile(int fd, std::vector<std::string_view> wanted) : fd_(fd), wanted_(std::move(wanted)) {
  if (!readHeader()) return;
  readSymbols(SHT_DYNSYM);
  if (symbols_.empty()) readSymbols(SHT_SYMTAB);
}

bool ElfFile::readHeader() {
  Elf64_Ehdr header{};
  if (!read(0, header.e_ident, sizeof(header.e_ident))) return false;
  is_elf_ = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
  if (!is_elf_ || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return false;
  if (!read(0, &header, sizeof(header)) || header.e_machine != EM_X86_64) return false;
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMostSegments) return false;
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!read(header.e_phoff + i * sizeof(segment), &segment, sizeof(segment))) return false;
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    segments_.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz});
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr)) return true;
  sections_offset_ = header.e_shoff;
  section_count_ = header.e_shnum;
  return true;
}

void ElfFile::readSymbols(uint32_t section_type) {
  for (uint16_t i = 0; i < section_count_; ++i) {
    Elf64_Shdr table{}, names{};
    if (!read(sections_offset_ + i * sizeof(table), &table, sizeof(table))) return;
    if (table.sh_type != section_type || table.sh_link >= section_count_) continue;
    if (!read(sections_offset_ + table.sh_link * sizeof(names), &names, sizeof(names))) return;
    if (names.sh_type == SHT_STRTAB)
      readTable(table.sh_offset, table.sh_size, names.sh_offset, names.sh_size);
    // There is one of each type. A file that lists 65,535 of the largest size would keep us for hours.
    return;
  }
}

void ElfFile::readTable(uint64_t offset, uint64_t size, uint64_t names_offset, uint64_t names_size) {
  if (size > kMostTableBytes || names_size > kMostTableBytes) return;
  const std::vector<uint8_t> names = readBytes(names_offset, names_size);
  const std::string_view text(reinterpret_cast<const char*>(names.data()), names.size());
  // Most files have none of them: one search of the names tells, without the symbols.
  const bool has_any = std::any_of(wanted_.begin(), wanted_.end(),
                                   [&](std::string_view name) { return text.find(name) != text.npos; });
  if (!has_any) return;
  const std::vector<uint8_t> table = readBytes(offset, size);
  for (size_t at = 0; at + sizeof(Elf64_Sym) <= table.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol{};
    std::memcpy(&symbol, table.data() + at, sizeof(symbol));
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF ||
        symbol.st_name >= text.size())
      continue;
    const std::string_view name =
        text.substr(symbol.st_name, text.find('\0', symbol.st_name) - symbol.st_name);
    const auto known = std::find(wanted_.begin(), wanted_.end(), name);
    if (known != wanted_.end()) symbols_.try_emplace(*known, CodeSymbol{symbol.st_value, symbol.st_size});
  }
}

bool ElfFile::read(uint64_t offset, void* to, size_t size) const {
  if (offset > INT64_MAX - size) return false;
  return ::pread(fd_, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

std::vector<uint8_t> ElfFile::readBytes(uint64_t offset, uint64_t size) const {
  if (offset > INT64_MAX - size) return {};
  // In pieces, so that a size that is a lie costs no memory.
  constexpr size_t kPiece = 1U << 20;
  std::vector<uint8_t> bytes;
  while (bytes.size() < size) {
    const size_t had = bytes.size();
    const size_t wanted = std::min<uint64_t>(kPiece, size - had);
    bytes.resize(had + wanted);
    const ssize_t got = ::pread(fd_, bytes.data() + had, wanted, static_cast<off_t>(offset + had));
    bytes.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got != static_cast<ssize_t>(wanted)) break;
  }
  return bytes;
}

std::optional<CodeSymbol> ElfFile::find(std::string_view function) const {
  const auto found = symbols_.find(function);
  if (found == symbols_.end() || !offsetOf(found->second.address)) return std::nullopt;
  return found->second;
}

std::vector<uint8_t> ElfFile::code(uint64_t address, uint64_t size) const {
  for (const Segment& segment : segments_) {
    if (address < segment.address || address - segment.address >= segment.size) continue;
    const uint64_t into = address - segment.address;
    if (segment.offset > INT64_MAX - into) return {};
    return readBytes(segment.offset + into, std::min(size, segment.size - into));
  }
  return {};
}

std::optional<uint64_t> ElfFile::offsetOf(uint64_t address) const {
  for (const Segment& segment : segments_) {
    if (address < segment.address || address - segment.address >= segment.size) continue;
    if (segment.offset > INT64_MAX - (address - segment.address)) return std::nullopt;
    return segment.offset + (address - segment.address);
  }
  return std::nullopt;
}

}  // namespace tarry
