#include "cli/suggest.h"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace tarry::cli {
namespace {

const Command* nearest(std::string_view word) {
  static constexpr Command kCommands[] = {
      {"run", "", nullptr}, {"record", "", nullptr}, {"why", "", nullptr}, {"doctor", "", nullptr}};
  return nearestCommand(kCommands, word);
}

TEST_CASE("editDistance counts insertions, deletions, replacements and swaps", "[suggest]") {
  CHECK(editDistance("", "") == 0);
  CHECK(editDistance("record", "record") == 0);
  CHECK(editDistance("recrod", "record") == 1);
  CHECK(editDistance("recor", "record") == 1);
  CHECK(editDistance("records", "record") == 1);
  CHECK(editDistance("recard", "record") == 1);
  CHECK(editDistance("why", "") == 3);
  CHECK(editDistance("abc", "xyz") == 3);
}

TEST_CASE("nearestCommand finds misspelt and shortened verbs", "[suggest]") {
  REQUIRE(nearest("recrod") != nullptr);
  CHECK(nearest("recrod")->name == "record");
  CHECK(nearest("doc")->name == "doctor");
  CHECK(nearest("wyh")->name == "why");
  CHECK(nearest("rum")->name == "run");
}

TEST_CASE("nearestCommand stays silent where nothing is near", "[suggest]") {
  CHECK(nearest("frobnicate") == nullptr);
  CHECK(nearest("ls") == nullptr);
  CHECK(nearest("") == nullptr);
}

TEST_CASE("looksLikeProgram knows programs on PATH from files and nonsense", "[suggest]") {
  CHECK(looksLikeProgram("sh"));
  CHECK(looksLikeProgram("/bin/sh"));
  CHECK_FALSE(looksLikeProgram("/bin"));
  CHECK_FALSE(looksLikeProgram(""));
  CHECK_FALSE(looksLikeProgram("/etc/passwd"));
  CHECK_FALSE(looksLikeProgram("no-such-program-anywhere"));
}

TEST_CASE("shellLine quotes what a shell would change", "[suggest]") {
  CHECK(shellLine({"ls", "-l", "/tmp/a,b"}) == "ls -l /tmp/a,b");
  CHECK(shellLine({"echo", "a b", "*", ""}) == "echo 'a b' '*' ''");
  CHECK(shellLine({"echo", "it's"}) == "echo 'it'\\''s'");
}

}  // namespace
}  // namespace tarry::cli
