#include "query/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "analyzer/sqlite.h"
#include "format/errors.h"
#include "query/call_tables.h"
#include "query/chosen_processes.h"
#include "query/render/units.h"
#include "query/timeline.h"
#include "query/why/notes.h"

namespace tarry {
namespace {

// What a call does to a file, the most telling first.
enum class Deed : uint8_t {
  written,
  read,
  executed,
  mapped,
  listed,
  made,
  removed,
  renamed,
  linked,
  changed,
  locked,
  synced,
  opened,
  entered,
  checked,
  other,
};
constexpr std::array<std::string_view, 16> kDeedNames = {
    "written", "read",    "executed", "mapped", "listed", "made",    "removed", "renamed",
    "linked",  "changed", "locked",   "synced", "opened", "entered", "checked", "used"};

Deed deedOf(std::string_view call) {
  static const std::unordered_map<std::string_view, Deed> deeds = {{"open", Deed::opened},
                                                                   {"openat", Deed::opened},
                                                                   {"openat2", Deed::opened},
                                                                   {"creat", Deed::opened},
                                                                   {"open_by_handle_at", Deed::opened},
                                                                   {"execve", Deed::executed},
                                                                   {"execveat", Deed::executed},
                                                                   {"uselib", Deed::executed},
                                                                   {"read", Deed::read},
                                                                   {"pread64", Deed::read},
                                                                   {"readv", Deed::read},
                                                                   {"preadv", Deed::read},
                                                                   {"preadv2", Deed::read},
                                                                   {"write", Deed::written},
                                                                   {"pwrite64", Deed::written},
                                                                   {"writev", Deed::written},
                                                                   {"pwritev", Deed::written},
                                                                   {"pwritev2", Deed::written},
                                                                   {"truncate", Deed::written},
                                                                   {"ftruncate", Deed::written},
                                                                   {"fallocate", Deed::written},
                                                                   {"sendfile", Deed::written},
                                                                   {"sendfile64", Deed::written},
                                                                   {"copy_file_range", Deed::read},
                                                                   {"splice", Deed::read},
                                                                   {"mmap", Deed::mapped},
                                                                   {"mmap2", Deed::mapped},
                                                                   {"getdents", Deed::listed},
                                                                   {"getdents64", Deed::listed},
                                                                   {"mkdir", Deed::made},
                                                                   {"mkdirat", Deed::made},
                                                                   {"mknod", Deed::made},
                                                                   {"mknodat", Deed::made},
                                                                   {"symlink", Deed::made},
                                                                   {"symlinkat", Deed::made},
                                                                   {"unlink", Deed::removed},
                                                                   {"unlinkat", Deed::removed},
                                                                   {"rmdir", Deed::removed},
                                                                   {"rename", Deed::renamed},
                                                                   {"renameat", Deed::renamed},
                                                                   {"renameat2", Deed::renamed},
                                                                   {"link", Deed::linked},
                                                                   {"linkat", Deed::linked},
                                                                   {"chmod", Deed::changed},
                                                                   {"fchmod", Deed::changed},
                                                                   {"fchmodat", Deed::changed},
                                                                   {"fchmodat2", Deed::changed},
                                                                   {"chown", Deed::changed},
                                                                   {"lchown", Deed::changed},
                                                                   {"fchown", Deed::changed},
                                                                   {"fchownat", Deed::changed},
                                                                   {"utime", Deed::changed},
                                                                   {"utimes", Deed::changed},
                                                                   {"utimensat", Deed::changed},
                                                                   {"futimesat", Deed::changed},
                                                                   {"setxattr", Deed::changed},
                                                                   {"lsetxattr", Deed::changed},
                                                                   {"fsetxattr", Deed::changed},
                                                                   {"flock", Deed::locked},
                                                                   {"fsync", Deed::synced},
                                                                   {"fdatasync", Deed::synced},
                                                                   {"syncfs", Deed::synced},
                                                                   {"sync_file_range", Deed::synced},
                                                                   {"msync", Deed::synced},
                                                                   {"chdir", Deed::entered},
                                                                   {"fchdir", Deed::entered},
                                                                   {"chroot", Deed::entered},
                                                                   {"stat", Deed::checked},
                                                                   {"lstat", Deed::checked},
                                                                   {"fstat", Deed::checked},
                                                                   {"newfstatat", Deed::checked},
                                                                   {"fstatat64", Deed::checked},
                                                                   {"stat64", Deed::checked},
                                                                   {"lstat64", Deed::checked},
                                                                   {"statx", Deed::checked},
                                                                   {"statfs", Deed::checked},
                                                                   {"fstatfs", Deed::checked},
                                                                   {"access", Deed::checked},
                                                                   {"faccessat", Deed::checked},
                                                                   {"faccessat2", Deed::checked},
                                                                   {"readlink", Deed::checked},
                                                                   {"readlinkat", Deed::checked},
                                                                   {"getxattr", Deed::checked},
                                                                   {"lgetxattr", Deed::checked},
                                                                   {"fgetxattr", Deed::checked},
                                                                   {"inotify_add_watch", Deed::checked}};
  const auto found = deeds.find(call);
  return found == deeds.end() ? Deed::other : found->second;
}

struct FileUse {
  std::string path;
  std::string asked_as;  // another name it was opened by (a symbolic link), or empty
  std::string new_name;  // that it got by rename or link, or empty
  int64_t new_names = 0;
  int64_t first_ns = INT64_MAX;
  std::set<Deed> deeds;  // successful
  std::map<std::string, int64_t> errors;
  int64_t first_success_ns = INT64_MAX;
  int64_t first_missing_ns = INT64_MAX;
  int64_t read_bytes = 0, written_bytes = 0, calls = 0, failed = 0, dur_ns = 0;
  std::set<int64_t> processes;  // upid
};

bool isMissing(std::string_view error) {
  return error == "ENOENT" || error == "ENOTDIR";
}
bool isDenied(std::string_view error) {
  return error == "EACCES" || error == "EPERM" || error == "EROFS";
}

class Files {
 public:
  Files(Database& db, const FilesOptions& options)
      : db_(db), options_(options), processes_(db, options.process) {}

