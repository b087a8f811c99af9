// Packets to and from the columns of their blocks, which hold their first bytes as well.
#pragma once

#include <cstdint>

#include "format/byte_rows.h"
#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

using PacketRows = ByteRows<PacketEvent>;

void encodePackets(PacketRows& rows, schema::Packets::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodePackets(schema::Packets::Reader in, uint32_t count, PacketRows& rows);

}  // namespace tarry
