#include "query/show/call_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "format/errors.h"
#include "format/syscall_table.h"
#include "query/render/units.h"

namespace tarry {
namespace {

std::vector<std::string_view> splitList(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    words.push_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return words;
}

bool isError(int64_t ret) {
  return ret < 0 && ret >= -4095;
}

// strace's other qualifiers: what to do instead.
struct Elsewhere {
  std::string_view keyword;
  std::string_view advice;
};
constexpr Elsewhere kElsewhere[] = {
    {"fault", "a recording cannot change calls that are over; strace can"},
    {"inject", "a recording cannot change calls that are over; strace can"},
    {"read", "-s all shows buffers as far as they were recorded (record -s)"},
    {"write", "-s all shows buffers as far as they were recorded (record -s)"},
    {"abbrev", "-v shows structures and arrays in full"},
    {"verbose", "-v shows structures and arrays in full"},
    {"decode-fds", "--no-annotate leaves out what is behind an fd"},
    {"quiet", "--no-exits leaves out +++ exited with 0 +++"},
};

void refuseElsewhere(std::string_view keyword) {
  for (const Elsewhere& other : kElsewhere) {
    if (keyword == other.keyword) throw UsageError(fmt::format("no -e {}: {}", other.keyword, other.advice));
  }
}

}  // namespace

void CallFilter::add(std::string_view expression) {
  const size_t equals = expression.find('=');
  // Bare `read` and `write` are calls.
  if (equals != std::string_view::npos || expression == "fault" || expression == "inject")
    refuseElsewhere(expression.substr(0, equals));
  // A regular expression may hold an equals sign.
  if (equals == std::string_view::npos || expression.starts_with('/')) {
    calls_ = SyscallSet::parse(expression);
    return;
  }
  const std::string_view keyword = expression.substr(0, equals);
  std::string_view value = expression.substr(equals + 1);
  if (keyword == "trace" || keyword == "t") {
    calls_ = SyscallSet::parse(value);
    return;
  }
  if (keyword == "raw" || keyword == "x") {
    raw_ = SyscallSet::parse(value);
    return;
  }
  if (keyword == "signal" || keyword == "signals" || keyword == "s") {
    signals_ = SignalSet::parse(value);
    return;
  }
  if (keyword == "path") return addPath(value);
  bool inverted = false;
  while (value.starts_with('!')) {
    inverted = !inverted;
    value.remove_prefix(1);
  }
  if (keyword == "status") {
    uint8_t chosen = 0;
    for (const std::string_view word : splitList(value)) {
      if (word == "successful") chosen |= kSuccessful;
      else if (word == "failed") chosen |= kFailed;
      else if (word == "unfinished" || word == "detached") chosen |= kUnfinished;
      else if (word == "all") chosen |= kSuccessful | kFailed | kUnfinished;
      else if (word != "none" && word != "unavailable")
        throw UsageError(
            fmt::format("-e status={}: known are successful, failed, unfinished, all", printable(word)));
    }
    status_ = inverted ? static_cast<uint8_t>(~chosen) : chosen;
  } else if (keyword == "fd" || keyword == "fds") {
    fds_.clear();
    fds_inverted_ = inverted;
    for (const std::string_view word : splitList(value)) {
      int32_t fd = -1;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), fd);
      if (error != std::errc{} || end != word.data() + word.size()) {
        throw UsageError(fmt::format("-e fd={}: not a number", printable(word)));
      }
      fds_.push_back(fd);
    }
  } else {
    throw UsageError(
        fmt::format("-e {}=: known are trace, signal, status, fd, path, raw", printable(keyword)));
  }
}

void CallFilter::addPath(std::string_view path) {
  if (path.empty()) throw UsageError("an empty path to filter by");
  paths_.emplace_back(path);
}

bool CallFilter::matchesStatus(const SyscallEvent& event) const {
  const uint8_t status = event.flags.unfinished ? kUnfinished : isError(event.ret) ? kFailed : kSuccessful;
  return (status_ & status) != 0;
}

bool CallFilter::matchesFd(const SyscallEvent& event) const {
  if (fds_.empty()) return true;
  const auto wanted = [&](int32_t fd) { return std::find(fds_.begin(), fds_.end(), fd) != fds_.end(); };
  bool found = std::any_of(event.objects.begin(), event.objects.end(),
                           [&](const ObjectRef& object) { return object.fd >= 0 && wanted(object.fd); });
  const SyscallSpec* spec = findSyscall(event.abi, event.nr);
  for (size_t i = 0; !found && spec && i < spec->arg_count; ++i) {
    found = spec->args[i].type == ArgType::fd && wanted(static_cast<int32_t>(event.args[i]));
  }
  if (!found && spec && spec->result == ArgType::fd && !event.flags.unfinished) {
    found = wanted(static_cast<int32_t>(event.ret));
  }
  return found != fds_inverted_;
}

