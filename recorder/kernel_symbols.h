// Names of kernel addresses, from /proc/kallsyms. Read once; where the kernel does not show
// addresses (kptr_restrict), nothing is found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tarry {

class KernelSymbols {
 public:
  struct Symbol {
    std::string_view name;    // "" where not known
    std::string_view module;  // "kernel" or the module's name
    uint64_t offset = 0;
  };

  KernelSymbols();                           // reads /proc/kallsyms
  explicit KernelSymbols(std::string text);  // in its format, for tests

  // Views live as long as this object.
  Symbol find(uint64_t address) const;

 private:
  struct Entry {
    uint64_t address;
    uint32_t name_at, name_size;
    uint32_t module_at, module_size;
  };
  void parse();

  std::string text_;
  std::vector<Entry> entries_;  // by address
};

}  // namespace tarry
