// Switches and wake-ups to and from the columns of their blocks. The events themselves are the rows.
#pragma once

#include <cstdint>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

void encodeSwitches(std::vector<SwitchEvent>& rows, schema::Switches::Builder out);
void encodeWakes(std::vector<WakeEvent>& rows, schema::Wakes::Builder out);
// `count`: Block.rows. Throw BadBlock.
void decodeSwitches(schema::Switches::Reader in, uint32_t count, std::vector<SwitchEvent>& rows);
void decodeWakes(schema::Wakes::Reader in, uint32_t count, std::vector<WakeEvent>& rows);

}  // namespace tarry
