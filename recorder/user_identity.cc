#include "recorder/user_identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
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

// getpwnam_r and getpwuid_r want a buffer of unknown size; looked up once, in the main thread.
std::optional<UserIdentity> identityFrom(const passwd* entry) {
  if (entry == nullptr) return std::nullopt;
  UserIdentity user;
  user.uid = entry->pw_uid;
  user.gid = entry->pw_gid;
  user.name = entry->pw_name;
  user.home = entry->pw_dir;
  user.shell = entry->pw_shell;
  int count = 64;
  user.groups.resize(static_cast<size_t>(count));
  if (::getgrouplist(user.name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<size_t>(count));
    if (::getgrouplist(user.name.c_str(), user.gid, user.groups.data(), &count) < 0) count = 0;
  }
  user.groups.resize(static_cast<size_t>(count));
  return user;
}

bool startsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

UserIdentity lookUpUser(const std::string& name) {
  if (auto user = identityFrom(::getpwnam(name.c_str()))) return *user;
  if (auto uid = parseUid(name)) {
    if (auto user = identityFrom(::getpwuid(*uid))) return *user;
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
  const passwd* entry = ::getpwuid(::geteuid());
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
