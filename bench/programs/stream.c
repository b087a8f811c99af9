/* stream BYTES: sends so much through one loopback connection to a process of its own, 64 KiB a call, and
 * prints as JSON how long it took until the other end had all of it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 16];

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static long long now_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void receive(int listener) {
  int peer = accept(listener, NULL, NULL);
  ssize_t got;

  if (peer < 0) fail("accept");
  while ((got = recv(peer, buffer, sizeof(buffer), 0)) > 0)
    ;
  if (got < 0 || send(peer, buffer, 1, 0) != 1) fail("receive");
  _exit(0);
}

int main(int argc, char** argv) {
  long long left = argc == 2 ? atoll(argv[1]) : 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(address);
  int listener = socket(AF_INET, SOCK_STREAM, 0), peer = socket(AF_INET, SOCK_STREAM, 0);

  if (left <= 0) {
    fprintf(stderr, "usage: stream BYTES\n");
    return 2;
  }
  if (bind(listener, (struct sockaddr*)&address, length) || listen(listener, 1) ||
      getsockname(listener, (struct sockaddr*)&address, &length))
    fail("listen");
  pid_t child = fork();

  if (child < 0) fail("fork");
  if (child == 0) receive(listener);
  if (connect(peer, (struct sockaddr*)&address, length)) fail("connect");
  long long begin = now_ns();

  while (left > 0) {
    ssize_t sent = send(peer, buffer, left < (long long)sizeof(buffer) ? (size_t)left : sizeof(buffer), 0);

    if (sent <= 0) fail("send");
    left -= sent;
  }
  shutdown(peer, SHUT_WR);
  if (recv(peer, buffer, 1, 0) != 1) fail("recv");
  printf("{\"ns\": %lld}\n", now_ns() - begin);
  waitpid(child, NULL, 0);
  return 0;
}
