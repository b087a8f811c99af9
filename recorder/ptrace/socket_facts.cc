#include "recorder/ptrace/socket_facts.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "format/unique_fd.h"
#include "recorder/ptrace/proc_files.h"

namespace tarry::ptracing {

namespace {

constexpr int kPeerName = 28;  // SO_PEERNAME: as getpeername(2), and also while it connects (net/core/sock.c)
constexpr int kTcpListen = 10;  // include/net/tcp_states.h
constexpr size_t kNetFileMost = 16U << 20;

template <class Value>
Value option(int fd, int name, Value otherwise) {
  Value value{};
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : otherwise;
}

// Which side of the socket an address is of.
struct Side {
  uint8_t* address;
  uint16_t* port;
};
Side localSide(rec_socket& socket) {
  return {socket.local_addr, &socket.local_port};
}
Side remoteSide(rec_socket& socket) {
  return {socket.remote_addr, &socket.remote_port};
}

bool fill(Side side, const void* bytes, size_t size) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  sa_family_t family = AF_UNSPEC;
  if (size < sizeof family) return false;
  std::memcpy(&family, bytes, sizeof family);
  if (family == AF_INET && size >= sizeof four) {
    std::memcpy(&four, bytes, sizeof four);
    std::memcpy(side.address, &four.sin_addr, sizeof four.sin_addr);
    *side.port = ntohs(four.sin_port);
    return true;
  }
  constexpr size_t kOldSize = 24;  // RFC 2133: without the scope
  if (family == AF_INET6 && size >= kOldSize) {
    std::memcpy(&six, bytes, std::min(size, sizeof six));
    std::memcpy(side.address, &six.sin6_addr, sizeof six.sin6_addr);
    *side.port = ntohs(six.sin6_port);
    return true;
  }
  return false;
}

// sock_diag(7): the inode of a Unix socket's other end, 0 where it has none.
uint64_t unixPeer(uint64_t inode) {
  const UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd) return 0;
  struct {
    nlmsghdr head;
    unix_diag_req ask;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST;
  request.ask.sdiag_family = AF_UNIX;
  request.ask.udiag_states = ~0U;
  request.ask.udiag_ino = static_cast<uint32_t>(inode);
  request.ask.udiag_show = UDIAG_SHOW_PEER;
  request.ask.udiag_cookie[0] = request.ask.udiag_cookie[1] = ~0U;
  if (::send(fd.get(), &request, sizeof request, 0) < 0) return 0;
  alignas(nlmsghdr) char answer[4096];
  const ssize_t size = ::recv(fd.get(), answer, sizeof answer, MSG_DONTWAIT);
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(unix_diag_msg)))) return 0;
  const auto* head = reinterpret_cast<const nlmsghdr*>(answer);
  if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY || head->nlmsg_len > static_cast<size_t>(size)) return 0;
  // attributes follow the message: length and type, then the value, at multiples of 4 (netlink(7))
  size_t at = NLMSG_LENGTH(sizeof(unix_diag_msg));
  while (at + 4 <= head->nlmsg_len) {
    uint16_t length = 0, type = 0;
    std::memcpy(&length, answer + at, sizeof length);
    std::memcpy(&type, answer + at + 2, sizeof type);
    if (length < 4 || at + length > head->nlmsg_len) break;
    if (type == UNIX_DIAG_PEER && length >= 8) {
      uint32_t peer = 0;
      std::memcpy(&peer, answer + at + 4, sizeof peer);
      return peer;
    }
    at += (length + 3U) & ~3U;
  }
  return 0;
}

bool askSocket(int fd, uint64_t inode, SocketFacts& facts) {
  rec_socket& socket = facts.socket;
  const int family = option<int>(fd, SO_DOMAIN, -1);
  if (family < 0) return false;
  socket.family = static_cast<uint16_t>(family);
  socket.type = static_cast<uint16_t>(option<int>(fd, SO_TYPE, 0));
  socket.protocol = static_cast<uint16_t>(option<int>(fd, SO_PROTOCOL, 0));
  socket.listening = option<int>(fd, SO_ACCEPTCONN, 0) != 0;
  if (family == AF_UNIX) {
    sockaddr_un name{};
    socklen_t size = sizeof name;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0 && size > sizeof(sa_family_t)) {
      facts.name.assign(name.sun_path, std::min<size_t>(size - sizeof(sa_family_t), sizeof name.sun_path));
    }
    socket.peer_inode = unixPeer(inode);
    const ucred peer = option<ucred>(fd, SO_PEERCRED, ucred{0, 0, 0});
    socket.peer_pid = peer.pid;
    return true;
  }
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    fill(localSide(socket), &address, size);
  size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);  // no more than it has
  if (::getsockopt(fd, SOL_SOCKET, kPeerName, &address, &size) == 0) fill(remoteSide(socket), &address, size);
  return true;
}

// "0100007F:1F90", the words of the address as the machine has them (net/ipv4/tcp_ipv4.c)
void parseAddress(const std::string& text, Side side) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return;
  for (size_t word = 0; word + 8 <= colon && word < 32; word += 8) {
    const uint32_t value = static_cast<uint32_t>(std::strtoul(text.substr(word, 8).c_str(), nullptr, 16));
    std::memcpy(side.address + word / 2, &value, sizeof value);
  }
  *side.port = static_cast<uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 16));
}

struct NetFile {
  const char* name;
  uint16_t family, type, protocol;
};

