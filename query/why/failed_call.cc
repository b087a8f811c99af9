#include "query/why/failed_call.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "analyzer/decode/names.h"
#include "query/process_label.h"
#include "query/render/units.h"

namespace tarry {
namespace {

constexpr size_t kRemembered = 256;  // failures; a program may try thousands of files

template <size_t N>
bool oneOf(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

template <size_t N>
bool beginsWithOneOf(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view p) { return text.starts_with(p); });
}

// A program asks for many a file that need not be there: only what its command line names counts.
constexpr std::array<std::string_view, 5> kMissing = {"ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY"};

constexpr std::array<std::string_view, 14> kRefusals = {
    "EACCES", "EPERM",   "EROFS",   "ENOSPC", "EDQUOT", "EIO",   "ENAMETOOLONG",
    "ELOOP",  "ETXTBSY", "ENOEXEC", "EMFILE", "ENFILE", "EBUSY", "E2BIG"};
// Calls that want something done, unlike access and stat, which only ask.
constexpr std::array<std::string_view, 19> kDoing = {
    "open",   "creat",    "mkdir", "rename", "link",  "symlink", "unlink", "rmdir",  "truncate", "chmod",
    "fchmod", "fchownat", "chown", "lchown", "mknod", "chdir",   "mount",  "execve", "chroot"};

constexpr std::array<std::string_view, 4> kNoRoom = {"ENOSPC", "EDQUOT", "EIO", "EFBIG"};
constexpr std::array<std::string_view, 5> kStoring = {"write", "pwrite", "fsync", "fdatasync", "fallocate"};

constexpr std::array<std::string_view, 12> kNetworkErrors = {
    "ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH",  "ENETUNREACH", "ECONNRESET", "EPIPE",
    "EADDRINUSE",   "EHOSTDOWN", "EADDRNOTAVAIL", "ENETDOWN",    "EACCES",     "ECONNABORTED"};
constexpr std::array<std::string_view, 10> kTalking = {"connect", "bind",  "listen", "send",  "recv",
                                                       "read",    "write", "pread",  "readv", "writev"};

bool isConnectionProtocol(std::string_view protocol) {
  // getaddrinfo() connects UDP sockets only to learn which addresses have a route.
  return protocol.starts_with("TCP") || protocol.starts_with("MPTCP") || protocol.starts_with("SCTP") ||
         protocol.starts_with("UNIX");
}

// Words of a command line, those within quoted scripts too.
std::set<std::string, std::less<>> wordsOf(std::string_view cmdline) {
  constexpr std::string_view kBetween = " \t\n'\"`=,:;|&<>(){}[]$\\";
  std::set<std::string, std::less<>> words;
  bool first = true;
  for (size_t at = 0; at < cmdline.size();) {
    const size_t begin = cmdline.find_first_not_of(kBetween, at);
    if (begin == std::string_view::npos) break;
    const size_t end = std::min(cmdline.find_first_of(kBetween, begin), cmdline.size());
    std::string_view word = cmdline.substr(begin, end - begin);
    at = end;
    while (word.size() > 1 && word.ends_with('/')) word.remove_suffix(1);
    // The program itself is there, or it would not run.
    if (!first && word != "/" && word != "." && word != "..") words.emplace(word);
    first = false;
  }
  return words;
}

std::string_view withoutSlashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

std::string_view errorName(int64_t number) {
  const decode::ErrorName* known = decode::findError(number);
  return known != nullptr ? known->name : std::string_view("E?");
}

// Of a struct sockaddr_in, sockaddr_in6 or sockaddr_un (ip(7), ipv6(7), unix(7)).
std::string socketAddress(std::string_view bytes) {
  constexpr uint16_t kUnix = 1, kInet = 2, kInet6 = 10;  // the same on all of Linux
  if (bytes.size() < 2) return {};
  uint16_t family = 0;
  std::memcpy(&family, bytes.data(), sizeof family);
  const auto port = [&] {
    return (static_cast<unsigned char>(bytes[2]) << 8) | static_cast<unsigned char>(bytes[3]);
  };
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == kInet && bytes.size() >= 8 &&
      ::inet_ntop(AF_INET, bytes.data() + 4, text.data(), text.size()) != nullptr)
    return fmt::format("{}:{}", text.data(), port());
  if (family == kInet6 && bytes.size() >= 24 &&
      ::inet_ntop(AF_INET6, bytes.data() + 8, text.data(), text.size()) != nullptr)
    return fmt::format("[{}]:{}", text.data(), port());
  if (family == kUnix && bytes.size() > 2) {
    const std::string_view path = bytes.substr(2);
    if (path.front() == '\0') return "@" + printable(path.substr(1, path.find('\0', 1) - 1));
    return printable(path.substr(0, path.find('\0')));
  }
  return {};
}

