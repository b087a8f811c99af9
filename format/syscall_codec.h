// Rows of system calls to and from the columns of a syscalls block, and their payloads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "format/syscall_rows.h"
#include "format/trace.capnp.h"

namespace tarry {

// `rows` is not changed (it is only taken by reference because one code path writes and reads).
void encodeSyscalls(SyscallRows& rows, schema::Syscalls::Builder out);

// Decoding keeps its scratch columns from block to block.
struct SyscallColumns;
class SyscallDecoder {
 public:
  SyscallDecoder();
  ~SyscallDecoder();
  // `count`: Block.rows. Throws BadBlock.
  void decode(schema::Syscalls::Reader in, uint32_t count, SyscallRows& rows);

 private:
  std::unique_ptr<SyscallColumns> columns_;
};

struct PayloadRow {
  uint32_t call_row = 0;  // in the syscalls block
  uint8_t arg = 0;
  uint16_t part = 0;
  PayloadDirection direction = PayloadDirection::in;
  uint64_t length = 0;
  uint32_t size = 0;  // bytes kept
  uint32_t at = 0;    // where in PayloadRows::bytes
};

struct PayloadRows {
  uint64_t link = 0;
  std::vector<PayloadRow> rows;  // call_row never decreases
  std::vector<uint8_t> bytes;

  void add(uint32_t call_row, std::span<const PayloadRef> payloads);
  void clear();
};

void encodePayloads(PayloadRows& rows, schema::Payloads::Builder out);
void decodePayloads(schema::Payloads::Reader in, uint32_t count, PayloadRows& rows);

}  // namespace tarry
