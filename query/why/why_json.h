// The JSON form of `why`; docs/why-json.md describes it. Fields are only ever added.
#pragma once

#include "query/render/json.h"
#include "query/why/conclusion.h"
#include "query/why/ongoing.h"

namespace tarry {

void writeExplained(JsonOut& json, const Wording& wording, const Explained& explained, const DataMoved& moved,
                    const std::string& file);
void writeOngoing(JsonOut& json, const Wording& wording, const Ongoing& ongoing);

}  // namespace tarry
