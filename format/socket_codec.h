// Socket events to and from the columns of their blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

void encodeSockets(std::vector<SocketEvent>& rows, schema::Sockets::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodeSockets(schema::Sockets::Reader in, uint32_t count, std::vector<SocketEvent>& rows);

}  // namespace tarry
