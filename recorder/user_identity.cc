#include "recorder/user_identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "format/errors.h"

namespace tarry {

namespace {

std::optional<uid_t> parseUid(std::string_view text) {
  uid_t uid = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return uid;
}

// Entries point into memory of the C library until the next call: looked up once, in the main thread.
#ifdef TARRY_STATIC
// The name service is made of shared libraries, of exactly the C library that was linked: where this binary
// travels to there may be another one, or none (nsswitch.conf(5)). The files it mostly reads can always be
// read.
struct FileCloser {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, FileCloser>;

template <class Matches>
const passwd* findEntry(Matches&& matches) {
  const File file(std::fopen("/etc/passwd", "re"));
  const passwd* entry = nullptr;
  while (file && (entry = ::fgetpwent(file.get())) != nullptr && !matches(*entry)) {
  }
  return file ? entry : nullptr;
}

const passwd* entryOf(const std::string& name) {
  return findEntry([&](const passwd& entry) { return name == entry.pw_name; });
}
const passwd* entryOf(uid_t uid) {
  return findEntry([&](const passwd& entry) { return entry.pw_uid == uid; });
}

std::vector<gid_t> groupsOf(const std::string& user, gid_t first) {
  std::vector<gid_t> groups = {first};
  const File file(std::fopen("/etc/group", "re"));
  while (const group* entry = file ? ::fgetgrent(file.get()) : nullptr) {
    for (char** member = entry->gr_mem; *member != nullptr; ++member) {
      if (user == *member && entry->gr_gid != first) groups.push_back(entry->gr_gid);
    }
  }
  return groups;
}
#else
const passwd* entryOf(const std::string& name) {
  return ::getpwnam(name.c_str());
}
const passwd* entryOf(uid_t uid) {
  return ::getpwuid(uid);
}

std::vector<gid_t> groupsOf(const std::string& user, gid_t first) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (::getgrouplist(user.c_str(), first, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    if (::getgrouplist(user.c_str(), first, groups.data(), &count) < 0) count = 0;
  }
  groups.resize(static_cast<size_t>(count));
  return groups;
}
#endif

std::optional<UserIdentity> identityFrom(const passwd* entry) {
  if (entry == nullptr) return std::nullopt;
  UserIdentity user;
  user.uid = entry->pw_uid;
  user.gid = entry->pw_gid;
  user.name = entry->pw_name;
  user.home = entry->pw_dir;
  user.shell = entry->pw_shell;
  user.groups = groupsOf(user.name, user.gid);
  return user;
}

bool startsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

UserIdentity lookUpUser(const std::string& name) {
  if (auto user = identityFrom(entryOf(name))) return *user;
  if (auto uid = parseUid(name)) {
    if (auto user = identityFrom(entryOf(*uid))) return *user;
    UserIdentity user;  // a number without a name: as a container's user often is
    user.uid = *uid;
    user.gid = *uid;
    user.groups = {user.gid};
    user.name = name;
    user.home = "/";
    user.shell = "/bin/sh";
    return user;
  }
  throw UsageError("unknown user " + name + " (see getent passwd)");
}

std::optional<UserIdentity> commandUser(const std::string& wanted) {
  std::optional<UserIdentity> user;
  if (!wanted.empty()) {
    user = lookUpUser(wanted);
  } else if (::geteuid() == 0) {
    const char* sudo_uid = std::getenv("SUDO_UID");
    const char* sudo_gid = std::getenv("SUDO_GID");
    const auto uid = parseUid(sudo_uid != nullptr ? sudo_uid : "");
    if (!uid) return std::nullopt;
    user = lookUpUser(sudo_uid);
    if (const auto gid = parseUid(sudo_gid != nullptr ? sudo_gid : "")) user->gid = *gid;
  }
  if (!user || user->uid == ::geteuid()) return std::nullopt;
  if (::geteuid() != 0)
    throw RecordError("cannot run the command as " + user->name + ": not root (use sudo)");
  return user;
}

std::string currentUserName() {
  const passwd* entry = entryOf(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

std::vector<std::string> environmentFor(const UserIdentity& user,
                                        const std::vector<std::string>& environment) {
  std::vector<std::string> result;
  for (const std::string& entry : environment) {
    bool dropped = false;
    for (const char* name : {"HOME=", "USER=", "LOGNAME=", "SHELL=", "MAIL=", "SUDO_"}) {
      dropped = dropped || startsWith(entry, name);
    }
    if (!dropped) result.push_back(entry);
  }
  result.push_back("HOME=" + user.home);
  result.push_back("USER=" + user.name);
  result.push_back("LOGNAME=" + user.name);
  result.push_back("SHELL=" + (user.shell.empty() ? std::string("/bin/sh") : user.shell));
  return result;
}

}  // namespace tarry
