#include "recorder/tls/instruction.h"

namespace tarry {
namespace {

class Decoder {
 public:
  explicit Decoder(std::span<const uint8_t> code) : code_(code) {}

  std::optional<Instruction> decode() {
    if (!prefixes()) return std::nullopt;
    const uint8_t opcode = byte();
    const bool known = opcode == 0x0f ? twoBytes(byte()) : oneByte(opcode);
    if (!known || cut_) return std::nullopt;
    result_.length = static_cast<uint8_t>(at_);
    if (relative_) result_.target = displacement_ + static_cast<int64_t>(at_);
    return result_;
  }

 private:
  static constexpr size_t kLongest = 15;

  uint8_t byte() {
    if (at_ >= code_.size() || at_ >= kLongest) {
      cut_ = true;
      return 0;
    }
    return code_[at_++];
  }

  void skip(size_t count) {
    at_ += count;
    if (at_ > code_.size() || at_ > kLongest) cut_ = true;
  }

  bool prefixes() {
    while (true) {
      const uint8_t next = byte();
      if (cut_) return false;
      switch (next) {
        case 0x66: operand16_ = true; break;
        case 0xf2:
        case 0xf3: repeat_ = next; break;
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x26:
        case 0x64:
        case 0x65:
        case 0xf0: other_prefix_ = true; break;
        default:
          if ((next & 0xf0) == 0x40) rex_ = next;
          else --at_;
          return true;
      }
    }
  }

  bool plain() const { return !operand16_ && repeat_ == 0 && !other_prefix_; }
  bool wide() const { return (rex_ & 8) != 0; }

  struct Operands {
    uint8_t reg = 0;    // with the REX bit
    uint8_t digit = 0;  // the same without
    bool is_register = false;
    uint8_t rm = 0;  // a register if so
  };

  Operands operands() {
    const uint8_t modrm = byte();
    const uint8_t mode = modrm >> 6;
    Operands all;
    all.digit = modrm >> 3 & 7;
    all.reg = static_cast<uint8_t>(all.digit | (rex_ & 4) << 1);
    const uint8_t rm = modrm & 7;
    all.rm = static_cast<uint8_t>(rm | (rex_ & 1) << 3);
    all.is_register = mode == 3;
    if (mode == 3) return all;
    uint8_t base = rm;
    if (rm == 4) base = byte() & 7;
    if (mode == 1) skip(1);
    if (mode == 2 || (mode == 0 && base == 5)) skip(4);
    return all;
  }

  void writes(unsigned reg, bool is_byte = false) {
    result_.written = static_cast<RegisterSet>(result_.written | setOf(reg));
    if (is_byte && rex_ == 0) result_.written = static_cast<RegisterSet>(result_.written | setOf(reg & 3));
  }
  void writesMemoryOrRegister(const Operands& all, bool is_byte = false) {
    if (all.is_register) writes(all.rm, is_byte);
  }
  void immediate(bool is_byte) { skip(is_byte ? 1 : operand16_ ? 2 : 4); }

  void relative8(Flow flow) {
    relative_ = true;
    const int value = byte();
    displacement_ = value < 0x80 ? value : value - 0x100;
    result_.flow = flow;
    result_.emulated = plain();
  }
  void relative32(Flow flow) {
    relative_ = true;
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= static_cast<uint32_t>(byte()) << 8 * i;
    displacement_ = static_cast<int32_t>(value);
    result_.flow = flow;
    result_.emulated = plain();
  }

  bool move(uint8_t from, uint8_t to) {
    writes(to);
    if (!wide() || !plain()) return true;
    result_.is_move = true;
    result_.from = from;
    result_.to = to;
    return true;
  }

  bool arithmetic(uint8_t opcode) {
    const bool compares = opcode >= 0x38;
    const bool is_byte = (opcode & 1) == 0;
    if ((opcode & 7) < 4) {
      const Operands all = operands();
      if (compares) return true;
      if ((opcode & 2) == 0) writesMemoryOrRegister(all, is_byte);
      else writes(all.reg, is_byte);
      return true;
    }
    if ((opcode & 7) > 5) return false;
    immediate(is_byte);
    if (!compares) writes(kRax);
    return true;
  }

