// A set of system calls in the words of strace's -e trace=: names, %classes, /regex, all, none, !.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/syscall_table.h"

namespace tarry {

class SyscallSet {
 public:
  SyscallSet();  // all calls
  ~SyscallSet();
  SyscallSet(SyscallSet&&) noexcept;
  SyscallSet& operator=(SyscallSet&&) noexcept;

  // "open,close", "%file,?newcall", "!%memory", "/^set.*id", "read@64", "all". Throws UsageError with
  // the nearest known name for a word that is no call of any ABI and no class.
  static SyscallSet parse(std::string_view expression);

  // Calls that no table knows belong to a set only by `all` or by exclusion.
  bool contains(Abi abi, int32_t nr) const;

 private:
  struct Term;
  bool matches(Abi abi, const SyscallSpec* spec) const;

  std::vector<std::unique_ptr<Term>> terms_;
  bool inverted_ = false;
  bool all_ = true;
  mutable std::unordered_map<uint64_t, bool> known_;  // answers already given
};

}  // namespace tarry
