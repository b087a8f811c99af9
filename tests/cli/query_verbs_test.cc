// The verbs over a trace, from the command line down: flags, the FILE left out, one-line errors.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/dispatch.h"
#include "format/testing/trace_builder.h"

namespace tarry::cli {
namespace {

namespace fs = std::filesystem;
using namespace tarry::testing;

struct Result {
  int status = 0;
  std::string out, err;
};

// Verbs write rows to std::cout.
Result run(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  auto* const before = std::cout.rdbuf(out.rdbuf());
  Result result;
  result.status = dispatch(allCommands(), arguments, out, err);
  std::cout.rdbuf(before);
  result.out = out.str();
  result.err = err.str();
  return result;
}

// An empty directory to work in, with small.tarry: a client that waits 2 s for a server.
class Here {
 public:
  Here() : before_(fs::current_path()) {
    path_ = (fs::temp_directory_path() / "tarry-cli-XXXXXX").string();
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    fs::current_path(path_);
    TraceBuilder builder;
    auto& client = builder.process("client", 100);
    const auto socket = builder.socket("127.0.0.1", 40000, "127.0.0.1", 5000);
    client.runsFor(10_ms).call("openat", {.args = {-100, 0, 0}, .ret = -2, .strings = {{1, "/missing"}}});
    client.blocksIn("recvfrom", {.args = {4}, .ret = 17, .objects = {{0, 4, socket}}}, 2_s);
    client.exits(0);
    const std::vector<uint8_t> bytes = builder.bytes();
    std::ofstream("small.tarry", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~Here() {
    fs::current_path(before_);
    fs::remove_all(path_);
  }
  Here(const Here&) = delete;
  Here& operator=(const Here&) = delete;

 private:
  fs::path before_;
  std::string path_;
};

bool oneLine(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n') == 1 && text.ends_with('\n');
}

TEST_CASE("every verb over a trace answers", "[verbs]") {
  const Here here;
  for (const char* verb : {"why", "time", "summary", "files", "net", "tree"}) {
    INFO(verb);
    const Result result = run({verb, "small.tarry"});
    CHECK(result.status == 0);
    CHECK(result.err.empty());
    CHECK_FALSE(result.out.empty());
  }
  CHECK(run({"why", "small.tarry"}).out.find("recvfrom ← 127.0.0.1:5000") != std::string::npos);
  CHECK(run({"files", "small.tarry", "--missing"}).out.find("/missing") != std::string::npos);
  CHECK(run({"query", "small.tarry", "SELECT count(*) AS n FROM syscall", "--format", "csv"}).out ==
        "n\n2\n");
  CHECK(run({"reports", "longest-waits", "small.tarry", "limit=1"}).out.find("recvfrom") !=
        std::string::npos);
  CHECK(run({"query", "small.tarry", "@longest-waits", "limit=1"}).out.find("recvfrom") != std::string::npos);
  CHECK(run({"reports"}).out.find("slowest-calls") != std::string::npos);
  CHECK(run({"reports", "wakers", "--sql"}).out.find("SELECT") != std::string::npos);
}

TEST_CASE("without FILE the newest trace here is meant", "[verbs]") {
  const Here here;
  CHECK(run({"why"}).out.find("recvfrom") != std::string::npos);
  CHECK(run({"query", "SELECT 1 AS one", "--format", "csv"}).out == "one\n1\n");
  fs::remove("small.tarry");
  const Result none = run({"why"});
  CHECK(none.status == 2);
  CHECK(oneLine(none.err));
}

TEST_CASE("a loaded database answers like its trace", "[verbs]") {
  const Here here;
  CHECK(run({"load", "small.tarry", "-q"}).status == 0);
  REQUIRE(fs::exists("small.db"));
  const std::string from_trace = run({"why", "small.tarry", "--format", "json"}).out;
  std::string from_db = run({"why", "small.db", "--format", "json"}).out;
  for (size_t at; (at = from_db.find("small.db")) != std::string::npos;)
    from_db.replace(at, 8, "small.tarry");
  CHECK(from_db == from_trace);
}

TEST_CASE("load leaves nothing behind when it fails", "[verbs]") {
  const Here here;
  std::ofstream("bad.tarry") << "this is no trace";
  const Result result = run({"load", "bad.tarry", "-o", "bad.db"});
  CHECK(result.status == 1);
  CHECK(oneLine(result.err));
  CHECK(run({"load", "small.tarry", "-o", "no/such/dir/x.db"}).status == 1);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(".")) files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 2);
}

TEST_CASE("show takes what fingers know from strace", "[verbs]") {
  const Here here;
  const std::string plain = run({"show", "small.tarry"}).out;
  CHECK(run({"show", "-ff", "-yy", "-qq", "-f", "-y", "-q", "small.tarry"}).out == plain);
  const Result to_file = run({"show", "-f", "-o", "calls.txt", "small.tarry"});
  CHECK(to_file.status == 0);
  CHECK(to_file.out.empty());
  std::stringstream written;
  written << std::ifstream("calls.txt").rdbuf();
  CHECK(written.str() == plain);
}

TEST_CASE("bad input to the verbs is one line and a status", "[verbs]") {
  const Here here;
  std::ofstream("foreign.tarry") << "text";
  struct Case {
    std::vector<std::string> arguments;
    int status;
    std::string_view says;
  };
  for (const Case& c : std::vector<Case>{
           {{"why", "no-such-file.tarry"}, 1, "no-such-file.tarry"},
           {{"why", "foreign.tarry"}, 1, "foreign.tarry"},
           {{"why", "ls"}, 2, "tarry run -- ls"},
           {{"why", "small.tarry", "--from", "soon"}, 2, "soon"},
           {{"why", "small.tarry", "--from", "2s", "--to", "1s"}, 2, "--from"},
           {{"why", "small.tarry", "--from", "1h"}, 1, "interval"},
           {{"why", "small.tarry", "--process", "nobody"}, 2, "nobody"},
           {{"why", "small.tarry", "--thread", "x"}, 2, "'x'"},
           {{"why", "small.tarry", "--idle", "maybe"}, 2, "maybe"},
           {{"why", "small.tarry", "--format", "csv"}, 2, "csv"},
           {{"time", "small.tarry", "--format", "xml"}, 2, "xml"},
           {{"summary", "small.tarry", "-S", "colour"}, 2, "colour"},
           {{"summary", "-e", "%nonsense", "small.tarry"}, 2, "%nonsense"},
           {{"summary", "-e", "status=good", "small.tarry"}, 2, "status"},
           {{"show", "-e", "%nonsense", "small.tarry"}, 2, "%nonsense"},
           {{"show", "small.tarry", "--process", "1"}, 2, "no process '1'"},
           {{"show", "small.tarry", "--thread", "7"}, 2, "no thread 7"},
           {{"show", "-c", "small.tarry"}, 2, "tarry summary"},
           {{"show", "small.tarry", "-o", "small.tarry"}, 2, "the trace itself"},
           {{"show", "small.tarry", "-o", "no/such/dir"}, 1, "no/such/dir"},
           {{"info", "small.tarry", "--format", "xml"}, 2, "xml"},
           {{"check", "small.tarry", "--format", "xml"}, 2, "xml"},
           {{"check", "small.tarry", "--format", "json", "--repair", "x.tarry"}, 2, "--repair"},
           {{"files", "small.tarry", "--sort", "colour"}, 2, "sort"},
           {{"query", "small.tarry", "SELEC 1"}, 2, "syntax error"},
           {{"query", "small.tarry", "DROP TABLE process"}, 2, ""},
           {{"query", "small.tarry", "@nothing"}, 2, "nothing"},
           {{"reports", "wakers", "small.tarry", "x=1"}, 2, "'x'"},
       }) {
    const Result result = run(c.arguments);
    INFO(c.arguments[0] << " " << c.arguments.back() << ": " << result.err);
    CHECK(result.status == c.status);
    CHECK(oneLine(result.err));
    CHECK(result.err.find(c.says) != std::string::npos);
    CHECK(result.out.empty());
  }
}

}  // namespace
}  // namespace tarry::cli
