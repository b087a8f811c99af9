#include "recorder/launcher.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "format/errors.h"

namespace tarry {

namespace {

constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

// What the child tells before it waits, and once more if execve fails.
enum class Step : int { ready, identity, lookup, filter, exec };
struct Report {
  Step step = Step::ready;
  int error = 0;
  int candidate = 0;  // ready: which of the possible paths it is
};

struct Pipe {
  UniqueFd read_end, write_end;
};

Pipe makePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) < 0) {
    throw RecordError(std::string("cannot start the command: pipe: ") + std::strerror(errno));
  }
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// The paths execvp(3) would try, in its order.
std::vector<std::string> candidatePaths(const std::string& name) {
  if (name.find('/') != std::string::npos) return {name};
  const char* variable = std::getenv("PATH");
  const std::string path = variable != nullptr ? variable : "/bin:/usr/bin";
  std::vector<std::string> candidates;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const std::string directory = path.substr(begin, end - begin);
    candidates.push_back(directory.empty() ? "./" + name : directory + "/" + name);
    begin = end + 1;
  }
  return candidates;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> ownEnvironment() {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) result.emplace_back(*entry);
  return result;
}

// The first candidate that can be executed by who we are now; otherwise the errno that says most.
Report findProgram(const std::vector<std::string>& candidates) {
  Report report{Step::lookup, ENOENT, 0};
  for (size_t i = 0; i < candidates.size(); ++i) {
    struct stat status {};
    if (::stat(candidates[i].c_str(), &status) < 0) {
      if (errno == EACCES || candidates.size() == 1) report.error = errno;
      continue;
    }
    if (S_ISDIR(status.st_mode)) {
      if (report.error == ENOENT && candidates.size() == 1) report.error = EISDIR;
      continue;
    }
    if (::faccessat(AT_FDCWD, candidates[i].c_str(), X_OK, AT_EACCESS) < 0) {
      report.error = errno;
      continue;
    }
    return {Step::ready, 0, static_cast<int>(i)};
  }
  return report;
}

bool becomeUser(const UserIdentity& user) {
  return ::setgroups(user.groups.size(), user.groups.data()) == 0 && ::setgid(user.gid) == 0 &&
         ::setuid(user.uid) == 0;
}

void sendReport(int fd, const Report& report) {
  while (::write(fd, &report, sizeof report) < 0 && errno == EINTR) {
  }
}

std::optional<Report> readReport(int fd) {
  Report report;
  ssize_t size;
  do {
    size = ::read(fd, &report, sizeof report);
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof report)) return std::nullopt;
  return report;
}

