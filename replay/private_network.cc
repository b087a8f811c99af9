#include "replay/private_network.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "format/errors.h"
#include "format/unique_fd.h"

namespace tarry::replay {
namespace {

constexpr int kLoopback = 1;  // index of `lo` in every namespace

[[noreturn]] void refuse(const char* what, int error) {
  throw Error(fmt::format(
      "cannot make a network for the command: {}: {} (as root it works; or without a command, which "
      "you then start with the addresses that are printed)",
      what, std::strerror(error)));
}

void writeFile(const char* path, const std::string& text) {
  UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    refuse(path, errno);
}

// rtnetlink(7): one request, one acknowledgement.
class RouteSocket {
 public:
  RouteSocket() : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
    if (!fd_) refuse("netlink", errno);
  }

  template <class Message>
  void ask(uint16_t type, uint16_t flags, const Message& message, uint16_t attribute = 0,
           uint32_t value = 0) {
    struct {
      nlmsghdr head;
      Message message;
      rtattr attribute;
      uint32_t value;
    } request{};
    request.head.nlmsg_type = type;
    request.head.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    request.head.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(sizeof message));
    request.message = message;
    if (attribute != 0) {
      request.attribute.rta_type = attribute;
      request.attribute.rta_len = RTA_LENGTH(sizeof value);
      request.value = value;
      request.head.nlmsg_len = static_cast<uint32_t>(sizeof request);
    }
    if (send(fd_.get(), &request, request.head.nlmsg_len, 0) < 0) refuse("netlink", errno);
    struct {
      nlmsghdr head;
      nlmsgerr error;
      char rest[1024];
    } answer{};
    if (recv(fd_.get(), &answer, sizeof answer, 0) < 0) refuse("netlink", errno);
    if (answer.head.nlmsg_type == NLMSG_ERROR && answer.error.error != 0) error_ = -answer.error.error;
    else error_ = 0;
  }
  int error() const { return error_; }

 private:
  UniqueFd fd_;
  int error_ = 0;
};

void routeEverythingHere(RouteSocket& routes, unsigned char family) {
  rtmsg route{};
  route.rtm_family = family;
  route.rtm_table = RT_TABLE_LOCAL;
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_scope = RT_SCOPE_HOST;
  route.rtm_type = RTN_LOCAL;
  routes.ask(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, RTA_OIF, kLoopback);
}

}  // namespace

void enterPrivateNetwork() {
  if (unshare(CLONE_NEWNET) != 0) {
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) refuse("namespaces", errno);
    writeFile("/proc/self/setgroups", "deny");
    writeFile("/proc/self/uid_map", fmt::format("{0} {0} 1", uid));
    writeFile("/proc/self/gid_map", fmt::format("{0} {0} 1", gid));
  }
  RouteSocket routes;
  ifinfomsg link{};
  link.ifi_family = AF_UNSPEC;
  link.ifi_index = kLoopback;
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  routes.ask(RTM_NEWLINK, 0, link);
  if (routes.error() != 0) refuse("the loopback interface", routes.error());
  routeEverythingHere(routes, AF_INET);
  if (routes.error() != 0) refuse("routes", routes.error());
  routeEverythingHere(routes, AF_INET6);  // a machine may have no IPv6
}

}  // namespace tarry::replay
