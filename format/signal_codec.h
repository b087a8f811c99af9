// Signals to and from the columns of their blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

void encodeSignals(std::vector<SignalEvent>& rows, schema::Signals::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodeSignals(schema::Signals::Reader in, uint32_t count, std::vector<SignalEvent>& rows);

}  // namespace tarry
