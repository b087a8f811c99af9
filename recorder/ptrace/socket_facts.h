// What a socket of another process is: family, addresses, peer. Asked of the socket itself, which
// pidfd_getfd(2) lends for a moment; where that is not allowed (containers), of /proc/PID/net.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "recorder/records.h"

namespace tarry::ptracing {

struct SocketFacts {
  rec_socket socket{};
  std::string name;  // of a Unix socket; an abstract one begins with NUL
};

// pidfd: of the process, or -1. False: nothing could be found out.
bool findSocket(pid_t pid, int pidfd, int fd, uint64_t inode, SocketFacts& facts);

// What the kernel has counted of a TCP connection (TCP_INFO, tcp(7)), as SOCKET_FACTS. Bytes that are still
// to be sent count as sent. False: it cannot be asked.
bool askConnection(int pidfd, int fd, rec_socket_event& event);

// The address in a sockaddr that a call was given, as the remote one. False: not of the internet.
bool setRemote(rec_socket& socket, const void* address, size_t size);
bool hasRemote(const rec_socket& socket);
bool isInternet(const rec_socket& socket);

}  // namespace tarry::ptracing
