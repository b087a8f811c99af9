// The blocks about the recording as a whole: header, trailer with index, clock points, losses.
#pragma once

#include <cstdint>
#include <vector>

#include "format/block.h"
#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

void encodeHeader(const TraceHeader& header, schema::Header::Builder out);
TraceHeader decodeHeader(schema::Header::Reader in);

void encodeTrailer(const Trailer& trailer, const std::vector<BlockInfo>& index, uint64_t lost,
                   schema::Trailer::Builder out);
Trailer decodeTrailer(schema::Trailer::Reader in);
// Empty if the file has none. Throws BadBlock.
std::vector<BlockInfo> decodeIndex(schema::Trailer::Index::Reader in);

void encodeLosses(const std::vector<LossEvent>& rows, capnp::List<schema::Loss>::Builder out);
void encodeClocks(const std::vector<ClockPoint>& rows, capnp::List<schema::ClockPoint>::Builder out);
void decodeLosses(capnp::List<schema::Loss>::Reader in, std::vector<LossEvent>& rows);
void decodeClocks(capnp::List<schema::ClockPoint>::Reader in, std::vector<ClockPoint>& rows);

}  // namespace tarry
