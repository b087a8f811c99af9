// Flags that fingers know from strace: accepted where they ask for what tarry does anyway, and answered
// with the right verb where another one does it. Not in the help pages.
#pragma once

#include <initializer_list>
#include <string_view>

namespace tarry::cli {

class FlagSet;

// -f, -ff, -y, -yy and the rest of `names` mean nothing more: they are always on.
void declareAlwaysOn(FlagSet& verb, std::initializer_list<const char*> names);
// A flag whose use is a UsageError: `advice` says what to do instead.
void declareElsewhere(FlagSet& verb, const char* name, std::string_view advice);

}  // namespace tarry::cli