  void gather() {
    loadProcesses();
    // Where a file has several names the real one stands for it: that is what reads and writes name.
    auto names = db_.prepare(
        "SELECT DISTINCT s.path, r.path FROM syscall s JOIN resource r ON r.id = s.resource_id WHERE s.path "
        "IS NOT NULL"
        " AND r.path IS NOT NULL AND s.errno IS NULL AND s.name IN ('open', 'openat', 'openat2', 'creat')"
        " AND s.path != r.path");
    while (names.step()) real_.emplace(names.text(0), names.text(1));
    auto q = db_.prepare(
        "SELECT coalesce(s.path, r.path), s.name, s.errno, t.upid, min(s.ts), count(*), sum(s.bytes),"
        " sum(s.dur) FROM syscall s JOIN thread t ON t.utid = s.utid LEFT JOIN resource r ON r.id = "
        "s.resource_id"
        " WHERE (s.path IS NOT NULL AND (r.kind IS NULL OR r.kind NOT IN ('socket', 'unix')))"
        " OR r.kind IN ('file', 'dir', 'symlink', 'device', 'block_device', 'tty', 'fifo', 'memory', 'memfd')"
        " GROUP BY 1, 2, 3, 4");
    while (q.step()) {
      const std::string_view call = q.text(1);
      if (q.isNull(0) || call == "connect" || call == "bind" || call == "close") continue;
      if (!wantedProcess(q.integer(3))) continue;
      add(std::string(q.text(0)), deedOf(call), q);
    }
    gatherFolded();
    gatherOtherEnds();
    gatherNewNames();
  }