std::string remoteOf(const ResourceInfo& r) {
  if (r.remote_addr.empty() || r.remote_port.value_or(0) == 0) return {};
  const bool v6 = r.remote_addr.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", printable(r.remote_addr), v6 ? "]" : "", *r.remote_port);
}

bool didFail(const ProcessInfoRow& p) {
  return p.exit_code.value_or(0) != 0;
}

}  // namespace

int32_t whoFailed(const Timeline& timeline, int32_t process) {
  if (process == kNone || !didFail(timeline.process(process))) return kNone;
  // Children are younger than their parents in a sound trace; others end here.
  for (size_t depth = 0; depth < timeline.processes().size(); ++depth) {
    int32_t last = kNone;
    for (const int32_t child : timeline.process(process).children) {
      const auto& end = timeline.process(child).end_ts;
      const bool before = end && *end <= timeline.process(process).end_ts.value_or(INT64_MAX);
      if (before && (last == kNone || *end >= *timeline.process(last).end_ts)) last = child;
    }
    if (last == kNone || !didFail(timeline.process(last))) break;
    process = last;
  }
  return process;
}

FailureFinder::FailureFinder(const Timeline& timeline, int32_t process)
    : timeline_(timeline), process_(process) {
  const ProcessInfoRow& p = timeline.process(process);
  program_not_run_ = p.exit_code == 126 || p.exit_code == 127;
  words_ = wordsOf(p.cmdline);
  cwd_ = p.cwd;
  for (const ResourceInfo& r : timeline.resources())
    if (std::string address = remoteOf(r); !address.empty() && r.cookie != 0)
      remote_[r.cookie] = std::move(address);
}

int64_t FailureFinder::socketOf(int64_t resource) const {
  const auto index = timeline_.resourceById(resource);
  if (!index) return 0;
  const ResourceInfo& r = timeline_.resource(*index);
  if (!isConnectionProtocol(r.protocol)) return 0;
  return r.cookie != 0 ? r.cookie : -r.id;
}

std::string FailureFinder::addressOf(const CallOutcome& call) const {
  if (std::string address = socketAddress(call.address); !address.empty()) return address;
  const auto index = timeline_.resourceById(call.resource);
  if (!index) return {};
  const ResourceInfo& r = timeline_.resource(*index);
  if (std::string address = remoteOf(r); !address.empty()) return address;
  // A socket whose connect failed has lost its address; an earlier row of it may have it.
  const auto found = remote_.find(r.cookie);
  return found != remote_.end() ? found->second : printable(r.path);
}

// Is it a word for a path that starts in the directory?
bool FailureFinder::namedWithin(std::string_view directory, std::string_view path) const {
  directory = withoutSlashes(directory);
  if (directory == "/") directory = {};
  return path.size() > directory.size() + 1 && path.starts_with(directory) && path[directory.size()] == '/' &&
         (words_.contains(path.substr(directory.size() + 1)) ||
          words_.contains(path.substr(directory.size())));
}

