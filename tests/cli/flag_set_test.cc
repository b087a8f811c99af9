#include "cli/flag_set.h"

#include <catch2/catch.hpp>
#include <exception>

using namespace tarry::cli;

namespace {

enum class Colour : uint8_t { red, green };

// The colour chosen, or what is wrong with the words.
std::string chosen(const std::vector<std::string>& words) {
  FlagSet flags;
  Colour colour = Colour::red;
  flags.addChoice("--colour", colour, {{"red", Colour::red}, {"green", Colour::green}}, "of it")
      .valueName("WORD");
  try {
    flags.parse(words);
  } catch (const std::exception& error) {
    return error.what();
  }
  return colour == Colour::green ? "green" : "red";
}

}  // namespace

TEST_CASE("A choice takes one of its words") {
  CHECK(chosen({}) == "red");
  CHECK(chosen({"--colour", "green"}) == "green");
  CHECK(chosen({"--colour=red"}) == "red");
}

TEST_CASE("A choice refuses what is none of its words, and names them") {
  CHECK(chosen({"--colour", "blue"}) == "--colour: 'blue' is none (red, green)");
  CHECK(chosen({"--colour", "Green"}) == "--colour: 'Green' is none (red, green)");
  CHECK(chosen({"--colour", "\x1b[2J"}) == "--colour: '\\x1b[2J' is none (red, green)");
}
