// Export of a trace's HTTP as an HTTP Archive, which the developer tools of browsers and many others read.
//
// Format: HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/
#pragma once

#include <cstdint>
#include <ostream>

namespace tarry {

class Database;

// Every request once, as its client saw it where that is in the trace. Headers and bodies that are not in it
// are left out; bodies are decoded, those that are no text base64. Returns how many there are. Throws
// TraceError where the trace can have none.
int64_t exportHar(Database& db, std::ostream& out);

}  // namespace tarry
