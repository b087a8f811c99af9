// Plaintext of TLS to and from the columns of its blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

struct PlaintextRow {
  PlaintextEvent event;  // without its data
  uint32_t at = 0;       // where its kept bytes begin in PlaintextRows::bytes
  uint32_t size = 0;
};

struct PlaintextRows {
  std::vector<PlaintextRow> rows;
  std::vector<uint8_t> bytes;

  void add(const PlaintextEvent& event);
  // With its data, which live as long as the rows stay as they are.
  PlaintextEvent event(uint32_t row) const;
  void clear();
};

void encodePlaintexts(PlaintextRows& rows, schema::Plaintexts::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodePlaintexts(schema::Plaintexts::Reader in, uint32_t count, PlaintextRows& rows);

}  // namespace tarry
