#include "replay/replay.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>
#include <string>

#include "format/errors.h"
#include "format/readable.h"
#include "format/unique_fd.h"
#include "query/render/units.h"
#include "replay/private_network.h"
#include "replay/server.h"

namespace tarry::replay {
namespace {

constexpr int kNotExecutable = 126;  // as env(1)
constexpr int kNotFound = 127;
constexpr int kSignalled = 128;

sigset_t watched(bool command) {
  sigset_t set;
  sigemptyset(&set);
  if (command) {
    sigaddset(&set, SIGCHLD);
  } else {
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
  }
  return set;
}

pid_t start(const std::vector<std::string>& command, const sigset_t& before) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw Error(fmt::format("cannot start {}: {}", command[0], std::strerror(errno)));
  if (child != 0) return child;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  execvp(argv[0], argv.data());
  const int error = errno;
  fmt::print(stderr, "tarry: cannot run {}: {}\n", printable(command[0]), std::strerror(error));
  _exit(error == ENOENT ? kNotFound : kNotExecutable);
}

// By the first bytes: a record with a hello (RFC 8446, 5.1).
bool isTls(const RecordedConnection& connection) {
  if (connection.turns.empty()) return false;
  const Bytes& asked = connection.turns.front().asked;
  return asked.size() > 5 && asked[0] == 22 && asked[1] == 3 && asked[5] == 1;
}

void tellOfTls(const ReplayScript& script) {
  std::set<std::string> servers;
  for (const RecordedConnection& connection : script.connections)
    if (isTls(connection)) servers.insert(endpointText(connection.server));
  for (const std::string& server : servers)
    fmt::print(stderr, "tarry: {} speaks TLS, which cannot be played back: its keys are gone\n", server);
}

void tell(const ReplayCounts& counts) {
  fmt::print(stderr, "tarry: {}, {}\n", counted(static_cast<uint64_t>(counts.connections), "connection"),
             counted(static_cast<uint64_t>(counts.answered), "answer"));
  if (counts.differing > 0)
    fmt::print(stderr, "tarry: {} of them to something else than was asked in the recording\n",
               counts.differing);
  for (const std::string& line : counts.unknown)
    fmt::print(stderr, "tarry: not in the recording: {}\n", line);
  if (counts.unknown_count > static_cast<int64_t>(counts.unknown.size()))
    fmt::print(stderr, "tarry: … {} in all\n", counts.unknown_count);
}

}  // namespace

int serveTrace(TraceReader& reader, const ServeOptions& options) {
  ReplayScript script = readScript(reader);
  if (script.connections.empty() && script.queries.empty()) {
    throw TraceError(reader.header().snaplen == 0
                         ? "the trace has no bytes of what was said (record with --snaplen all)"
                         : "nothing was said to a server in this trace");
  }
  if (script.missing_bytes > 0) {
    fmt::print(stderr,
               "tarry: {} of what was said are not in the trace, the answers are not whole (record with "
               "--snaplen all)\n",
               formatSize(script.missing_bytes));
  }
  tellOfTls(script);
  const bool with_command = !options.command.empty();
  if (with_command) enterPrivateNetwork();
  ReplayServer server(std::move(script), options.speed);
  std::vector<std::string> problems;
  const std::vector<ReplayServer::Place> places = server.listen(with_command, problems);
  for (const std::string& problem : problems) fmt::print(stderr, "tarry: {}\n", problem);
  if (places.empty()) throw Error("no server could be stood in for");
  if (!options.quiet && !with_command) {
    for (const ReplayServer::Place& place : places) {
      fmt::print(stderr, "{} → {}{}\n", endpointText(place.recorded), endpointText(place.actual),
                 place.datagrams ? " (UDP)" : "");
    }
  }
  sigset_t before;
  const sigset_t set = watched(with_command);
  sigprocmask(SIG_BLOCK, &set, &before);
  const UniqueFd signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!with_command) {
    server.serve(signals.get());
    if (!options.quiet) tell(server.counts());
    return 0;
  }
  const pid_t child = start(options.command, before);
  // Keys of the terminal are the command's business.
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  int status = 0;
  while (true) {
    server.serve(signals.get());
    signalfd_siginfo info{};
    while (read(signals.get(), &info, sizeof info) > 0) continue;
    if (waitpid(child, &status, WNOHANG) == child) break;
  }
  if (!options.quiet) tell(server.counts());
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

}  // namespace tarry::replay