// A line of /proc/PID/net/tcp and its like: sl local remote st tx:rx tr:when retrnsmt uid timeout inode
bool searchInternet(pid_t pid, const NetFile& file, uint64_t inode, SocketFacts& facts) {
  std::istringstream lines(readProc(pid, file.name, kNetFileMost));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout;
    uint64_t number = 0;
    words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> number;
    if (!words || number != inode) continue;
    facts.socket.family = file.family;
    facts.socket.type = file.type;
    facts.socket.protocol = file.protocol;
    facts.socket.listening =
        file.type == SOCK_STREAM && std::strtol(state.c_str(), nullptr, 16) == kTcpListen;
    parseAddress(local, localSide(facts.socket));
    parseAddress(remote, remoteSide(facts.socket));
    return true;
  }
  return false;
}

// Num RefCount Protocol Flags Type St Inode Path
bool searchUnix(pid_t pid, uint64_t inode, SocketFacts& facts) {
  std::istringstream lines(readProc(pid, "net/unix", kNetFileMost));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot, references, protocol, flags, type, state, name;
    uint64_t number = 0;
    words >> slot >> references >> protocol >> flags >> type >> state >> number;
    if (!words || number != inode) continue;
    constexpr long kAcceptsConnections = 0x10000;  // __SO_ACCEPTCON, include/uapi/linux/net.h
    words >> name;
    if (name.starts_with('@')) name[0] = '\0';
    facts.socket.family = AF_UNIX;
    facts.socket.type = static_cast<uint16_t>(std::strtol(type.c_str(), nullptr, 16));
    facts.socket.listening = (std::strtol(flags.c_str(), nullptr, 16) & kAcceptsConnections) != 0;
    facts.socket.peer_inode = unixPeer(inode);
    facts.name = name;
    return true;
  }
  return false;
}

bool searchProc(pid_t pid, uint64_t inode, SocketFacts& facts) {
  static constexpr std::array kFiles = {
      NetFile{"net/tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP},
      NetFile{"net/tcp6", AF_INET6, SOCK_STREAM, IPPROTO_TCP},
      NetFile{"net/udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
      NetFile{"net/udp6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
      NetFile{"net/raw", AF_INET, SOCK_RAW, 0},
      NetFile{"net/raw6", AF_INET6, SOCK_RAW, 0},
  };
  return searchUnix(pid, inode, facts) || std::any_of(kFiles.begin(), kFiles.end(), [&](const NetFile& file) {
           return searchInternet(pid, file, inode, facts);
         });
}

}  // namespace

bool findSocket(pid_t pid, int pidfd, int fd, uint64_t inode, SocketFacts& facts) {
  if (pidfd >= 0) {
    const UniqueFd lent(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, fd, 0)));
    if (lent) return askSocket(lent.get(), inode, facts);
  }
  return searchProc(pid, inode, facts);
}

bool askConnection(int pidfd, int fd, rec_socket_event& event) {
  const UniqueFd lent(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, fd, 0)));
  tcp_info info{};
  socklen_t size = sizeof info;  // of an older kernel's the rest stays 0
  if (!lent || ::getsockopt(lent.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  constexpr uint8_t kFinReceived[] = {6, 8, 9, 11};  // TIME_WAIT, CLOSE_WAIT, LAST_ACK, CLOSING
  const bool fin =
      std::find(std::begin(kFinReceived), std::end(kFinReceived), info.tcpi_state) != std::end(kFinReceived);
  event.kind = SOCKET_FACTS;
  event.has_facts = 1;
  auto& facts = event.facts;
  facts[FACT_SRTT_US] = info.tcpi_rtt;
  // no sample yet: ~0
  facts[FACT_MIN_RTT_US] = info.tcpi_min_rtt == ~0U ? 0 : info.tcpi_min_rtt;
  facts[FACT_RTT_VAR_US] = info.tcpi_rtt != 0 ? info.tcpi_rttvar : 0;
  facts[FACT_BYTES_SENT] = info.tcpi_bytes_sent + info.tcpi_notsent_bytes;
  facts[FACT_BYTES_ACKED] = info.tcpi_bytes_acked;
  // the kernel counts the peer's FIN as a byte
  facts[FACT_BYTES_RECEIVED] = info.tcpi_bytes_received - (fin && info.tcpi_bytes_received != 0 ? 1 : 0);
  facts[FACT_BYTES_RETRANS] = info.tcpi_bytes_retrans;
  facts[FACT_SEGS_OUT] = info.tcpi_segs_out;
  facts[FACT_SEGS_IN] = info.tcpi_segs_in;
  facts[FACT_DATA_SEGS_OUT] = info.tcpi_data_segs_out;
  facts[FACT_DATA_SEGS_IN] = info.tcpi_data_segs_in;
  facts[FACT_RETRANSMITS] = info.tcpi_total_retrans;
  facts[FACT_BUSY_US] = info.tcpi_busy_time;
  facts[FACT_RWND_LIMITED_US] = info.tcpi_rwnd_limited;
  facts[FACT_SNDBUF_LIMITED_US] = info.tcpi_sndbuf_limited;
  facts[FACT_CWND] = info.tcpi_snd_cwnd;
  facts[FACT_MSS] = info.tcpi_snd_mss;
  return true;
}

bool setRemote(rec_socket& socket, const void* address, size_t size) {
  return fill(remoteSide(socket), address, size);
}

bool hasRemote(const rec_socket& socket) {
  return socket.remote_port != 0 || std::any_of(std::begin(socket.remote_addr), std::end(socket.remote_addr),
                                                [](uint8_t b) { return b != 0; });
}

bool isInternet(const rec_socket& socket) {
  return socket.family == AF_INET || socket.family == AF_INET6;
}

}  // namespace tarry::ptracing
