// Packets to and from the columns of their blocks, which hold their first bytes as well.
#pragma once

#include <cstdint>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

struct PacketRow {
  PacketEvent event;  // its data is in PacketRows::bytes
  uint32_t at = 0;
  uint32_t size = 0;
};

struct PacketRows {
  std::vector<PacketRow> rows;
  std::vector<uint8_t> bytes;

  void add(const PacketEvent& event);
  // Borrows from this.
  PacketEvent event(uint32_t row) const;
  void clear();
};

void encodePackets(PacketRows& rows, schema::Packets::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodePackets(schema::Packets::Reader in, uint32_t count, PacketRows& rows);

}  // namespace tarry