  std::vector<const FileUse*> chosen() const {
    std::vector<const FileUse*> list;
    for (const auto& [path, use] : files_)
      if (wanted(use)) list.push_back(&use);
    std::sort(list.begin(), list.end(), [&](const FileUse* a, const FileUse* b) {
      switch (options_.sort) {
        case FilesSort::bytes:
          if (const int64_t x = a->read_bytes + a->written_bytes, y = b->read_bytes + b->written_bytes;
              x != y)
            return x > y;
          break;
        case FilesSort::time:
          if (a->dur_ns != b->dur_ns) return a->dur_ns > b->dur_ns;
          break;
        case FilesSort::name: return a->path < b->path;
        case FilesSort::first: break;
      }
      return a->first_ns != b->first_ns ? a->first_ns < b->first_ns : a->path < b->path;
    });
    return list;
  }

  static std::string what(const FileUse& use) {
    std::string text;
    const auto say = [&](std::string_view word) {
      text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    };
    const bool only_other = use.deeds.size() == 1 && *use.deeds.begin() == Deed::other;
    // What was opened and then read needs no mention of the opening, nor of the stat.
    const bool telling = !use.deeds.empty() && *use.deeds.begin() < Deed::locked;
    for (const Deed deed : use.deeds) {
      if (telling && deed >= Deed::opened) continue;
      if (deed == Deed::checked && use.deeds.size() > 1) continue;
      if (deed == Deed::other && !only_other) continue;
      say(kDeedNames[static_cast<size_t>(deed)]);
    }
    for (const auto& [error, count] : use.errors) {
      if (isMissing(error)) {
        if (text.empty()) say("missing");
        else if (use.first_missing_ns < use.first_success_ns) text = "missing, then " + text;
        else say("later missing");
      } else if (isDenied(error)) {
        say("denied");
      } else if (text.empty()) {
        say(error);
      }
    }
    return text;
  }

  std::string who(const FileUse& use) const {
    std::map<std::string, int> names;
    for (const int64_t upid : use.processes) ++names[processOf(upid)];
    std::string text;
    size_t shown = 0;
    for (const auto& [name, count] : names) {
      if (shown++ == 3) return text + " …";
      text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
    }
    return text;
  }
  std::string pids(const FileUse& use) const {
    std::string text;
    for (const int64_t upid : use.processes) {
      const auto found = pids_.find(upid);
      text += fmt::format("{}{}", text.empty() ? "" : " ", found == pids_.end() ? 0 : found->second);
    }
    return text;
  }
  bool severalProcesses() const { return names_.size() > 1; }
  bool empty() const { return files_.empty(); }

 private:
  // Calls that the recording kept as a count alone.
  void gatherFolded() {
    auto q = db_.prepare(
        "SELECT r.path, s.name, s.errno, t.upid, min(s.ts), sum(s.count), sum(s.bytes), sum(s.total_ns)"
        " FROM fold s JOIN thread t ON t.utid = s.utid JOIN resource r ON r.id = s.resource_id"
        " WHERE r.path IS NOT NULL AND r.kind NOT IN ('socket', 'unix') GROUP BY 1, 2, 3, 4");
    while (q.step()) {
      if (wantedProcess(q.integer(3))) add(std::string(q.text(0)), deedOf(q.text(1)), q);
    }
  }

  // The second file of calls that copy between two.
  void gatherOtherEnds() {
    auto q = db_.prepare(
        "SELECT r.path, s.name, s.errno, t.upid, min(s.ts), count(*), sum(s.bytes), sum(s.dur)"
        " FROM syscall s JOIN syscall_object o ON o.syscall_id = s.id JOIN resource r ON r.id = o.resource_id"
        " JOIN thread t ON t.utid = s.utid WHERE r.path IS NOT NULL AND r.kind NOT IN ('socket', 'unix')"
        " AND (s.name IN ('copy_file_range', 'splice') AND o.role = 'arg2'"
        "  OR s.name IN ('sendfile', 'sendfile64') AND o.role = 'arg1') GROUP BY 1, 2, 3, 4");
    while (q.step()) {
      if (!wantedProcess(q.integer(3))) continue;
      add(std::string(q.text(0)), q.text(1).starts_with("sendfile") ? Deed::read : Deed::written, q);
    }
  }

