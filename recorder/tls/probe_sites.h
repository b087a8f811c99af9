// Where to probe the functions of a TLS library, so that it costs least.
//
// The kernel emulates few instructions under a uprobe: push, nop, near jumps and calls (0.9 µs on a virtual
// machine); the others it runs in a single step, two more traps (11 µs). The first instruction of a function
// is mostly `sub` or `endbr64`. So an enter is probed at the first emulated instruction that every path
// through the function passes with the arguments still in registers; and the return
//
// - by a uretprobe at the same place, if the return address is still on top of the stack there: it then
//   costs 0.3 µs more. Otherwise
// - in the function that this one hands its arguments to, as SSL_read_ex does to ssl_read_internal, or by
//   which it ends, as gnutls_record_recv;
// - at an emulated instruction right before the function's returns, with the result in its register: the
//   check of the stack protector;
// - if nothing else is found by a uretprobe at the first instruction, whatever that costs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "format/events.h"

namespace tarry {

struct CodeSymbol {
  uint64_t address = 0;
  uint64_t size = 0;  // 0: not said
};

// What a file of code has to be asked; of hostile files, too.
class CodeFile {
 public:
  virtual ~CodeFile() = default;
  virtual std::optional<CodeSymbol> find(std::string_view function) const = 0;
  // At most `size` bytes of code; fewer at the end of what is mapped.
  virtual std::vector<uint8_t> code(uint64_t address, uint64_t size) const = 0;
};

struct ProbeSite {
  uint64_t address = 0;
  bool enter = false;    // arguments are taken here
  bool exit = false;     // the result is taken here
  bool returns = false;  // the result is taken when the function returns that begins around here
  uint64_t cookie = 0;   // TLS_COOKIE_* of records.h
  bool cheap = true;
};

// None: the file has no function that is known. A function that is missing in an older version is left out.
std::vector<ProbeSite> chooseProbeSites(const CodeFile& file);

}  // namespace tarry
