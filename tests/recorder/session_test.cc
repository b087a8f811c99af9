#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "format/trace_reader.h"
#include "recorder/launcher.h"
#include "recorder/recording.h"
#include "tests/recorder/fake_backend.h"
#include "tests/recorder/scratch.h"

using namespace tarry;

namespace {

using Clock = std::chrono::steady_clock;

struct Fixture {
  ScratchDirectory scratch;
  std::shared_ptr<FakeLog> log = std::make_shared<FakeLog>();
  RecordOptions options;

  Fixture() { options.output = scratch.path("t.tarry"); }
  void command(const std::string& script) { options.command = {"/bin/sh", "-c", script}; }
  void attach() {
    options.target = TargetKind::pids;
    options.pids = {::getpid()};
  }
  RecordResult record() { return recordWith(options, {{fakeBackend(log), false, ""}}); }
};

struct CountingVisitor : TraceVisitor {
  uint64_t calls = 0, clocks = 0;
  void onSyscall(const SyscallEvent&) override { ++calls; }
  void onClock(const ClockPoint&) override { ++clocks; }
};

struct Content {
  std::optional<Trailer> trailer;
  TraceHeader header;
  CountingVisitor counts;
};

Content readTrace(const std::string& path) {
  TraceReader reader = TraceReader::open(path);
  Content content;
  reader.read(content.counts);
  content.trailer = reader.trailer();
  content.header = reader.header();
  return content;
}

int64_t msSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

// Sends a signal to this process after a while, from another one: a thread of ours could be the one
// that the kernel gives the signal to.
class SignalLater {
 public:
  SignalLater(int signal, int delay_ms) : pid_(::fork()) {
    if (pid_ != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    ::kill(::getppid(), signal);
    ::_exit(0);
  }
  ~SignalLater() { ::waitpid(pid_, nullptr, 0); }
  SignalLater(const SignalLater&) = delete;
  SignalLater& operator=(const SignalLater&) = delete;

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE("All rings together have a bound, and each a least size") {
  constexpr uint64_t kMiB = 1U << 20;
  CHECK(defaultRingBytes(1) == 8 * kMiB);
  CHECK(defaultRingBytes(32) == 8 * kMiB);
  CHECK(defaultRingBytes(33) == 4 * kMiB);
  CHECK(defaultRingBytes(128) == 2 * kMiB);
  CHECK(defaultRingBytes(4096) == kMiB);
  CHECK(defaultRingBytes(-1) == 8 * kMiB);
  for (const int64_t snaplen : {-1, 4096}) {
    CHECK(defaultRingBytes(2, snaplen) == 32 * kMiB);
    CHECK(defaultRingBytes(16, snaplen) == 16 * kMiB);
    CHECK(defaultRingBytes(32, snaplen) == 8 * kMiB);
  }
  CHECK(defaultRingBytes(2, 256) == 8 * kMiB);
}

TEST_CASE("A recording of a command ends with it and keeps every event") {
  Fixture f;
  f.command("exit 3");
  const RecordResult result = f.record();
  CHECK(result.reason == EndReason::target_ended);
  CHECK(shellStatus(result.command_status) == 3);
  CHECK(result.lost == 7);
  CHECK_FALSE(result.still_running);
  CHECK(result.bytes == std::filesystem::file_size(result.path));

  const Content content = readTrace(result.path);
  REQUIRE(content.trailer.has_value());
  CHECK(content.trailer->reason == EndReason::target_ended);
  CHECK(content.trailer->command_status == result.command_status);
  CHECK(content.trailer->cost.ring_bytes == 12345);
  CHECK(content.trailer->cost.max_rss_bytes > 0);
  CHECK(content.counts.calls == f.log->drained_events);
  CHECK(f.log->encoded_events == f.log->drained_events);
  CHECK(content.header.target == f.options.command);
  CHECK(content.header.level == Level::syscalls);
  CHECK(content.trailer->end.boottime_ns > content.header.start.boottime_ns);
}

TEST_CASE("The command is added while it waits, and runs only when the backend has it") {
  Fixture f;
  f.command("touch " + f.scratch.path("ran"));
  bool ran_early = true;
  f.log->on_add = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ran_early = f.scratch.exists("ran");
  };
  f.record();
  CHECK_FALSE(ran_early);
  CHECK(f.log->added > 0);
  CHECK(f.scratch.exists("ran"));
}

TEST_CASE("A command that cannot be run leaves no trace and starts no backend") {
  Fixture f;
  f.options.command = {"tarry-no-such-command"};
  CHECK_THROWS_AS(f.record(), RecordError);
  CHECK_FALSE(f.scratch.exists("t.tarry"));
  CHECK(f.log->starts == 0);
}

TEST_CASE("A command whose execve fails leaves no trace") {
  Fixture f;
  f.options.command = {f.scratch.write("script", "#!/no/such/interpreter\n", 0755)};
  CHECK_THROWS_AS(f.record(), RecordError);
  CHECK_FALSE(f.scratch.exists("t.tarry"));
}

TEST_CASE("A backend that cannot start means that the command is never run") {
  Fixture f;
  f.command("touch " + f.scratch.path("ran"));
  f.log->start_error = "no BTF";
  CHECK_THROWS_WITH(f.record(), "no BTF");
  CHECK_FALSE(f.scratch.exists("ran"));
  CHECK_FALSE(f.scratch.exists("t.tarry"));
}

TEST_CASE("An attached recording ends when its targets are gone") {
  Fixture f;
  f.attach();
  f.log->on_start = [&] {
    std::thread([log = f.log] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      log->target_alive = false;
    }).detach();
  };
  const RecordResult result = f.record();
  CHECK(result.reason == EndReason::target_ended);
  CHECK(result.command_status == -1);
  CHECK(readTrace(result.path).header.level == Level::waits);
}

TEST_CASE("A recording ends after its duration") {
  Fixture f;
  f.attach();
  f.options.duration_ns = 150'000'000;
  const auto start = Clock::now();
  const RecordResult result = f.record();
  CHECK(result.reason == EndReason::duration);
  CHECK(msSince(start) >= 150);
  CHECK(msSince(start) < 3000);
}

TEST_CASE("A command goes on when its recording's time is over, and can be waited for") {
  Fixture f;
  f.command("sleep 0.4; exit 5");
  f.options.duration_ns = 100'000'000;
  const RecordResult result = f.record();
  CHECK(result.reason == EndReason::duration);
  CHECK(result.command_status == -1);
  REQUIRE(result.still_running);
  CHECK(shellStatus(waitForCommand(*result.still_running)) == 5);
}

TEST_CASE("SIGINT and SIGTERM end a recording that runs no command") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Fixture f;
    f.attach();
    const pid_t child = inChild([&] {
      f.options.pids = {::getpid()};
      ::signal(SIGINT, SIG_IGN);  // as in a shell's background job
      const SignalLater later(signal, 100);
      return f.record().reason == EndReason::interrupted ? 0 : 1;
    });
    CHECK(shellStatus(waitStatus(child)) == 0);
    CHECK(readTrace(f.options.output).trailer->reason == EndReason::interrupted);
  }
}

