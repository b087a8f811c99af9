#include "cli/strace_flags.h"

#include <fmt/format.h>

#include <string>

#include "cli/flag_set.h"
#include "format/errors.h"

namespace tarry::cli {

void declareAlwaysOn(FlagSet& verb, std::initializer_list<const char*> names) {
  for (const char* name : names) verb.addHiddenFlag(name, [] {});
}

void declareElsewhere(FlagSet& verb, const char* name, std::string_view advice) {
  const std::string text = fmt::format("{}: {}", name, advice);
  verb.addHiddenFlag(name, [text] { throw UsageError(text); });
}

}  // namespace tarry::cli
