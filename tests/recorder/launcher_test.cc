#include "recorder/launcher.h"

#include <fcntl.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "format/errors.h"
#include "recorder/record.h"
#include "tests/recorder/scratch.h"

using namespace tarry;

namespace {

int runToEnd(LaunchedCommand& command) {
  command.release();
  REQUIRE(eventually([&] { return command.poll().wait_status.has_value(); }));
  return *command.poll().wait_status;
}

int run(std::vector<std::string> argv, const SignalScope* signals = nullptr) {
  LaunchOptions options;
  options.argv = std::move(argv);
  options.signals = signals;
  LaunchedCommand command(options);
  return runToEnd(command);
}

int runShell(const std::string& script, const SignalScope* signals = nullptr) {
  return run({"/bin/sh", "-c", script}, signals);
}

int failureStatus(std::vector<std::string> argv) {
  try {
    run(std::move(argv));
  } catch (const RecordError& error) {
    return error.status();
  }
  return 0;
}

std::string failureText(std::vector<std::string> argv) {
  try {
    run(std::move(argv));
  } catch (const RecordError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A launched command's exit status is passed on") {
  CHECK(shellStatus(runShell("exit 0")) == 0);
  CHECK(shellStatus(runShell("exit 42")) == 42);
  CHECK(shellStatus(runShell("kill -TERM $$")) == 128 + SIGTERM);
}

TEST_CASE("A launched command does nothing before it is released") {
  const ScratchDirectory scratch;
  LaunchOptions options;
  options.argv = {"/bin/sh", "-c", "touch " + scratch.path("ran")};
  LaunchedCommand command(options);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK_FALSE(scratch.exists("ran"));
  CHECK_FALSE(command.poll().wait_status.has_value());
  runToEnd(command);
  CHECK(scratch.exists("ran"));
}

TEST_CASE("A command that is never released goes away unstarted") {
  const ScratchDirectory scratch;
  pid_t pid = 0;
  {
    LaunchOptions options;
    options.argv = {"/bin/sh", "-c", "touch " + scratch.path("ran")};
    const LaunchedCommand command(options);
    pid = command.pid();
  }
  CHECK(::kill(pid, 0) == -1);
  CHECK_FALSE(scratch.exists("ran"));
}

TEST_CASE("A command that does not exist is status 127") {
  CHECK(failureStatus({"tarry-no-such-command"}) == 127);
  CHECK(failureText({"tarry-no-such-command"}) == "cannot run tarry-no-such-command: command not found");
  CHECK(failureStatus({"/no/such/file"}) == 127);
  CHECK(failureText({"/no/such/file"}) == "cannot run /no/such/file: No such file or directory");
}

TEST_CASE("A command that cannot be executed is status 126") {
  const ScratchDirectory scratch;
  CHECK(failureStatus({scratch.write("plain", "#!/bin/sh\n", 0644)}) == 126);
  CHECK(failureStatus({scratch.path("")}) == 126);
}

TEST_CASE("A script whose interpreter is missing is status 127 and says so") {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("script", "#!/no/such/interpreter\n", 0755);
  CHECK(failureStatus({script}) == 127);
  CHECK(failureText({script}).find("interpreter") != std::string::npos);
}

TEST_CASE("A script without an interpreter line is run by the shell") {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("script", "exit $#\n", 0755);
  CHECK(shellStatus(run({script, "a", "b c"})) == 2);
}

TEST_CASE("A command is looked up in PATH in its order") {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch.path("a"));
  std::filesystem::create_directory(scratch.path("b"));
  scratch.write("a/tarry-test-tool", "#!/bin/sh\nexit 1\n", 0644);  // found first, not executable
  scratch.write("b/tarry-test-tool", "#!/bin/sh\nexit 3\n", 0755);
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (scratch.path("a") + ":" + scratch.path("b") + ":" + before).c_str(), 1);
  LaunchOptions options;
  options.argv = {"tarry-test-tool"};
  LaunchedCommand command(options);
  CHECK(command.path() == scratch.path("b/tarry-test-tool"));
  CHECK(shellStatus(runToEnd(command)) == 3);
  ::setenv("PATH", before.c_str(), 1);
}

TEST_CASE("A launched command reads our standard input and keeps its process group") {
  const ScratchDirectory scratch;
  scratch.write("in", "through\n");
  const UniqueFd saved(::dup(STDIN_FILENO));
  const UniqueFd input(::open(scratch.path("in").c_str(), O_RDONLY | O_CLOEXEC));
  ::dup2(input.get(), STDIN_FILENO);
  CHECK(shellStatus(runShell("cat > " + scratch.path("out"))) == 0);
  ::dup2(saved.get(), STDIN_FILENO);
  CHECK(scratch.read("out") == "through\n");
  const std::string group = std::to_string(::getpgrp());
  CHECK(shellStatus(runShell("test $(ps -o pgid= -p $$) = " + group)) == 0);
}

