// dispatch() with a table of invented verbs: what it prints, and the exit status of every failure.
#include "cli/dispatch.h"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <sstream>

#include "cli/flag_set.h"
#include "format/errors.h"

namespace tarry::cli {
namespace {

// Does what its first argument says.
Action declareProbe(FlagSet& verb) {
  auto what = std::make_shared<std::string>();
  auto size = std::make_shared<int>(0);
  verb.addOption("what", *what, "what to do");
  verb.parser().add_option("-s,--size", *size, "a number")->check(CLI::Range(0, 9));
  return [what, size]() -> int {
    if (*what == "usage") throw UsageError("it makes no sense (try another)");
    if (*what == "trace") throw TraceError("cannot read x: not a trace (record one)");
    if (*what == "record") throw RecordError("cannot record: no rights (use sudo)");
    if (*what == "not-found") throw RecordError("cannot execute x: not found (check PATH)", 127);
    if (*what == "bug") throw std::runtime_error("a bug");
    return *size;
  };
}

constexpr Command kCommands[] = {
    {"probe", "does what it is told", declareProbe, Group::look, Takes::trace, "tarry probe x"},
    {"wrap", "runs a command", declareProbe, Group::record, Takes::command, "tarry wrap x"},
};

struct Result {
  int status;
  std::string out;
  std::string err;
};

Result run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = dispatch(kCommands, arguments, out, err);
  return {status, out.str(), err.str()};
}

TEST_CASE("dispatch passes on the status of a verb", "[dispatch]") {
  CHECK(run({"probe", "ok"}).status == 0);
  CHECK(run({"probe", "ok", "--size", "7"}).status == 7);
}

TEST_CASE("dispatch turns each kind of error into one line and a status", "[dispatch]") {
  const Result usage = run({"probe", "usage"});
  CHECK(usage.status == 2);
  CHECK(usage.err == "tarry: it makes no sense (try another)\n");
  CHECK(run({"probe", "trace"}).status == 1);
  CHECK(run({"probe", "record"}).status == 125);
  CHECK(run({"probe", "not-found"}).status == 127);
  CHECK(run({"probe", "bug"}).status == 1);
}

TEST_CASE("dispatch fails with 125 where a command's own status is passed on", "[dispatch]") {
  CHECK(run({"wrap", "usage"}).status == 125);
  CHECK(run({"wrap", "trace"}).status == 125);
  CHECK(run({"wrap", "--no-such-flag"}).status == 125);
  CHECK(run({"wrap", "not-found"}).status == 127);
}

TEST_CASE("dispatch says why a verb of another build is not there", "[dispatch]") {
  constexpr MissingVerb kMissing[] = {{"mend", "this build cannot mend (take another)", 125}};
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"mend", "x"}, {"mend", "--help"}, {"help", "mend"}}) {
    std::ostringstream out;
    std::ostringstream err;
    CHECK(dispatch(kCommands, arguments, out, err, kMissing) == 125);
    CHECK(err.str() == "tarry: no mend: this build cannot mend (take another)\n");
    CHECK(out.str().empty());
  }
}

TEST_CASE("dispatch reports wrong flags in one line", "[dispatch]") {
  CHECK(run({"probe", "--sise", "1"}).err == "tarry: no option '--sise' (did you mean --size?)\n");
  CHECK(run({"probe", "ok", "more"}).err == "tarry: unexpected argument 'more' (see tarry probe --help)\n");
  const Result number = run({"probe", "--size", "many"});
  CHECK(number.status == 2);
  CHECK(number.err == "tarry: --size: Value many not in range 0 to 9 (see tarry probe --help)\n");
}

TEST_CASE("dispatch hints at run where a command stands for a trace", "[dispatch]") {
  const Result hint = run({"probe", "sh", "-c", "a b"});
  CHECK(hint.status == 2);
  CHECK(hint.err ==
        "tarry: 'sh' is a command, not a trace (to record and explain it: tarry run -- sh -c 'a b')\n");
}

TEST_CASE("dispatch prints the help of a verb with its flags", "[dispatch]") {
  const Result help = run({"probe", "--help"});
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  CHECK(help.out.find("usage: tarry probe [options] [what]") != std::string::npos);
  CHECK(help.out.find("-s, --size N  ") != std::string::npos);
  CHECK(help.out.find("example: tarry probe x") != std::string::npos);
}

}  // namespace
}  // namespace tarry::cli
