// One x86-64 instruction, as far as choosing where to probe a function needs it: how long it is, where it
// leads, which general registers it writes, and whether the kernel's uprobes run it without a single step.
//
// Not a disassembler: what compilers put into functions seldom (VEX, x87, string operations with odd
// operands) is not known, and whoever asks gives up there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace tarry {

// Registers by their number in machine code: rax 0, rcx 1, rdx 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8 …
enum : uint8_t { kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6, kRdi = 7, kR8 = 8 };
using RegisterSet = uint16_t;
constexpr RegisterSet setOf(unsigned reg) {
  return static_cast<RegisterSet>(1U << reg);
}

enum class Flow : uint8_t {
  next,
  conditional,  // to `target` or on
  jump,         // to `target`
  call,         // of `target`
  returns,
  indirect_jump,
  indirect_call,
  stops,  // ud2, hlt, int3
};

struct Instruction {
  uint8_t length = 0;
  Flow flow = Flow::next;
  int64_t target = 0;       // from the instruction's own address
  RegisterSet written = 0;  // also in part
  bool is_move = false;     // of the whole of register `from` to `to`
  uint8_t from = 0, to = 0;
  // arch/x86/kernel/uprobes.c: a probe costs a trap, not a trap and a single step.
  bool emulated = false;
};

// nullopt: unknown, or cut off.
std::optional<Instruction> decodeInstruction(std::span<const uint8_t> code);

}  // namespace tarry
