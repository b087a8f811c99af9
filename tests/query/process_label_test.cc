// What reports call a process.
#include "query/process_label.h"

#include <catch2/catch.hpp>

using namespace tarry;

namespace {

ProcessInfoRow process(std::string comm, std::string cmdline) {
  ProcessInfoRow p;
  p.pid = 4702;
  p.comm = std::move(comm);
  p.cmdline = std::move(cmdline);
  return p;
}

}  // namespace

TEST_CASE("processTag names the script of an interpreter") {
  CHECK(processTag(process("redis-server", "redis-server *:7777")) == "redis-server 4702");
  CHECK(processTag(process("python3", "/usr/bin/python3 -u /srv/slow_server.py 5000")) ==
        "python3 slow_server.py 4702");
  CHECK(processTag(process("python3.11", "python3.11 -m http.server 80")) ==
        "python3.11 -m http.server 4702");
  CHECK(processTag(process("java", "java -Xmx1g -jar /opt/shop.jar")) == "java -jar shop.jar 4702");
  CHECK(processTag(process("bash", "bash -c 'sleep 1; ls'")) == "bash -c 4702");
  CHECK(processTag(process("shred", "shred x")) == "shred 4702");
  CHECK(processTag(process("kworker/0:1", "")) == "kworker/0:1 4702");
  CHECK(processTag(process("memfd:sealed", "/opt/tools/backend --uid 0")) == "backend 4702");
  CHECK(processTag(process("", "")) == "pid 4702");
}

TEST_CASE("processLabel shortens a command line by what tells least") {
  const auto cc1 =
      process("cc1", "/usr/lib/gcc/12/cc1 -quiet -imultiarch x86_64 main.c -dumpbase main.c -o /tmp/cc1.s");
  CHECK(processLabel(cc1, 0) == "cc1 -quiet -imultiarch x86_64 main.c -dumpbase main.c -o /tmp/cc1.s");
  CHECK(processLabel(cc1, 64) == "cc1 -quiet -imultiarch x86_64 main.c -dumpbase main.c -o cc1.s");
  CHECK(processLabel(cc1, 44) == "cc1 … x86_64 main.c … main.c -o cc1.s");
  CHECK(processLabel(cc1, 12) == "cc1 … x86_6…");
  CHECK(processLabel(process("nginx", "nginx: worker process")) == "nginx: worker process");
  CHECK(processLabel(process("x", "'/opt/my tools/x' 'a b'")) == "x 'a b'");
  CHECK(processWithPid(cc1, 30) == "cc1, pid 4702");
}

TEST_CASE("processLabel prefers the command as it was launched, and is safe for a terminal") {
  auto p = process("ls", "ls -l");
  p.launched = "bash -c 'exec ls -l'";
  CHECK(processLabel(p) == "bash -c 'exec ls -l'");
  CHECK(processTag(p) == "bash -c 4702");
  CHECK(processLabel(process("x", "x \033[31mred")) == "x \\x1b[31mred");
  CHECK(processLabel(process("x", "x it'\\''s")) == "x it'\\''s");
}
