#include "cli/strace_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "format/errors.h"

namespace tarry::cli {

void declareAlwaysOn(CLI::App& app, std::initializer_list<const char*> names) {
  for (const char* name : names) app.add_flag_function(name, [](int64_t /*times*/) {})->group("");
}

void declareElsewhere(CLI::App& app, const char* name, std::string_view advice) {
  const std::string text = fmt::format("{}: {}", name, advice);
  app.add_flag_function(name, [text](int64_t /*times*/) { throw UsageError(text); })->group("");
}

}  // namespace tarry::cli