  // The second path of rename and link.
  void gatherNewNames() {
    auto q = db_.prepare(
        "SELECT s.path, o.path, t.upid FROM syscall s JOIN syscall_object o ON o.syscall_id = s.id"
        " JOIN thread t ON t.utid = s.utid WHERE o.role = 'new' AND o.path IS NOT NULL AND s.path IS NOT NULL"
        " AND s.errno IS NULL AND s.dur IS NOT NULL"
        " AND s.name IN ('rename', 'renameat', 'renameat2', 'link', 'linkat') ORDER BY s.id");
    while (q.step()) {
      if (!wantedProcess(q.integer(2))) continue;
      const auto found = files_.find(std::string(q.text(0)));
      if (found == files_.end()) continue;
      FileUse& use = found->second;
      if (use.new_names++ == 0) use.new_name = q.text(1);
      else if (use.new_name == q.text(1)) --use.new_names;
    }
  }

  void loadProcesses() {
    auto q = db_.prepare(
        "SELECT upid, pid, comm, cmdline FROM process WHERE recorded = 1 OR upid IN (SELECT upid FROM "
        "thread)");
    while (q.step()) {
      const std::string comm = printable(q.text(2));
      std::string program = printable(q.text(3));
      program = program.substr(0, program.find(' '));
      if (const size_t slash = program.rfind('/'); slash != std::string::npos)
        program = program.substr(slash + 1);
      pids_.emplace(q.integer(0), q.integer(1));
      names_.emplace(q.integer(0), comm.empty() ? program : comm);
    }
  }
  bool wantedProcess(int64_t upid) const { return processes_.contains(upid); }

  std::string processOf(int64_t upid) const {
    const auto found = names_.find(upid);
    return found == names_.end() ? "?" : found->second;
  }

  // The rest of q: error, process, first time, count, bytes, time.
  void add(std::string path, Deed deed, const Statement& q) {
    const std::string error(q.isNull(2) ? std::string_view() : q.text(2));
    std::string asked;
    if (const auto real = real_.find(path); real != real_.end()) {
      asked = path;
      path = real->second;
    }
    FileUse& use = files_[path];
    use.path = path;
    if (use.asked_as.empty()) use.asked_as = asked;
    const int64_t first = q.integer(4);
    const int64_t count = q.integer(5);
    const int64_t bytes = q.isNull(6) ? 0 : q.integer(6);
    use.first_ns = std::min(use.first_ns, first);
    use.calls += count;
    use.dur_ns += q.isNull(7) ? 0 : q.integer(7);
    use.processes.insert(q.integer(3));
    // readlink on what is no link is a check that was answered.
    if (!error.empty() && !(deed == Deed::checked && error == "EINVAL")) {
      use.errors[error] += count;
      use.failed += count;
      if (isMissing(error)) use.first_missing_ns = std::min(use.first_missing_ns, first);
      return;
    }
    use.first_success_ns = std::min(use.first_success_ns, first);
    use.deeds.insert(deed);
    if (deed == Deed::read) use.read_bytes += bytes;
    if (deed == Deed::written) use.written_bytes += bytes;
  }

  bool wanted(const FileUse& use) const {
    // What one process was refused counts even if another one got it.
    if (options_.missing && (!use.deeds.empty() || use.errors.empty()) && !refused(use)) return false;
    if (options_.touched && (use.deeds.empty() || *use.deeds.begin() >= Deed::locked)) return false;
    if (options_.paths.empty()) return true;
    return std::any_of(options_.paths.begin(), options_.paths.end(), [&](const std::string& path) {
      return below(use.path, path) || (!use.asked_as.empty() && below(use.asked_as, path)) ||
             (!use.new_name.empty() && below(use.new_name, path));
    });
  }
  static bool refused(const FileUse& use) {
    return std::any_of(use.errors.begin(), use.errors.end(),
                       [](const auto& error) { return isDenied(error.first); });
  }
  static bool below(std::string_view path, std::string_view root) {
    while (root.size() > 1 && root.ends_with('/')) root.remove_suffix(1);
    return path == root || root == "/" ||
           (path.starts_with(root) && path.size() > root.size() && path[root.size()] == '/');
  }

