// What a reader of any report must know first: events were lost, the trace was cut or damaged, a
// level that does not see everything. One readable line each, without line ends.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "query/render/style.h"

namespace tarry {

class Database;

std::vector<std::string> notesOn(Database& db);

// The same as the first lines of a report.
void writeNotes(Database& db, const TextStyle& style, std::ostream& out);

}  // namespace tarry
