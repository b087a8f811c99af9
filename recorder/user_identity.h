// As whom a command runs and to whom its trace belongs. Under sudo that is the user who called it:
// recording needs rights that the recorded program should not get.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tarry {

struct UserIdentity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string name;
  std::string home;
  std::string shell;
};

// `name`: a user name or number; throws UsageError where there is no such user.
UserIdentity lookUpUser(const std::string& name);

// Who the command has to become: `wanted` (-u) if not empty, else who called sudo, else none (it
// stays who we are). None also when that is already us.
std::optional<UserIdentity> commandUser(const std::string& wanted);

// The name of the user with this process's effective uid; the number where it has no name.
std::string currentUserName();

// The environment ("NAME=value") of a command that runs as `user`: HOME, USER, LOGNAME and SHELL
// are that user's and sudo's own variables are gone.
std::vector<std::string> environmentFor(const UserIdentity& user,
                                        const std::vector<std::string>& environment);

}  // namespace tarry
