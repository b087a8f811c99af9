#include "analyzer/resource_label.h"

#include <fmt/format.h>

#include <algorithm>

namespace tarry::analysis {
namespace {

// The kernel's ABI (include/linux/socket.h, net.h, in.h): the same on every architecture tarry reads.
constexpr uint16_t kAfInet = 2;
constexpr uint16_t kAfInet6 = 10;
constexpr uint16_t kSockStream = 1;
constexpr uint16_t kSockDgram = 2;
constexpr uint16_t kSockRaw = 3;
constexpr uint16_t kSockSeqpacket = 5;

bool isMappedV4(const std::array<uint8_t, 16>& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

std::string v4Text(const uint8_t* bytes) {
  return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
}

// RFC 5952: the longest run of zero groups becomes "::".
std::string v6Text(const std::array<uint8_t, 16>& address) {
  std::array<uint16_t, 8> groups{};
  for (size_t i = 0; i < 8; i++) {
    groups[i] = static_cast<uint16_t>((address[2 * i] << 8) | address[2 * i + 1]);
  }
  size_t best = 8;
  size_t best_length = 1;
  for (size_t i = 0; i < 8;) {
    size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) length++;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
    i += std::max<size_t>(length, 1);
  }
  std::string text;
  for (size_t i = 0; i < 8;) {
    if (i == best) {
      text += "::";
      i += best_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups[i]);
    i++;
  }
  return text;
}

std::string socketName(const Resource& resource) {
  const std::string_view protocol = protocolName(resource);
  const std::string local_address = addressText(resource.family, resource.local_addr);
  const std::string local = endpointText(local_address, resource.local_port);
  if (resource.listening) return fmt::format("{} {} (listening)", protocol, local);
  const bool connected =
      resource.remote_port != 0 ||
      std::any_of(resource.remote_addr.begin(), resource.remote_addr.end(), [](uint8_t b) { return b != 0; });
  if (connected) {
    return fmt::format(
        "{} {} → {}", protocol, local,
        endpointText(addressText(resource.family, resource.remote_addr), resource.remote_port));
  }
  if (resource.local_port != 0) return fmt::format("{} {}", protocol, local);
  return fmt::format("{} socket", protocol);
}

std::string unixName(const Resource& resource, std::string_view path, std::string_view peer_path) {
  if (!path.empty()) {
    return fmt::format("unix:{}{}", displayPath(path), resource.listening ? " (listening)" : "");
  }
  if (!peer_path.empty()) return fmt::format("unix → {}", displayPath(peer_path));
  if (resource.peer_inode != 0) return fmt::format("unix:[{} ↔ {}]", resource.inode, resource.peer_inode);
  return fmt::format("unix:[{}]", resource.inode);
}

}  // namespace

std::string_view resourceKindName(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::unknown: return "unknown";
    case ResourceKind::file: return "file";
    case ResourceKind::dir: return "dir";
    case ResourceKind::symlink: return "symlink";
    case ResourceKind::block_device: return "block_device";
    case ResourceKind::device: return "device";
    case ResourceKind::tty: return "tty";
    case ResourceKind::socket: return "socket";
    case ResourceKind::unix_socket: return "unix";
    case ResourceKind::netlink: return "netlink";
    case ResourceKind::other_socket: return "other_socket";
    case ResourceKind::pipe: return "pipe";
    case ResourceKind::fifo: return "fifo";
    case ResourceKind::eventfd: return "eventfd";
    case ResourceKind::epoll: return "epoll";
    case ResourceKind::timerfd: return "timerfd";
    case ResourceKind::signalfd: return "signalfd";
    case ResourceKind::inotify: return "inotify";
    case ResourceKind::fanotify: return "fanotify";
    case ResourceKind::pidfd: return "pidfd";
    case ResourceKind::io_uring: return "io_uring";
    case ResourceKind::memfd: return "memfd";
    case ResourceKind::perf_event: return "perf_event";
    case ResourceKind::bpf: return "bpf";
    case ResourceKind::userfaultfd: return "userfaultfd";
    case ResourceKind::message_queue: return "message_queue";
    case ResourceKind::anon: return "anon";
    case ResourceKind::memory: return "memory";
  }
  return "unknown";
}