bool isNotFound(int error) {
  return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

RecordError launchError(const std::string& name, const Report& report) {
  const std::string head = "cannot run " + name + ": ";
  switch (report.step) {
    case Step::identity: return RecordError(head + "cannot become the user: " + std::strerror(report.error));
    case Step::filter:
      return RecordError(head + "no seccomp filter is allowed here: " + std::strerror(report.error) +
                         " (record all calls: leave out -e, --level syscalls)");
    case Step::exec:
      // The file was there a moment ago: it is its "#!" interpreter or its loader that is not.
      if (report.error == ENOENT)
        return RecordError(head + "its interpreter is missing (see its first line)", kNotFound);
      break;
    case Step::lookup:
      if (report.error == ENOENT && name.find('/') == std::string::npos) {
        return RecordError(head + "command not found", kNotFound);
      }
      break;
    case Step::ready: break;
  }
  return RecordError(head + std::strerror(report.error),
                     isNotFound(report.error) ? kNotFound : kNotExecutable);
}

// Without CAP_SYS_ADMIN a filter takes the promise that no execve will give new rights.
bool installFilter(const std::vector<sock_filter>& filter) {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = const_cast<sock_filter*>(filter.data());
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return true;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Documentation/admin-guide/LSM/Yama.rst: who but a parent may trace this process. Of no use where Yama is
// not there.
void allowTracing(bool allowed) {
  ::prctl(PR_SET_PTRACER, allowed ? PR_SET_PTRACER_ANY : 0UL, 0, 0, 0);
}

}  // namespace

LaunchedCommand::LaunchedCommand(const LaunchOptions& options) {
  if (options.argv.empty() || options.argv[0].empty()) throw UsageError("no command to run");
  name_ = options.argv[0];
  Pipe go = makePipe();
  Pipe report = makePipe();
  pid_ = ::fork();
  if (pid_ < 0) throw RecordError("cannot run " + name_ + ": fork: " + std::strerror(errno));
  if (pid_ == 0) {
    go.write_end.reset();
    report.read_end.reset();
    runChild(options, go.read_end.get(), report.write_end.get());
  }
  go_ = std::move(go.write_end);
  report_ = std::move(report.read_end);
  report.write_end.reset();
  awaitReady();
}

// Runs in the child. After the wait nothing may be called but execve: it would be in the trace, unless its
// backend does not look before.
void LaunchedCommand::runChild(const LaunchOptions& options, int go_fd, int report_fd) {
  if (options.stdout_to_stderr) ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (options.user && !becomeUser(*options.user)) {
    sendReport(report_fd, {Step::identity, errno, 0});
    ::_exit(125);
  }
  const std::vector<std::string> candidates = candidatePaths(options.argv[0]);
  std::vector<std::string> environment = ownEnvironment();
  if (options.user) environment = environmentFor(*options.user, environment);
  const std::vector<char*> argv = pointers(options.argv);
  const std::vector<char*> envp = pointers(environment);
  const Report found = findProgram(candidates);
  if (options.traced) allowTracing(true);
  sendReport(report_fd, found);
  if (found.step != Step::ready) ::_exit(125);
  const std::string& path = candidates[static_cast<size_t>(found.candidate)];
  // A script without "#!" is run by the shell, as execvp(3) does.
  std::vector<std::string> script = {"/bin/sh", path};
  script.insert(script.end(), options.argv.begin() + 1, options.argv.end());
  const std::vector<char*> script_argv = pointers(script);
  if (options.signals != nullptr) options.signals->restoreInChild();

  char byte = 0;
  ssize_t size;
  do {
    size = ::read(go_fd, &byte, 1);
  } while (size < 0 && errno == EINTR);
  if (size != 1) ::_exit(125);
  if (options.traced) allowTracing(false);
  if (!options.filter.empty() && !installFilter(options.filter)) {
    sendReport(report_fd, {Step::filter, errno, 0});
    ::_exit(125);
  }
  ::execve(path.c_str(), argv.data(), envp.data());
  if (errno == ENOEXEC) ::execve("/bin/sh", script_argv.data(), envp.data());
  sendReport(report_fd, {Step::exec, errno, 0});
  ::_exit(125);
}

void LaunchedCommand::awaitReady() {
  const std::optional<Report> report = readReport(report_.get());
  if (report && report->step == Step::ready) {
    path_ = candidatePaths(name_)[static_cast<size_t>(report->candidate)];
    return;
  }
  abandon();
  if (!report) throw RecordError("cannot run " + name_ + ": it was killed before it started");
  throw launchError(name_, *report);
}

void LaunchedCommand::release() {
  const char byte = 1;
  ssize_t size;
  do {
    size = ::write(go_.get(), &byte, 1);
  } while (size < 0 && errno == EINTR);
  go_.reset();
  // The other end is closed by a successful execve, which reads as the end of the pipe.
  const std::optional<Report> report = size == 1 ? readReport(report_.get()) : std::nullopt;
  report_.reset();
  released_ = true;
  if (!report) return;
  abandon();
  throw launchError(name_, *report);
}

const LaunchedCommand::State& LaunchedCommand::poll() {
  while (pid_ > 0 && !state_.wait_status) {
    int status = 0;
    const pid_t pid = ::waitpid(pid_, &status, WNOHANG | WUNTRACED | WCONTINUED);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) {
      state_.wait_status = 0;  // somebody else reaped it: nothing is known of its end
    } else if (pid == 0) {
      break;
    } else if (WIFSTOPPED(status)) {
      state_.stopped = true;
    } else if (WIFCONTINUED(status)) {
      state_.stopped = false;
    } else {
      state_.wait_status = status;
    }
  }
  return state_;
}

void LaunchedCommand::forward(int signal) {
  if (!state_.wait_status && pid_ > 0) ::kill(pid_, signal);
}

// A child that never executed: it ends by itself once the pipe is closed; stopped ones do not.
void LaunchedCommand::abandon() noexcept {
  go_.reset();
  report_.reset();
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

LaunchedCommand::~LaunchedCommand() {
  if (!released_) abandon();
}

}  // namespace tarry