  bool oneByte(uint8_t opcode) {
    if (opcode < 0x40) return arithmetic(opcode);
    const bool is_byte = (opcode & 1) == 0;
    const unsigned low = (opcode & 7U) | (rex_ & 1U) << 3;
    if (opcode >= 0x50 && opcode <= 0x57) {
      writes(kRsp);
      result_.emulated = plain();
      return true;
    }
    if (opcode >= 0x58 && opcode <= 0x5f) {
      writes(kRsp);
      writes(low);
      return true;
    }
    if (opcode >= 0x70 && opcode <= 0x7f) {
      relative8(Flow::conditional);
      return true;
    }
    if (opcode >= 0x91 && opcode <= 0x97) {
      writes(kRax);
      writes(low);
      return true;
    }
    if (opcode >= 0xb0 && opcode <= 0xb7) {
      skip(1);
      writes(low, true);
      return true;
    }
    if (opcode >= 0xb8 && opcode <= 0xbf) {
      skip(wide() ? 8 : operand16_ ? 2 : 4);
      writes(low);
      return true;
    }
    return rest(opcode, is_byte);
  }

  bool rest(uint8_t opcode, bool is_byte) {
    switch (opcode) {
      case 0x63:
      case 0x8d: writes(operands().reg); return true;
      case 0x68:
      case 0x6a:
        immediate(opcode == 0x6a);
        writes(kRsp);
        return true;
      case 0x69:
      case 0x6b: {
        writes(operands().reg);
        immediate(opcode == 0x6b);
        return true;
      }
      case 0x80:
      case 0x81:
      case 0x83: {
        const Operands all = operands();
        immediate(opcode != 0x81);
        if (all.digit != 7) writesMemoryOrRegister(all, is_byte);
        return true;
      }
      case 0x84:
      case 0x85: operands(); return true;
      case 0x86:
      case 0x87: {
        const Operands all = operands();
        writes(all.reg, is_byte);
        writesMemoryOrRegister(all, is_byte);
        return true;
      }
      case 0x88: writesMemoryOrRegister(operands(), true); return true;
      case 0x89: {
        const Operands all = operands();
        return all.is_register ? move(all.reg, all.rm) : true;
      }
      case 0x8a: writes(operands().reg, true); return true;
      case 0x8b: {
        const Operands all = operands();
        if (all.is_register) return move(all.rm, all.reg);
        writes(all.reg);
        return true;
      }
      case 0x90: result_.emulated = plain() && rex_ == 0; return true;
      case 0x98: writes(kRax); return true;
      case 0x99: writes(kRdx); return true;
      case 0xa4:
      case 0xa5:
      case 0xaa:
      case 0xab:
        for (const unsigned reg : {kRcx, kRsi, kRdi}) writes(reg);
        return true;
      case 0xa8:
      case 0xa9: immediate(is_byte); return true;
      case 0xc0:
      case 0xc1: {
        const Operands all = operands();
        skip(1);
        writesMemoryOrRegister(all, is_byte);
        return true;
      }
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3: writesMemoryOrRegister(operands(), is_byte); return true;
      case 0xc3: result_.flow = Flow::returns; return true;
      case 0xc2:
        skip(2);
        result_.flow = Flow::returns;
        return true;
      case 0xc6:
      case 0xc7: {
        const Operands all = operands();
        immediate(is_byte);
        writesMemoryOrRegister(all, is_byte);
        return all.digit == 0;
      }
      case 0xc9:
        writes(kRsp);
        writes(kRbp);
        return true;
      case 0xcc:
      case 0xf4: result_.flow = Flow::stops; return true;
      case 0xe8: relative32(Flow::call); return true;
      case 0xe9: relative32(Flow::jump); return true;
      case 0xeb: relative8(Flow::jump); return true;
      case 0xf6:
      case 0xf7: {
        const Operands all = operands();
        if (all.digit < 2) {
          immediate(is_byte);
        } else if (all.digit < 4) {
          writesMemoryOrRegister(all, is_byte);
        } else {
          writes(kRax);
          writes(kRdx);
        }
        return true;
      }
      case 0xfe:
      case 0xff: return groupFive(operands(), is_byte);
      default: return false;
    }
  }

