// Guesses what was meant by a word that is no verb, for the hint behind an error.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace tarry::cli {

// Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t editDistance(std::string_view a, std::string_view b);

// The verb nearest to `word`, nullptr where none is near.
const Command* nearestCommand(std::span<const Command> commands, std::string_view word);

// True when `word` is no file here but a program on PATH (or a path to one): a command line, not a
// trace.
bool looksLikeProgram(const std::string& word);

// Quoted for a shell where needed, joined by blanks.
std::string shellLine(const std::vector<std::string>& words);

}  // namespace tarry::cli
