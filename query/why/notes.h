// What a reader of any report must know first: events were lost, the trace was cut or damaged, a
// level that does not see everything. One readable line each, without line ends.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "query/render/style.h"

namespace tarry {

class Database;

std::vector<std::string> notesOn(Database& db);

// The same as the first lines of a report.
void writeNotes(Database& db, const TextStyle& style, std::ostream& out);

// Of a trace that holds none of `what`: the text of an error that names the file and, if it is cut or
// damaged, says so.
std::string nothingIn(Database& db, std::string_view what);

}  // namespace tarry
