// stackNames: of the waits that nobody can name, where in the kernel they were.
#pragma once

#include "query/timeline.h"
#include "query/why/wording.h"

namespace tarry {

class Database;

StackNames stackNames(Database& db, const Timeline& timeline);

}  // namespace tarry
