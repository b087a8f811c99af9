// TCP over loopback, 127.0.0.1: a server that is idle, then slow; a client that waits for answers, directly
// and in poll and epoll_wait; and a UDP question.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "workload.h"

static struct sockaddr_in address = {.sin_family = AF_INET};
static char text[64];

static struct expected_wait* expect_network(const char* label, const char* call, const char* role) {
  struct expected_wait* w = expect(label, "network", call);
  w->resource_kind = "socket";
  snprintf(w->resource, sizeof w->resource, "127.0.0.1:%d", ntohs(address.sin_port));
  w->role = role;
  return w;
}

static void serve(int listener) {
  struct expected_wait* w = expect_network("accept", "accept", "idle");
  int fd = accept(listener, NULL, NULL);
  done(w);
  CHECK(fd >= 0);
  for (int i = 0; i < 3; i++) {
    w = expect_network("server before the question", "recvfrom", "idle");
    CHECK(recv(fd, text, sizeof text, 0) == 8);
    done(w);
    nap_ms(NAP_MS + 20);
    CHECK(send(fd, "answer", 6, 0) == 6);
  }
  _exit(0);
}

// Connected by the kernel, but nobody accepts: no answer comes in time.
static void give_up(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  // A port of servers: at level waits nothing else says who is the client.
  for (int port = 20000 + getpid() % 10000;; port++) {
    address.sin_port = htons(port);
    if (bind(listener, (struct sockaddr*)&address, sizeof address) == 0) break;
    CHECK(errno == EADDRINUSE && port < 32000);
  }
  CHECK(listen(listener, 5) == 0);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(fd, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(send(fd, "question", 8, 0) == 8);

  struct pollfd polled[2] = {{.fd = eventfd(0, 0), .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  struct expected_wait* w = expect_network("no answer in poll", "poll", "answer");
  w->context = "timer";
  CHECK(poll(polled, 2, NAP_MS) == 0);
  done(w);

  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  struct timeval time_out = {0, NAP_MS * 1000};
  w = expect_network("no answer in select", "select", "answer");
  w->context = "timer";
  CHECK(syscall(SYS_select, fd + 1, &set, NULL, NULL, &time_out) == 0);
  done(w);
  close(fd);
  close(listener);
}

static void ask_over_tcp(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof address;
  CHECK(bind(listener, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(listen(listener, 5) == 0);
  CHECK(getsockname(listener, (struct sockaddr*)&address, &length) == 0);
  pid_t server = fork();
  if (server == 0) serve(listener);
  close(listener);

  nap_ms(NAP_MS + 20);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(fd, (struct sockaddr*)&address, sizeof address) == 0);

  nap_ms(NAP_MS + 20);
  CHECK(send(fd, "question", 8, 0) == 8);
  struct expected_wait* w = expect_network("answer", "recvfrom", "answer");
  CHECK(recv(fd, text, sizeof text, 0) == 6);
  done(w);

  nap_ms(NAP_MS + 20);
  CHECK(send(fd, "question", 8, 0) == 8);
  struct pollfd polled = {.fd = fd, .events = POLLIN};
  w = expect_network("answer in poll", "poll", "answer");
  CHECK(poll(&polled, 1, 5000) == 1);
  done(w);
  CHECK(recv(fd, text, sizeof text, 0) == 6);

  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = &polled};
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  nap_ms(NAP_MS + 20);
  CHECK(send(fd, "question", 8, 0) == 8);
  w = expect_network("answer in epoll_wait", "epoll_wait", "answer");
  CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
  done(w);
  CHECK(recv(fd, text, sizeof text, 0) == 6);
  close(epoll);
  close(fd);
  CHECK(waitpid(server, NULL, 0) == server);
}

static void ask_over_udp(void) {
  int server_fd = socket(AF_INET, SOCK_DGRAM, 0);
  socklen_t length = sizeof address;
  address.sin_port = 0;
  CHECK(bind(server_fd, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(getsockname(server_fd, (struct sockaddr*)&address, &length) == 0);
  pid_t server = fork();
  if (server == 0) {
    struct sockaddr_in from;
    socklen_t from_length = sizeof from;
    CHECK(recvfrom(server_fd, text, sizeof text, 0, (struct sockaddr*)&from, &from_length) == 8);
    nap_ms(NAP_MS + 20);
    CHECK(sendto(server_fd, "answer", 6, 0, (struct sockaddr*)&from, from_length) == 6);
    _exit(0);
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(connect(fd, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(send(fd, "question", 8, 0) == 8);
  struct expected_wait* w = expect_network("answer over UDP", "recvfrom", "answer");
  CHECK(recv(fd, text, sizeof text, 0) == 6);
  done(w);
  close(fd);
  close(server_fd);
  CHECK(waitpid(server, NULL, 0) == server);
}

int main(void) {
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ask_over_tcp();
  ask_over_udp();
  give_up();
  print_notes();
}
