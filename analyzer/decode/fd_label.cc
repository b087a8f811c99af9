// What stands between < and > behind an fd: strace -yy's spelling.
#include <fmt/format.h>

#include "analyzer/decode/render.h"
#include "analyzer/decode/text.h"
#include "analyzer/resource_label.h"

namespace tarry {
namespace {

std::string inetLabel(const Resource& resource) {
  constexpr uint16_t kInet6 = 10;
  std::string protocol(analysis::protocolName(resource));
  if (protocol.empty()) return fmt::format("socket:[{}]", resource.inode);
  if (resource.family == kInet6) protocol += "v6";
  const auto end = [&](const std::array<uint8_t, 16>& address, uint16_t port) {
    const std::string text = analysis::addressText(resource.family, address);
    return resource.family == kInet6 ? fmt::format("[{}]:{}", text, port) : fmt::format("{}:{}", text, port);
  };
  if (resource.local_port == 0 && resource.remote_port == 0)
    return fmt::format("{}:[{}]", protocol, resource.inode);
  const std::string local = end(resource.local_addr, resource.local_port);
  if (resource.remote_port == 0) return fmt::format("{}:[{}]", protocol, local);
  return fmt::format("{}:[{}->{}]", protocol, local, end(resource.remote_addr, resource.remote_port));
}

std::string unixLabel(const Resource& resource, std::string_view path) {
  std::string inner = std::to_string(resource.inode);
  if (resource.peer_inode != 0) inner += fmt::format("->{}", resource.peer_inode);
  if (!path.empty()) {
    inner += ',';
    if (path[0] == '\0') {
      inner += '@';
      path.remove_prefix(1);
    }
    decode::appendQuoted(inner, path, SIZE_MAX, false);
  }
  const std::string_view protocol = analysis::protocolName(resource);
  return fmt::format("{}:[{}]", protocol.empty() ? "UNIX" : protocol, inner);
}

}  // namespace

std::string fdLabel(const Resource& resource, const TextOf& text) {
  const std::string_view path = text(resource.path);
  const auto anonymous = [&](std::string_view name) {
    if (path.empty()) return fmt::format("anon_inode:[{}]", name);
    // The kernel's own name of the inode, which has had the prefix or not over time.
    return path.starts_with("anon_inode:") ? std::string(path) : fmt::format("anon_inode:{}", path);
  };
  switch (resource.kind) {
    case ResourceKind::socket: return inetLabel(resource);
    case ResourceKind::unix_socket: return unixLabel(resource, path);
    case ResourceKind::netlink: return fmt::format("NETLINK:[{}]", resource.inode);
    case ResourceKind::other_socket: return fmt::format("socket:[{}]", resource.inode);
    case ResourceKind::pipe: return fmt::format("pipe:[{}]", resource.inode);
    case ResourceKind::eventfd: return anonymous("eventfd");
    case ResourceKind::epoll: return anonymous("eventpoll");
    case ResourceKind::timerfd: return anonymous("timerfd");
    case ResourceKind::signalfd: return anonymous("signalfd");
    case ResourceKind::inotify: return anonymous("inotify");
    case ResourceKind::fanotify: return anonymous("fanotify");
    case ResourceKind::pidfd: return anonymous("pidfd");
    case ResourceKind::io_uring: return anonymous("io_uring");
    case ResourceKind::perf_event: return anonymous("perf_event");
    case ResourceKind::bpf: return anonymous("bpf");
    case ResourceKind::userfaultfd: return anonymous("userfaultfd");
    case ResourceKind::unknown:
    case ResourceKind::file:
    case ResourceKind::dir:
    case ResourceKind::symlink:
    case ResourceKind::block_device:
    case ResourceKind::device:
    case ResourceKind::tty:
    case ResourceKind::fifo:
    case ResourceKind::memfd:
    case ResourceKind::message_queue:
    case ResourceKind::anon:
    case ResourceKind::memory: break;
  }
  // strace shows control characters in a path escaped, but without quotes.
  std::string quoted;
  decode::appendQuoted(quoted, path, SIZE_MAX, false);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace tarry