  Database& db_;
  const FilesOptions& options_;
  const ChosenProcesses processes_;
  std::unordered_map<std::string, std::string> real_;
  std::unordered_map<std::string, FileUse> files_;
  std::unordered_map<int64_t, int64_t> pids_;
  std::unordered_map<int64_t, std::string> names_;
};

Cell bytesCell(int64_t bytes) {
  return bytes == 0 ? Cell::shown(Cell(bytes), " ") : Cell::size(static_cast<uint64_t>(bytes));
}

Ink inkOf(const FileUse& use) {
  if (use.deeds.empty()) return Ink::red;
  if (use.deeds.contains(Deed::written)) return Ink::yellow;
  return use.deeds.contains(Deed::read) || use.deeds.contains(Deed::executed) ? Ink::green : Ink::plain;
}

}  // namespace

void filesReport(Database& db, const FilesOptions& options, std::ostream& out) {
  requireCalls(db);
  if (options.format == RowFormat::table) writeNotes(db, options.style, out);
  Files files(db, options);
  files.gather();
  const bool people = options.format == RowFormat::table || options.format == RowFormat::markdown;
  const bool several = files.severalProcesses();
  std::vector<RowColumn> columns;
  if (people) {
    columns = {{"first", "first use", Align::right},
               {"what", "", Align::left},
               {"read", "", Align::right},
               {"written", "", Align::right}};
    if (several) columns.push_back({"by", "", Align::left});
    columns.push_back({"path", "", Align::left});
  } else {
    for (const char* name : {"first_ns", "what", "path", "asked_as", "read_bytes", "written_bytes", "calls",
                             "errors", "error", "dur_ns", "processes", "pids", "renamed_to"})
      columns.push_back({name, "", Align::left});
  }
  const auto chosen = files.chosen();
  if (chosen.empty() && options.format == RowFormat::table) {
    out << (files.empty() ? "no call on a file was recorded\n" : "no file fits\n");
    return;
  }
  const auto writer = makeRowWriter(options.format, options.style, out);
  writer->begin(columns);
  for (const FileUse* use : chosen) {
    Cell what(Files::what(*use));
    what.ink = inkOf(*use);
    std::vector<Cell> row;
    if (people) {
      std::string path = printable(use->path);
      if (!use->new_name.empty()) path += " → " + printable(use->new_name);
      if (use->new_names > 1)
        path += fmt::format(" and {}", counted(static_cast<uint64_t>(use->new_names - 1), "other name"));
      if (!use->asked_as.empty()) path += fmt::format("  (as {})", printable(use->asked_as));
      row = {Cell::shown(Cell(use->first_ns), formatDuration(use->first_ns)), what,
             bytesCell(use->read_bytes), bytesCell(use->written_bytes)};
      if (several) row.emplace_back(files.who(*use));
      row.push_back(Cell::shown(Cell(use->path), path));
    } else {
      row = {Cell(use->first_ns),
             what,
             Cell(use->path),
             use->asked_as.empty() ? Cell() : Cell(use->asked_as),
             Cell(use->read_bytes),
             Cell(use->written_bytes),
             Cell(use->calls),
             Cell(use->failed),
             use->errors.empty() ? Cell() : Cell(use->errors.begin()->first),
             Cell(use->dur_ns),
             Cell(files.who(*use)),
             Cell(files.pids(*use)),
             use->new_name.empty() ? Cell() : Cell(use->new_name)};
    }
    writer->row(row);
  }
  writer->end();
}

}  // namespace tarry
