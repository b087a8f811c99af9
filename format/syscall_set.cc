#include "format/syscall_set.h"

#include <fmt/format.h>
#include <regex.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "format/errors.h"
#include "format/readable.h"

namespace tarry {
namespace {

constexpr Abi kAbis[] = {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64};

struct ClassName {
  std::string_view name;
  uint32_t mask;
  bool bare;  // also accepted without the per cent sign, as strace still does
};
// strace(1), "Filtering"; the last three are tarry's own.
constexpr ClassName kClasses[] = {
    {"file", kClassFile, true},
    {"desc", kClassDesc, true},
    {"process", kClassProcess, true},
    {"network", kClassNetwork, true},
    {"net", kClassNetwork, false},
    {"signal", kClassSignal, true},
    {"ipc", kClassIpc, true},
    {"memory", kClassMemory, true},
    {"creds", kClassCreds, false},
    {"stat", kClassStat, false},
    {"lstat", kClassLstat, false},
    {"fstat", kClassFstat, false},
    {"%stat", kClassStat | kClassLstat | kClassFstat, false},
    {"statfs", kClassStatfs, false},
    {"fstatfs", kClassFstatfs, false},
    {"%statfs", kClassStatfs | kClassFstatfs, false},
    {"pure", kClassPure, false},
    {"clock", kClassClock, false},
    {"time", kClassTime, false},
    {"poll", kClassPoll, false},
    {"lock", kClassLock, false},
};

const ClassName* findClass(std::string_view word) {
  const bool percent = word.starts_with('%');
  if (percent) word.remove_prefix(1);
  for (const ClassName& entry : kClasses) {
    if (entry.name == word && (percent || entry.bare)) return &entry;
  }
  return nullptr;
}

bool isCall(std::string_view name) {
  return std::any_of(std::begin(kAbis), std::end(kAbis),
                     [&](Abi abi) { return findSyscall(abi, name) != nullptr; });
}

// Insertions, deletions and replacements that turn a into b.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view word) {
  const bool percent = word.starts_with('%');
  std::string best;
  size_t best_distance = word.size() / 2 + 1;
  const auto offer = [&](const std::string& candidate) {
    const size_t d = distance(word, candidate);
    if (d >= best_distance) return;
    best = candidate;
    best_distance = d;
  };
  for (const ClassName& entry : kClasses) offer("%" + std::string(entry.name));
  if (percent) return best;
  for (const Abi abi : kAbis) {
    for (const SyscallSpec& spec : allSyscalls(abi)) offer(std::string(spec.name));
  }
  return best;
}

class Regex {
 public:
  explicit Regex(const std::string& pattern) {
    const int error = regcomp(&regex_, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error == 0) return;
    std::array<char, 128> text{};
    regerror(error, &regex_, text.data(), text.size());
    throw UsageError(
        fmt::format("the regular expression '{}' does not compile: {}", printable(pattern), text.data()));
  }
  ~Regex() { regfree(&regex_); }
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  bool matches(std::string_view text) const {
    return regexec(&regex_, std::string(text).c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t regex_{};
};

enum class Width : uint8_t { any, bits64, bits32, x32 };

bool fits(Width width, Abi abi) {
  switch (width) {
    case Width::any: return true;
    case Width::bits64: return abi == Abi::x86_64 || abi == Abi::aarch64;
    case Width::bits32: return abi == Abi::i386;
    case Width::x32: return abi == Abi::x32;
  }
  return false;
}

}  // namespace

struct SyscallSet::Term {
  Width width = Width::any;
  std::string name;              // a call by its name
  uint32_t classes = 0;          // any of them
  std::unique_ptr<Regex> regex;  // of the name
};

SyscallSet::SyscallSet() = default;
SyscallSet::~SyscallSet() = default;
SyscallSet::SyscallSet(SyscallSet&&) noexcept = default;
SyscallSet& SyscallSet::operator=(SyscallSet&&) noexcept = default;

SyscallSet SyscallSet::parse(std::string_view expression) {
  SyscallSet set;
  set.all_ = false;
  while (expression.starts_with('!')) {
    set.inverted_ = !set.inverted_;
    expression.remove_prefix(1);
  }
  if (expression.empty())
    throw UsageError("an empty set of system calls (name some, or %file, %network, all)");
  while (!expression.empty()) {
    const size_t comma = expression.find(',');
    std::string_view word = expression.substr(0, comma);
    expression.remove_prefix(comma == std::string_view::npos ? expression.size() : comma + 1);
    const bool optional = word.starts_with('?');
    if (optional) word.remove_prefix(1);
    if (word.empty()) throw UsageError("an empty word in a set of system calls");
    if (word == "all") {
      set.all_ = true;
      continue;
    }
    if (word == "none") continue;
    auto term = std::make_unique<Term>();
    if (word.starts_with('/')) {
      term->regex = std::make_unique<Regex>(std::string(word.substr(1)));
      set.terms_.push_back(std::move(term));
      continue;
    }
    if (const size_t at = word.find('@'); at != std::string_view::npos) {
      const std::string_view width = word.substr(at + 1);
      if (width != "64" && width != "32" && width != "x32") {
        throw UsageError(fmt::format("'{}': an ABI is @64, @32 or @x32", printable(word)));
      }
      term->width = width == "64" ? Width::bits64 : width == "32" ? Width::bits32 : Width::x32;
      word = word.substr(0, at);
    }
    if (const ClassName* entry = findClass(word)) {
      term->classes = entry->mask;
      if (entry->name == "%statfs") {
        auto ustat = std::make_unique<Term>();
        ustat->width = term->width;
        ustat->name = "ustat";
        set.terms_.push_back(std::move(ustat));
      }
    } else if (isCall(word)) {
      term->name = word;
    } else if (optional) {
      continue;
    } else {
      const std::string guess = nearest(word);
      throw UsageError(
          fmt::format("no system call or class '{}'{}", printable(word),
                      guess.empty() ? std::string() : fmt::format(" (did you mean {}?)", guess)));
    }
    set.terms_.push_back(std::move(term));
  }
  return set;
}

bool SyscallSet::matches(Abi abi, const SyscallSpec* spec) const {
  if (all_) return true;
  if (!spec) return false;
  return std::any_of(terms_.begin(), terms_.end(), [&](const std::unique_ptr<Term>& term) {
    if (!fits(term->width, abi)) return false;
    if (term->regex) return term->regex->matches(spec->name);
    return term->classes != 0 ? (spec->classes & term->classes) != 0 : spec->name == term->name;
  });
}

bool SyscallSet::contains(Abi abi, int32_t nr) const {
  const uint64_t key = uint64_t{static_cast<uint8_t>(abi)} << 32 | static_cast<uint32_t>(nr);
  auto [it, is_new] = known_.try_emplace(key, false);
  if (is_new) it->second = matches(abi, findSyscall(abi, nr)) != inverted_;
  return it->second;
}

}  // namespace tarry