TEST_CASE("A launched command gets the descriptors that any child of ours gets, and no other") {
  const ScratchDirectory scratch;
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC: meant for the command
  const std::string list = "ls /proc/self/fd > " + scratch.path("fds");
  REQUIRE(std::system(list.c_str()) == 0);
  const std::string expected = scratch.read("fds");
  REQUIRE(expected.find(std::to_string(inherited.get()) + "\n") != std::string::npos);
  const SignalScope signals(true);
  REQUIRE(shellStatus(runShell(list, &signals)) == 0);
  CHECK(scratch.read("fds") == expected);
}

TEST_CASE("A launched command has the signal mask and dispositions we were started with") {
  const ScratchDirectory scratch;
  // Started as by nohup and by a shell's background job: SIGHUP and SIGINT ignored.
  const pid_t child = inChild([&] {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGPIPE, SIG_DFL);
    const SignalScope signals(true);
    LaunchOptions options;
    options.argv = {"/bin/sh", "-c",
                    "grep -E '^Sig(Blk|Ign)' /proc/self/status > " + scratch.path("signals")};
    options.signals = &signals;
    LaunchedCommand command(options);
    command.release();
    eventually([&] { return command.poll().wait_status.has_value(); });
    return 0;
  });
  REQUIRE(waitStatus(child) == 0);
  const std::string text = scratch.read("signals");
  CHECK(text.find("SigBlk:\t0000000000000000") != std::string::npos);
  CHECK(text.find("SigIgn:\t0000000000000003") != std::string::npos);  // bit 0 SIGHUP, bit 1 SIGINT
}

TEST_CASE("A command outlives a recorder that dies") {
  const ScratchDirectory scratch;
  const pid_t recorder = inChild([&] {
    LaunchOptions options;
    options.argv = {"/bin/sh", "-c", "sleep 0.3; touch " + scratch.path("survived")};
    LaunchedCommand command(options);
    command.release();
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  CHECK(shellStatus(waitStatus(recorder)) == 128 + SIGKILL);
  CHECK(eventually([&] { return scratch.exists("survived"); }));
}

TEST_CASE("A waiting command goes away when the recorder dies before it is released") {
  const ScratchDirectory scratch;
  const pid_t recorder = inChild([&] {
    LaunchOptions options;
    options.argv = {"/bin/sh", "-c", "touch " + scratch.path("ran")};
    const LaunchedCommand command(options);
    std::ofstream(scratch.path("pid")) << command.pid() << std::flush;
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  waitStatus(recorder);
  const pid_t orphan = std::stoi(scratch.read("pid"));
  const std::string cmdline = "/proc/" + std::to_string(orphan) + "/cmdline";
  CHECK(eventually([&] { return ::kill(orphan, 0) == -1 || std::ifstream(cmdline).peek() == EOF; }));
  CHECK_FALSE(scratch.exists("ran"));
}

TEST_CASE("A stopped command is seen as stopped, then as continued") {
  LaunchOptions options;
  options.argv = {"/bin/sleep", "5"};
  LaunchedCommand command(options);
  command.release();
  ::kill(command.pid(), SIGSTOP);
  CHECK(eventually([&] { return command.poll().stopped; }));
  ::kill(command.pid(), SIGCONT);
  CHECK(eventually([&] { return !command.poll().stopped; }));
  command.forward(SIGTERM);
  CHECK(eventually([&] { return command.poll().wait_status.has_value(); }));
  CHECK(shellStatus(*command.poll().wait_status) == 128 + SIGTERM);
}

TEST_CASE("A command runs as another user with that user's environment", "[root]") {
  if (::geteuid() != 0) return;
  const ScratchDirectory scratch;
  std::filesystem::permissions(scratch.path(""), std::filesystem::perms::all);
  LaunchOptions options;
  options.argv = {"/bin/sh", "-c",
                  "echo $(id -un) $(id -Gn) $HOME $USER $LOGNAME [$SUDO_USER] > " + scratch.path("who")};
  options.user = lookUpUser("nobody");
  ::setenv("SUDO_USER", "somebody", 1);
  LaunchedCommand command(options);
  CHECK(shellStatus(runToEnd(command)) == 0);
  ::unsetenv("SUDO_USER");
  const UserIdentity nobody = lookUpUser("nobody");
  CHECK(scratch.read("who") == "nobody nogroup " + nobody.home + " nobody nobody []\n");
}

TEST_CASE("Under sudo the command is the calling user's", "[root]") {
  if (::geteuid() != 0) return;
  const UserIdentity nobody = lookUpUser("nobody");
  ::setenv("SUDO_UID", std::to_string(nobody.uid).c_str(), 1);
  ::setenv("SUDO_GID", std::to_string(nobody.gid).c_str(), 1);
  const auto user = commandUser("");
  REQUIRE(user.has_value());
  CHECK(user->name == "nobody");
  CHECK_FALSE(commandUser("root").has_value());  // -u root: as we are
  ::unsetenv("SUDO_UID");
  ::unsetenv("SUDO_GID");
  CHECK_FALSE(commandUser("").has_value());
  CHECK_THROWS_AS(commandUser("tarry-no-such-user"), UsageError);
}