std::string_view protocolName(const Resource& resource) {
  switch (resource.kind) {
    case ResourceKind::socket:
      switch (resource.protocol) {
        case 1: return "ICMP";
        case 6: return "TCP";
        case 17: return "UDP";
        case 33: return "DCCP";
        case 58: return "ICMPv6";
        case 132: return "SCTP";
        case 136: return "UDPLITE";
        case 262: return "MPTCP";
        default: break;
      }
      if (resource.sock_type == kSockStream) return "TCP";
      if (resource.sock_type == kSockDgram) return "UDP";
      if (resource.sock_type == kSockRaw) return "RAW";
      return "IP";
    case ResourceKind::unix_socket:
      if (resource.sock_type == kSockStream) return "UNIX-STREAM";
      if (resource.sock_type == kSockDgram) return "UNIX-DGRAM";
      if (resource.sock_type == kSockSeqpacket) return "UNIX-SEQPACKET";
      return "UNIX";
    case ResourceKind::netlink: return "NETLINK";
    default: return "";
  }
}

std::string addressText(uint16_t family, const std::array<uint8_t, 16>& address) {
  if (family == kAfInet) return v4Text(address.data());
  if (family != kAfInet6) return "";
  return isMappedV4(address) ? v4Text(address.data() + 12) : v6Text(address);
}

std::string endpointText(std::string_view address, uint16_t port) {
  if (address.find(':') != std::string_view::npos) return fmt::format("[{}]:{}", address, port);
  return fmt::format("{}:{}", address, port);
}

std::string displayPath(std::string_view path) {
  if (path.empty() || path.front() != '\0') return std::string(path);
  std::string text(path);
  text.front() = '@';
  // Abstract names are bytes of any value; those padded with NULs are common.
  while (text.size() > 1 && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', '@');
  return text;
}

std::string resourceName(const Resource& resource, std::string_view path, std::string_view peer_path) {
  const std::string_view kind = resourceKindName(resource.kind);
  switch (resource.kind) {
    case ResourceKind::socket: return socketName(resource);
    case ResourceKind::unix_socket: return unixName(resource, path, peer_path);
    case ResourceKind::pipe: return fmt::format("pipe:[{}]", resource.inode);
    case ResourceKind::anon: {
      if (path.empty()) return "anon";
      return std::string(path);
    }
    case ResourceKind::file:
    case ResourceKind::dir:
    case ResourceKind::symlink:
    case ResourceKind::block_device:
    case ResourceKind::device:
    case ResourceKind::tty:
    case ResourceKind::fifo:
    case ResourceKind::memfd:
    case ResourceKind::message_queue:
    case ResourceKind::memory:
    case ResourceKind::unknown:
      if (!path.empty()) return displayPath(path);
      if (resource.inode == 0) return std::string(kind);
      return fmt::format("{} {}:{} inode {}", kind, resource.dev_major, resource.dev_minor, resource.inode);
    case ResourceKind::netlink:
    case ResourceKind::other_socket: return fmt::format("{} socket", kind == "netlink" ? kind : "other");
    case ResourceKind::eventfd:
    case ResourceKind::epoll:
    case ResourceKind::timerfd:
    case ResourceKind::signalfd:
    case ResourceKind::inotify:
    case ResourceKind::fanotify:
    case ResourceKind::pidfd:
    case ResourceKind::io_uring:
    case ResourceKind::perf_event:
    case ResourceKind::bpf:
    case ResourceKind::userfaultfd: return std::string(kind);
  }
  return std::string(kind);
}

}  // namespace tarry::analysis