TEST_CASE("SIGINT is left to the command; two within a second end the recording") {
  Fixture f;
  f.command("sleep 0.5; exit 4");
  const pid_t once = inChild([&] {
    const SignalLater later(SIGINT, 100);
    const RecordResult result = f.record();
    return result.reason == EndReason::target_ended ? shellStatus(result.command_status) : 1;
  });
  CHECK(shellStatus(waitStatus(once)) == 4);
  const pid_t twice = inChild([&] {
    const SignalLater first(SIGINT, 100);
    const SignalLater second(SIGINT, 200);
    const RecordResult result = f.record();
    return result.reason == EndReason::interrupted && result.still_running ? 0 : 1;
  });
  CHECK(shellStatus(waitStatus(twice)) == 0);
}

TEST_CASE("SIGTERM is passed on to the command, whose end ends the recording") {
  Fixture f;
  f.command("trap 'exit 9' TERM; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done");
  const pid_t child = inChild([&] {
    const SignalLater later(SIGTERM, 150);
    const RecordResult result = f.record();
    return result.reason == EndReason::target_ended ? shellStatus(result.command_status) : 1;
  });
  CHECK(shellStatus(waitStatus(child)) == 9);
}

TEST_CASE("Ctrl-Z stops the recorder together with its command, and both go on") {
  Fixture f;
  f.command("sleep 0.3; exit 6");
  const pid_t group = inChild([&] {
    // A child of the group's leader, so that the group is not orphaned and can be stopped.
    const RecordResult result = f.record();
    return shellStatus(result.command_status);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ::kill(-group, SIGTSTP);
  int status = 0;
  REQUIRE(::waitpid(group, &status, WUNTRACED) == group);
  CHECK(WIFSTOPPED(status));
  ::kill(-group, SIGCONT);
  CHECK(shellStatus(waitStatus(group)) == 6);
}

TEST_CASE("A command that ignores Ctrl-Z keeps its recorder running") {
  Fixture f;
  f.command("trap '' TSTP; sleep 0.4; exit 7");
  const pid_t group = inChild([&] { return shellStatus(f.record().command_status); });
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  ::kill(-group, SIGTSTP);
  int status = 0;
  REQUIRE(::waitpid(group, &status, WUNTRACED) == group);
  CHECK_FALSE(WIFSTOPPED(status));
  CHECK(shellStatus(status) == 7);
}

TEST_CASE("A full disk at the start is an error before the command is run") {
  Fixture f;
  f.options.output = "/dev/full";
  f.command("touch " + f.scratch.path("ran"));
  CHECK_THROWS_AS(f.record(), Error);
  CHECK_FALSE(f.scratch.exists("ran"));
}

TEST_CASE("A disk that fills up ends the recording, not the command, and the trace stays readable") {
  Fixture f;
  f.command("trap 'exit 8' TERM; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2 & wait $!; done");
  f.log->payload_bytes = 16'000;
  f.log->events_per_drain = 10;
  const pid_t child = inChild([&] {
    // A file size limit is a disk that fills up at a known place.
    const rlimit limit{6'000'000, 6'000'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    RecordResult result = f.record();
    if (result.reason != EndReason::error || result.error.empty() || !result.still_running) return 1;
    result.still_running->forward(SIGTERM);
    return shellStatus(waitForCommand(*result.still_running));
  });
  CHECK(shellStatus(waitStatus(child)) == 8);
  const Content content = readTrace(f.options.output);
  CHECK(content.counts.calls > 0);
}

TEST_CASE("A reader of the trace that goes away ends the recording, not the command") {
  Fixture f;
  f.command("trap 'exit 2' TERM; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2 & wait $!; done");
  f.log->payload_bytes = 16'000;
  f.log->events_per_drain = 10;
  f.options.output = "-";
  const pid_t child = inChild([&] {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return 1;
    ::dup2(fds[1], STDOUT_FILENO);
    ::close(fds[1]);
    std::thread reader([fd = fds[0]] {
      char bytes[100];
      [[maybe_unused]] const ssize_t size = ::read(fd, bytes, sizeof bytes);
      ::close(fd);
    });
    RecordResult result = f.record();
    reader.join();
    if (result.reason != EndReason::error || !result.still_running) return 1;
    result.still_running->forward(SIGTERM);
    return shellStatus(waitForCommand(*result.still_running));
  });
  CHECK(shellStatus(waitStatus(child)) == 2);
}

TEST_CASE("With the trace on standard output the command's output goes to standard error") {
  Fixture f;
  f.command("echo text; exit 0");
  f.options.output = "-";
  const std::string trace = f.scratch.path("piped.tarry");
  const std::string text = f.scratch.path("stderr");
  const pid_t child = inChild([&] {
    ::dup2(::open(trace.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(text.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    return shellStatus(f.record().command_status);
  });
  CHECK(shellStatus(waitStatus(child)) == 0);
  CHECK(f.scratch.read("stderr") == "text\n");
  CHECK(readTrace(trace).trailer.has_value());
}

TEST_CASE("A recording ends when its file has reached its size") {
  Fixture f;
  f.attach();
  f.log->payload_bytes = 16'000;
  f.log->events_per_drain = 10;
  f.log->indispensable = true;
  f.options.max_size_bytes = 4U << 20;
  const RecordResult result = f.record();
  CHECK(result.reason == EndReason::max_size);
  CHECK(result.bytes > 3U << 20);
  CHECK(result.bytes < 9U << 20);  // one more block of 4 MiB at most
  CHECK(readTrace(result.path).trailer->reason == EndReason::max_size);
}

TEST_CASE("A recording goes on as long as its file can do without something") {
  Fixture f;
  f.attach();
  f.log->payload_bytes = 16'000;
  f.log->events_per_drain = 20;
  f.options.max_size_bytes = 1U << 20;
  f.options.duration_ns = 500'000'000;
  const RecordResult result = f.record();
  CHECK(result.reason == EndReason::duration);
  CHECK(f.log->encoded_events * 16'000 > 2 * f.options.max_size_bytes);
  CHECK(result.bytes <= f.options.max_size_bytes);
}

TEST_CASE("An encoder that cannot keep up bounds the memory and loses nothing that was drained") {
  Fixture f;
  f.attach();
  f.options.duration_ns = 300'000'000;
  f.log->payload_bytes = 1'000'000;
  f.log->encode_delay_ns = 50'000'000;
  const RecordResult result = f.record();
  CHECK(f.log->encoded_events == f.log->drained_events);
  // 64 MiB of queue, so at most some 70 events of 1 MB are waiting when the time is over.
  CHECK(f.log->drained_events < 90);
  CHECK(readTrace(result.path).counts.calls == f.log->drained_events);
}

TEST_CASE("What was recorded is in the file within 500 ms, even if nothing follows") {
  Fixture f;
  f.attach();
  f.options.duration_ns = 1'000'000'000;
  f.log->events_per_drain = 1;
  uint64_t seen = 0;
  f.log->on_start = [&] {
    std::thread([log = f.log, path = f.options.output, &seen] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      log->events_per_drain = 0;
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
      seen = readTrace(path).counts.calls;
    }).detach();
  };
  f.record();
  CHECK(seen > 0);
  CHECK(seen == f.log->encoded_events);
}

TEST_CASE("Clocks are taken at the start and at the end") {
  Fixture f;
  f.command("exit 0");
  CHECK(readTrace(f.record().path).counts.clocks >= 2);
}

TEST_CASE("After the command's end its descendants are waited for only when asked") {
  Fixture f;
  f.command("exit 0");
  f.log->target_alive = true;
  auto start = Clock::now();
  CHECK(f.record().reason == EndReason::target_ended);
  f.options.wait_all = true;
  f.log->on_add = [&] {
    std::thread([log = f.log] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      log->target_alive = false;
    }).detach();
  };
  start = Clock::now();
  CHECK(f.record().reason == EndReason::target_ended);
  CHECK(msSince(start) >= 280);
}
