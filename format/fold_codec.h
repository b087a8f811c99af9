// What was folded into counts, to and from the columns of its blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

void encodeFolds(std::vector<FoldEvent>& rows, schema::Folds::Builder out);
// `count`: Block.rows. Throws BadBlock.
void decodeFolds(schema::Folds::Reader in, uint32_t count, std::vector<FoldEvent>& rows);

}  // namespace tarry
