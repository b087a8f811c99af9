#include "recorder/targets.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "format/errors.h"
#include "recorder/output_file.h"
#include "tests/recorder/scratch.h"

using namespace tarry;

namespace {

// A tree as systemd makes it, under a directory that stands for a cgroup mount.
struct FakeCgroups {
  ScratchDirectory scratch;
  std::vector<CgroupMount> mounts;

  FakeCgroups() {
    for (const char* path :
         {"v2/system.slice/shop.service", "v2/system.slice/system-getty.slice/getty@tty1.service",
          "v2/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service",
          "v2/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service",
          "v2/user.slice/user-1000.slice/session-3.scope", "v2/a.slice/twin.service",
          "v2/b.slice/twin.service", "v1cpu/docker/0123abcd", "plain"}) {
      std::filesystem::create_directories(scratch.path(path));
    }
    const std::string root = std::filesystem::canonical(scratch.path("")).string();
    mounts = {{root + "/v2", 2, "rw"}, {root + "/v1cpu", 1, "rw,cpu"}};
  }
  std::string path(const std::string& name) const { return mounts[0].path + "/../" + name; }
};

template <class Action>
std::string messageOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Cgroup mounts are found in mountinfo, version 2 first") {
  const std::string text =
      "24 1 0:20 / /sys rw - sysfs sysfs rw\n"
      "30 24 0:25 / /sys/fs/cgroup/cpu rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "31 24 0:26 / /sys/fs/cgroup/systemd rw shared:5 master:1 - cgroup cgroup rw,xattr,name=systemd\n"
      "32 24 0:27 / /mnt/with\\040space rw - cgroup2 cgroup2 rw,nsdelegate\n"
      "broken line\n";
  const std::vector<CgroupMount> expected = {{"/mnt/with space", 2, "rw,nsdelegate"},
                                             {"/sys/fs/cgroup/systemd", 1, "rw,xattr,name=systemd"},
                                             {"/sys/fs/cgroup/cpu", 1, "rw,cpu,cpuacct"}};
  CHECK(parseCgroupMounts(text) == expected);
  CHECK(parseCgroupMounts("").empty());
}

TEST_CASE("A cgroup is found by its path, or by the path that /proc/PID/cgroup shows") {
  const FakeCgroups fake;
  const std::string shop = fake.mounts[0].path + "/system.slice/shop.service";
  CHECK(resolveCgroup(shop, fake.mounts) == shop);
  CHECK(resolveCgroup(shop + "/", fake.mounts) == shop);
  CHECK(resolveCgroup("/system.slice/shop.service", fake.mounts) == shop);
  CHECK(resolveCgroup("system.slice/shop.service", fake.mounts) == shop);
  CHECK(resolveCgroup("/docker/0123abcd", fake.mounts) == fake.mounts[1].path + "/docker/0123abcd");
  CHECK(resolveCgroup("/", fake.mounts) == fake.mounts[0].path);
}

TEST_CASE("What is no cgroup is refused with one line") {
  const FakeCgroups fake;
  CHECK(messageOf([&] { resolveCgroup("nowhere", fake.mounts); }).find("no cgroup nowhere under") == 0);
  CHECK(messageOf([&] {
          resolveCgroup(fake.path("plain"), fake.mounts);
        }).find("is a directory but no cgroup") != std::string::npos);
  CHECK(messageOf([&] { resolveCgroup("../plain", fake.mounts); }).find("no cgroup ../plain") == 0);
  CHECK(messageOf([&] { resolveCgroup("x", {}); }).find("no cgroup hierarchy is mounted") !=
        std::string::npos);
}

TEST_CASE("A unit is found in its slice; the system's before a user's") {
  const FakeCgroups fake;
  const std::string root = fake.mounts[0].path;
  CHECK(resolveUnit("shop", fake.mounts) == root + "/system.slice/shop.service");
  CHECK(resolveUnit("shop.service", fake.mounts) == root + "/system.slice/shop.service");
  CHECK(resolveUnit("getty@tty1", fake.mounts) ==
        root + "/system.slice/system-getty.slice/getty@tty1.service");
  CHECK(resolveUnit("editor", fake.mounts) ==
        root + "/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service");
  CHECK(resolveUnit("session-3.scope", fake.mounts) == root + "/user.slice/user-1000.slice/session-3.scope");
  CHECK(resolveUnit("system.slice", fake.mounts) == root + "/system.slice");
}

TEST_CASE("A unit that does not run, is ambiguous or cannot exist is refused with one line") {
  const FakeCgroups fake;
  CHECK(messageOf([&] { resolveUnit("absent", fake.mounts); }) ==
        "no running unit absent.service (systemctl status absent.service)");
  CHECK(messageOf([&] { resolveUnit("twin", fake.mounts); }).find("several units are called twin.service") ==
        0);
  CHECK(messageOf([&] { resolveUnit("a/b", fake.mounts); }) == "'a/b' is no unit name");
  CHECK(messageOf([&] { resolveUnit("shop", {fake.mounts[1]}); }).find("systemd does not run here") !=
        std::string::npos);
}

TEST_CASE("A process that does not exist is refused") {
  CHECK_NOTHROW(requireProcesses({static_cast<int>(::getpid())}));
  CHECK(messageOf([] { requireProcesses({0x3ffffff}); }) == "no process 67108863 (see ps -e)");
  CHECK(messageOf([] { requireProcesses({-1}); }) == "'-1' is no process id");
}

TEST_CASE("Processes named twice are recorded once") {
  RecordOptions options;
  options.target = TargetKind::pids;
  options.pids = {::getpid(), ::getppid(), ::getpid()};
  CHECK(resolveTarget(options, {}).pids.size() == 2);
}

TEST_CASE("A trace is called after its target") {
  RecordOptions options;
  options.command = {"/usr/bin/gcc-12", "-c", "x.c"};
  CHECK(targetName(options) == "gcc-12");
  options.command = {"./-odd name\n"};
  CHECK(targetName(options) == "_odd_name_");
  options.target = TargetKind::all;
  CHECK(targetName(options) == "system");
  options.target = TargetKind::unit;
  options.unit = "shop.service";
  CHECK(targetName(options) == "shop");
  options.target = TargetKind::cgroup;
  options.cgroup = "/docker/0123abcd/";
  CHECK(targetName(options) == "0123abcd");
  options.target = TargetKind::pids;
  options.pids = {0x3ffffff};
  CHECK(targetName(options) == "pid-67108863");
}

TEST_CASE("A numbered output never takes a name that exists") {
  const ScratchDirectory scratch;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path(""));
  {
    OutputFile first = OutputFile::numbered("x");
    CHECK(first.path() == "x.tarry");
    OutputFile second = OutputFile::numbered("x");
    CHECK(second.path() == "x-2.tarry");
    second.keep();
    CHECK((std::filesystem::status("x-2.tarry").permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  }
  CHECK_FALSE(scratch.exists("x.tarry"));  // not kept: nothing was recorded
  CHECK(scratch.exists("x-2.tarry"));
  std::filesystem::current_path(before);
}

TEST_CASE("An output that cannot be written is refused before anything starts") {
  const ScratchDirectory scratch;
  CHECK(messageOf([&] {
          OutputFile::named(scratch.path("no/dir/x.tarry"));
        }).find("No such file or directory") != std::string::npos);
  CHECK(messageOf([&] { OutputFile::named(scratch.path("")); }).find("Is a directory") != std::string::npos);
}
