#include "recorder/doctor.h"

#include <linux/capability.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "recorder/doctor_needs.h"

using namespace tarry;

namespace {

// A machine on which everything works.
MachineFacts goodMachine() {
  MachineFacts facts;
  facts.kernel_release = "6.18.44";
  facts.machine = "x86_64";
  facts.root = true;
  facts.capabilities = ~0ULL;
  facts.btf_readable = facts.btf_exists = true;
  for (const Need& need : neededTracepoints()) facts.tracepoints.insert(need.name);
  for (const Need& need : neededIterators()) facts.iterators.insert(need.name);
  facts.ring_buffer = facts.task_storage = true;
  facts.load_error = "";
  facts.kernel_symbols = true;
  facts.cgroups = "version 2";
  facts.systemd = true;
  facts.directory = "/home";
  facts.directory_writable = true;
  facts.free_bytes = 100ULL << 30;
  return facts;
}

Finding findingOf(const MachineFacts& facts, const std::string& subject) {
  const std::vector<Finding> findings = diagnose(facts);
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& finding) { return finding.subject == subject; });
  REQUIRE(found != findings.end());
  return *found;
}

}  // namespace

TEST_CASE("Doctor finds nothing wrong with a machine on which recording works") {
  const std::vector<Finding> findings = diagnose(goodMachine());
  CHECK(bpfWorks(findings));
  for (const Finding& finding : findings) {
    INFO(finding.subject);
    CHECK(finding.verdict == Verdict::ok);
    CHECK(finding.fix.empty());
  }
}

TEST_CASE("Doctor names a fix for everything that is missing") {
  MachineFacts facts;  // nothing is there at all
  facts.kernel_release = "4.19.0";
  const std::vector<Finding> findings = diagnose(facts);
  CHECK_FALSE(bpfWorks(findings));
  for (const Finding& finding : findings) {
    INFO(finding.subject);
    CHECK((finding.verdict == Verdict::ok || !finding.fix.empty()));
  }
}

TEST_CASE("Doctor wants a kernel from 5.15 on") {
  MachineFacts facts = goodMachine();
  for (const char* old : {"5.14.21", "4.19.0-26-amd64", "garbage"}) {
    facts.kernel_release = old;
    CHECK(findingOf(facts, "kernel").verdict == Verdict::missing);
  }
  for (const char* recent : {"5.15.0", "6.1.0-18-amd64", "10.0"}) {
    facts.kernel_release = recent;
    CHECK(findingOf(facts, "kernel").verdict == Verdict::ok);
  }
  facts.machine = "riscv64";
  CHECK(findingOf(facts, "kernel").verdict == Verdict::missing);
}

TEST_CASE("Doctor wants CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN for both") {
  MachineFacts facts = goodMachine();
  facts.root = false;
  facts.capabilities = 1ULL << CAP_BPF;
  CHECK(findingOf(facts, "rights").detail == "no CAP_PERFMON");
  facts.capabilities |= 1ULL << CAP_PERFMON;
  CHECK(findingOf(facts, "rights").verdict == Verdict::ok);
  facts.capabilities = 1ULL << CAP_SYS_ADMIN;
  CHECK(findingOf(facts, "rights").verdict == Verdict::ok);
  facts.capabilities = 0;
  facts.program = "/usr/bin/tarry";
  const std::string fix = findingOf(facts, "rights").fix;
  CHECK(fix.find("sudo tarry …, or ") == 0);
  CHECK(fix.find(": sudo setcap cap_bpf,cap_perfmon,cap_syslog=ep /usr/bin/tarry (") != std::string::npos);
  facts.root = true;
  CHECK(findingOf(facts, "rights").fix.find("--cap-add") != std::string::npos);
}

TEST_CASE("Doctor knows what a file with capabilities lacks") {
  MachineFacts facts = goodMachine();
  facts.root = false;
  facts.program = "/usr/bin/tarry";
  facts.capabilities = 1ULL << CAP_BPF | 1ULL << CAP_PERFMON;
  facts.kernel_symbols = false;
  facts.ptrace_error = "PTRACE_SEIZE: Operation not permitted";
  CHECK(findingOf(facts, "kernel symbols").fix ==
        "sudo setcap cap_bpf,cap_perfmon,cap_syslog=ep /usr/bin/tarry");
  CHECK(findingOf(facts, "ptrace").fix.find("a copy of it without them") == 0);
  CHECK(bpfWorks(diagnose(facts)));
}

TEST_CASE("Doctor tells needed tracepoints from optional ones") {
  MachineFacts facts = goodMachine();
  facts.tracepoints.erase("sk_data_ready");
  CHECK(findingOf(facts, "tracepoints").verdict == Verdict::limited);
  CHECK(bpfWorks(diagnose(facts)));
  facts.tracepoints.erase("sched_switch");
  CHECK(findingOf(facts, "tracepoints").verdict == Verdict::missing);
}

TEST_CASE("Doctor passes on why the programs cannot be loaded") {
  MachineFacts facts = goodMachine();
  facts.load_error = "the verifier says no";
  CHECK(findingOf(facts, "BPF programs").detail == "the verifier says no");
  CHECK_FALSE(bpfWorks(diagnose(facts)));
}

TEST_CASE("Doctor warns of hidden symbols, a container's namespace and little space, without refusing") {
  MachineFacts facts = goodMachine();
  facts.kernel_symbols = false;
  facts.own_pid_namespace = true;
  facts.free_bytes = 1000;
  facts.cgroups = "";
  for (const char* subject : {"kernel symbols", "pid namespace", "current directory", "cgroups"}) {
    CHECK(findingOf(facts, subject).verdict == Verdict::limited);
  }
  CHECK(bpfWorks(diagnose(facts)));
}

TEST_CASE("Doctor looks at this machine whatever its rights, and reports what loading throws") {
  const MachineFacts facts = lookAtMachine([] { throw std::runtime_error("not today"); });
  CHECK_FALSE(facts.kernel_release.empty());
  CHECK_FALSE(facts.machine.empty());
  if (facts.load_error) CHECK(*facts.load_error == "not today");
  CHECK(diagnose(facts).size() >= 10);
}