bool CallFilter::matchesPath(const SyscallEvent& event, const TextOf& text, const PathOf& path_of) const {
  if (paths_.empty()) return true;
  const auto wanted = [&](std::string_view path) {
    return std::find(paths_.begin(), paths_.end(), path) != paths_.end();
  };
  for (const ObjectRef& object : event.objects) {
    const bool is_base = object.role == ObjectRole::cwd || object.role == ObjectRole::root;
    if (!is_base && wanted(path_of(object.resource))) return true;
  }
  const SyscallSpec* spec = findSyscall(event.abi, event.nr);
  for (const StringArg& string : event.strings) {
    if (spec && string.arg < spec->arg_count && spec->args[string.arg].type != ArgType::path) continue;
    const std::string_view path = text(string.text);
    if (wanted(path)) return true;
    if (path.empty()) continue;
    // From the directory fd before it or the current directory; an absolute one from a changed root.
    const bool is_absolute = path[0] == '/';
    for (const ObjectRef& object : event.objects) {
      const bool base =
          is_absolute ? object.role == ObjectRole::root
                      : object.role == ObjectRole::cwd || static_cast<int>(object.role) + 1 == string.arg;
      const std::string_view directory = path_of(object.resource);
      if (!base || directory.empty()) continue;
      const std::filesystem::path rest = std::filesystem::path(path).relative_path();
      if (wanted((std::filesystem::path(directory) / rest).lexically_normal().string())) return true;
    }
  }
  return false;
}

bool CallFilter::matches(const SyscallEvent& event, const TextOf& text, const PathOf& path_of) const {
  return calls_.contains(event.abi, event.nr) && matchesStatus(event) && matchesFd(event) &&
         matchesPath(event, text, path_of);
}

bool CallFilter::matches(const PlaintextEvent& event) const {
  if (!fds_.empty() || !paths_.empty()) return false;
  constexpr int32_t kSendto = 44, kRecvfrom = 45;  // of x86-64
  const uint8_t status = event.result > 0 ? kSuccessful : kFailed;
  const int32_t alike = event.direction == PayloadDirection::in ? kSendto : kRecvfrom;
  return (status_ & status) != 0 && calls_.contains(Abi::x86_64, alike);
}

std::string CallFilter::sqlCondition() const {
  std::string sql = "1";
  if (const uint8_t all = kSuccessful | kFailed | kUnfinished; (status_ & all) != all) {
    std::string any = "0";
    if ((status_ & kSuccessful) != 0) any += " OR (s.dur IS NOT NULL AND s.errno IS NULL)";
    if ((status_ & kFailed) != 0) any += " OR s.errno IS NOT NULL";
    if ((status_ & kUnfinished) != 0) any += " OR s.dur IS NULL";
    sql += fmt::format(" AND ({})", any);
  }
  if (!fds_.empty()) {
    const std::string list = fmt::format("({})", fmt::join(fds_, ", "));
    sql += fmt::format(
        " AND {}(coalesce(s.fd IN {}, 0) OR s.id IN (SELECT syscall_id FROM syscall_object WHERE fd IN {}))",
        fds_inverted_ ? "NOT " : "", list, list);
  }
  if (!paths_.empty()) {
    sql += fmt::format(
        " AND (s.path IN {0} OR r.path IN {0} OR s.id IN (SELECT o.syscall_id FROM syscall_object o LEFT JOIN"
        " resource q ON q.id = o.resource_id WHERE o.role NOT IN ('cwd', 'root') AND (o.path IN {0} OR "
        "q.path IN {0})))",
        pathList());
  }
  return sql;
}

bool CallFilter::matches(const FoldEvent& event, const PathOf& path_of) const {
  if (!calls_.contains(event.abi, event.nr)) return false;
  if ((status_ & (event.error != 0 ? kFailed : kSuccessful)) == 0) return false;
  if (!fds_.empty() && !fds_inverted_) return false;
  return paths_.empty() || std::find(paths_.begin(), paths_.end(), path_of(event.resource)) != paths_.end();
}

std::string CallFilter::sqlFoldCondition() const {
  std::string sql = "s.kind = 'calls'";
  if ((status_ & kSuccessful) == 0) sql += " AND s.errno IS NOT NULL";
  if ((status_ & kFailed) == 0) sql += " AND s.errno IS NULL";
  if (!fds_.empty() && !fds_inverted_) sql += " AND 0";
  if (!paths_.empty()) sql += fmt::format(" AND r.path IN {}", pathList());
  return sql;
}

// As SQL.
std::string CallFilter::pathList() const {
  std::string list;
  for (const std::string& path : paths_) {
    list += list.empty() ? "('" : ", '";
    for (const char c : path) list += c == '\'' ? std::string("''") : std::string(1, c);
    list += '\'';
  }
  return list + ")";
}

bool CallFilter::isRaw(const SyscallEvent& event) const {
  return raw_ && raw_->contains(event.abi, event.nr);
}

}  // namespace tarry
