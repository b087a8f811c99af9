#include "format/syscall_table.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "format/syscalls/prototype.h"

namespace tarry {
namespace {

using syscalls::Number;
using syscalls::Prototype;
using syscalls::Trait;

// Numbers joined with their prototypes, for one ABI.
class AbiTable {
 public:
  explicit AbiTable(std::span<const Number> numbers) {
    std::unordered_map<std::string_view, const Prototype*> prototypes;
    for (auto list : {syscalls::filesPrototypes(), syscalls::tasksPrototypes(), syscalls::ioPrototypes()}) {
      for (const Prototype& prototype : list) prototypes.emplace(prototype.name, &prototype);
    }
    specs_.reserve(numbers.size());
    for (const Number& number : numbers) specs_.push_back(makeSpec(number, prototypes));
    std::sort(specs_.begin(), specs_.end(),
              [](const SyscallSpec& a, const SyscallSpec& b) { return a.nr < b.nr; });
    for (const SyscallSpec& spec : specs_) by_name_.emplace(spec.name, &spec);
  }

  std::span<const SyscallSpec> all() const { return specs_; }

  const SyscallSpec* find(int32_t nr) const {
    // Numbers are dense but for a few holes, so the answer is near the front of the bisection.
    auto it = std::lower_bound(specs_.begin(), specs_.end(), nr,
                               [](const SyscallSpec& spec, int32_t value) { return spec.nr < value; });
    return it != specs_.end() && it->nr == nr ? &*it : nullptr;
  }

  const SyscallSpec* find(std::string_view name) const {
    auto it = by_name_.find(name);
    return it == by_name_.end() ? nullptr : it->second;
  }

 private:
  static SyscallSpec makeSpec(const Number& number,
                              const std::unordered_map<std::string_view, const Prototype*>& prototypes) {
    SyscallSpec spec;
    spec.nr = number.nr;
    spec.name = number.name;
    auto it = prototypes.find(number.prototype.empty() ? number.name : number.prototype);
    if (it == prototypes.end() || it->second->trait == Trait::untyped) {
      static constexpr std::array<std::string_view, kMaxArgs> kNames = {"a0", "a1", "a2", "a3", "a4", "a5"};
      spec.arg_count = kMaxArgs;
      for (size_t i = 0; i < kMaxArgs; ++i) spec.args[i] = {kNames[i], ArgType::hex};
      if (it != prototypes.end()) spec.classes = it->second->classes;
      return spec;
    }
    const Prototype& prototype = *it->second;
    spec.typed = true;
    spec.no_return = prototype.trait == Trait::no_return;
    spec.result = prototype.result;
    spec.classes = prototype.classes;
    spec.args = prototype.args;
    while (spec.arg_count < kMaxArgs && spec.args[spec.arg_count].type != ArgType::none) ++spec.arg_count;
    return spec;
  }

  std::vector<SyscallSpec> specs_;
  std::unordered_map<std::string_view, const SyscallSpec*> by_name_;
};

// Built at the first use of each ABI and never changed after that; nullptr for Abi::none.
const AbiTable* tableOf(Abi abi) {
  switch (abi) {
    case Abi::none: break;
    case Abi::x86_64: {
      static const AbiTable table(syscalls::x86_64Numbers());
      return &table;
    }
    case Abi::i386: {
      static const AbiTable table(syscalls::i386Numbers());
      return &table;
    }
    case Abi::x32: {
      static const AbiTable table(syscalls::x32Numbers());
      return &table;
    }
    case Abi::aarch64: {
      static const AbiTable table(syscalls::aarch64Numbers());
      return &table;
    }
  }
  return nullptr;
}

}  // namespace

const SyscallSpec* findSyscall(Abi abi, int32_t nr) {
  const AbiTable* table = tableOf(abi);
  return table ? table->find(nr) : nullptr;
}

const SyscallSpec* findSyscall(Abi abi, std::string_view name) {
  const AbiTable* table = tableOf(abi);
  return table ? table->find(name) : nullptr;
}

std::span<const SyscallSpec> allSyscalls(Abi abi) {
  const AbiTable* table = tableOf(abi);
  return table ? table->all() : std::span<const SyscallSpec>{};
}

bool isAlwaysCaptured(ArgType type) {
  return type == ArgType::epoll_event_in || type == ArgType::fd_pair_out || type == ArgType::wait_status_out;
}

std::string_view abiName(Abi abi) {
  switch (abi) {
    case Abi::none: break;
    case Abi::x86_64: return "x86-64";
    case Abi::i386: return "i386";
    case Abi::x32: return "x32";
    case Abi::aarch64: return "aarch64";
  }
  return "unknown";
}

uint32_t abiWordSize(Abi abi) {
  return abi == Abi::i386 || abi == Abi::x32 ? 4 : 8;
}

}  // namespace tarry