  bool groupFive(const Operands& all, bool is_byte) {
    switch (all.digit) {
      case 0:
      case 1: writesMemoryOrRegister(all, is_byte); return true;
      case 2: result_.flow = Flow::indirect_call; return !is_byte;
      case 4: result_.flow = Flow::indirect_jump; return !is_byte;
      case 6: writes(kRsp); return !is_byte;
      default: return false;
    }
  }

  bool twoBytes(uint8_t opcode) {
    if (opcode >= 0x18 && opcode <= 0x1f) {  // hints: endbr64, nop with operands
      operands();
      return true;
    }
    if ((opcode & 0xf0) == 0x40) {
      writes(operands().reg);
      return true;
    }
    if ((opcode & 0xf0) == 0x80) {
      relative32(Flow::conditional);
      return true;
    }
    if ((opcode & 0xf0) == 0x90) {
      writesMemoryOrRegister(operands(), true);
      return true;
    }
    if (opcode >= 0xc8 && opcode <= 0xcf) {
      writes((opcode & 7U) | (rex_ & 1U) << 3);
      return true;
    }
    if ((opcode >= 0x10 && opcode <= 0x17) || (opcode >= 0x28 && opcode <= 0x2f) ||
        (opcode >= 0x50 && opcode <= 0x7f) || opcode == 0xc2 || opcode == 0xc4 || opcode == 0xc5 ||
        opcode == 0xc6 || (opcode >= 0xd0 && opcode <= 0xfe)) {
      return vector(opcode);
    }
    switch (opcode) {
      case 0x05:
        for (const unsigned reg : {0U, 1U, 11U}) writes(reg);
        return true;
      case 0x0b: result_.flow = Flow::stops; return true;
      case 0xa2:
      case 0x31:
        for (const unsigned reg : {kRax, kRcx, kRdx, kRbx}) writes(reg);
        return true;
      case 0xa3:
      case 0xae: operands(); return true;
      case 0xa4:
      case 0xac:
      case 0xba: {
        const Operands all = operands();
        skip(1);
        writesMemoryOrRegister(all);
        return true;
      }
      case 0xa5:
      case 0xab:
      case 0xad:
      case 0xb3:
      case 0xbb: writesMemoryOrRegister(operands()); return true;
      case 0xaf:
      case 0xb6:
      case 0xb7:
      case 0xb8:
      case 0xbc:
      case 0xbd:
      case 0xbe:
      case 0xbf: writes(operands().reg); return true;
      case 0xb0:
      case 0xb1:
        writesMemoryOrRegister(operands(), opcode == 0xb0);
        writes(kRax);
        return true;
      case 0xc0:
      case 0xc1: {
        const Operands all = operands();
        writes(all.reg, opcode == 0xc0);
        writesMemoryOrRegister(all, opcode == 0xc0);
        return true;
      }
      default: return false;
    }
  }

  // SSE: few of them write a general register.
  bool vector(uint8_t opcode) {
    if (opcode == 0x77) return true;
    const Operands all = operands();
    const bool has_immediate =
        (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6);
    if (has_immediate) skip(1);
    if (opcode == 0x2c || opcode == 0x2d || opcode == 0x50 || opcode == 0xd7 || opcode == 0xc5)
      writes(all.reg);
    if (opcode == 0x7e && repeat_ == 0) writesMemoryOrRegister(all);
    return true;
  }

  std::span<const uint8_t> code_;
  size_t at_ = 0;
  bool cut_ = false;
  bool operand16_ = false, other_prefix_ = false;
  uint8_t repeat_ = 0, rex_ = 0;
  bool relative_ = false;
  int64_t displacement_ = 0;
  Instruction result_;
};

}  // namespace

std::optional<Instruction> decodeInstruction(std::span<const uint8_t> code) {
  return Decoder(code).decode();
}

}  // namespace tarry
