// What a reader of any report must know first: events were lost, the trace was cut or damaged, a
// level that does not see everything. One readable line each, without line ends.
#pragma once

#include <string>
#include <vector>

#include "query/timeline.h"

namespace tarry {

std::vector<std::string> notesOn(const Timeline& timeline);

}  // namespace tarry