bool FailureFinder::named(const CallOutcome& call) const {
  const std::string_view path = withoutSlashes(call.path);
  if (path.empty()) return false;
  if (words_.contains(path)) return true;
  if (!cwd_.empty() && namedWithin(cwd_, path)) return true;
  if (!call.directory.empty() && namedWithin(call.directory, path)) return true;
  // A program is looked for in every directory of PATH.
  return program_not_run_ && path.starts_with('/') && words_.contains(path.substr(path.rfind('/') + 1));
}

void FailureFinder::fail(const CallOutcome& call, std::string subject, bool network, int64_t socket) {
  Candidate candidate;
  candidate.call = {process_, std::string(call.name), std::move(subject), std::string(call.error)};
  candidate.path = withoutSlashes(call.path);
  candidate.network = network;
  candidate.socket = socket;
  if (candidates_.size() == kRemembered) candidates_.erase(candidates_.begin());
  candidates_.push_back(std::move(candidate));
}

void FailureFinder::connectionWorks() {
  std::erase_if(candidates_, [](const Candidate& c) { return c.network; });
}

void FailureFinder::succeeded(const CallOutcome& call) {
  if (call.name.starts_with("execve")) return candidates_.clear();
  if (!call.path.empty() && !candidates_.empty())
    std::erase_if(candidates_, [path = withoutSlashes(call.path)](const Candidate& c) {
      return !c.path.empty() && c.path == path;
    });
  const bool connects = call.name == "connect";
  if ((connects || (call.ret > 0 && beginsWithOneOf(call.name, kTalking))) && socketOf(call.resource) != 0)
    connectionWorks();
}

void FailureFinder::add(const CallOutcome& call) {
  if (call.so_error.value_or(0) > 0 && call.error.empty()) {
    // What became of a connect that had gone on in the background.
    const int64_t socket = socketOf(call.resource);
    if (socket == 0) return;
    std::erase_if(candidates_, [&](const Candidate& c) { return c.socket == socket; });
    CallOutcome outcome = call;
    outcome.name = "connect";
    outcome.error = errorName(*call.so_error);
    return fail(outcome, addressOf(call), true);
  }
  if (call.error.empty()) return succeeded(call);
  const int64_t socket = socketOf(call.resource);
  if (call.name == "connect" && call.error == "EINPROGRESS" && socket != 0) {
    CallOutcome open = call;
    open.error = {};
    return fail(open, addressOf(call), true, socket);
  }
  if (socket != 0 && beginsWithOneOf(call.name, kTalking) && oneOf(call.error, kNetworkErrors)) {
    std::erase_if(candidates_, [&](const Candidate& c) { return c.socket == socket; });
    return fail(call, addressOf(call), true);
  }
  if (oneOf(call.error, kNoRoom) && beginsWithOneOf(call.name, kStoring)) {
    const auto index = timeline_.resourceById(call.resource);
    return fail(call, index ? printable(timeline_.resource(*index).name) : std::string(), false);
  }
  if (call.path.empty()) return;
  const bool refused = oneOf(call.error, kRefusals) && beginsWithOneOf(call.name, kDoing);
  if (refused || (oneOf(call.error, kMissing) && named(call))) fail(call, printable(call.path), false);
}

std::optional<FailedCall> FailureFinder::result() const {
  if (candidates_.empty()) return std::nullopt;
  return candidates_.back().call;
}

std::string failedCallText(const Timeline& timeline, const FailedCall& call, int32_t self) {
  std::string text;
  if (call.process != self) text = processWithPid(timeline.process(call.process), 30) + ": ";
  text += call.call;
  std::string_view between = "of";
  if (call.call == "connect" || call.call.starts_with("send")) between = "→";
  else if (call.call.starts_with("write") || call.call.starts_with("pwrite")) between = "to";
  if (!call.subject.empty()) text += fmt::format(" {} {}", between, call.subject);
  if (call.error.empty()) return text + ", over which nothing was ever sent or received";
  text += ": " + call.error;
  for (int number = 1; number < 256; ++number) {
    const decode::ErrorName* known = decode::findError(number);
    if (known != nullptr && known->name == call.error) return text + fmt::format(" ({})", known->message);
  }
  return text;
}

}  // namespace tarry
