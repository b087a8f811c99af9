// Plaintext of TLS to and from the columns of its blocks.
#pragma once

#include <cstdint>

#include "format/byte_rows.h"
#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

using PlaintextRows = ByteRows<PlaintextEvent>;

void encodePlaintexts(PlaintextRows& rows, schema::Plaintexts::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodePlaintexts(schema::Plaintexts::Reader in, uint32_t count, PlaintextRows& rows);

}  // namespace tarry
