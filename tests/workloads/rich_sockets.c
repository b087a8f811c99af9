// Socket, message and polling calls whose arguments are structures, each about once, for the
// comparison of `show` with strace's text. Results do not matter, the decoded arguments do.
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "workload.h"

static void with_addresses(void) {
  char buffer[256];
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), on = 1;
  CHECK(listener >= 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  CHECK(bind(listener, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(listen(listener, 5) == 0);
  length = sizeof address;
  CHECK(getsockname(listener, (struct sockaddr*)&address, &length) == 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr*)&address, sizeof address) == 0);
  length = sizeof peer;
  int server = accept4(listener, (struct sockaddr*)&peer, &length, SOCK_NONBLOCK);
  CHECK(server >= 0);
  length = sizeof peer;
  getpeername(client, (struct sockaddr*)&peer, &length);
  accept(client, NULL, NULL);
  struct linger linger = {1, 5};
  struct timeval timeout = {2, 500000};
  setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(client, IPPROTO_IP, IP_TOS, &on, sizeof on);
  length = sizeof on;
  getsockopt(client, SOL_SOCKET, SO_ERROR, &on, &length);
  length = sizeof on;
  getsockopt(client, SOL_SOCKET, SO_TYPE, &on, &length);
  length = sizeof linger;
  getsockopt(client, SOL_SOCKET, SO_LINGER, &linger, &length);
  length = sizeof timeout;
  getsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, &length);
  send(client, "GET / HTTP/1.0\r\nHost: somewhere\r\n\r\n", 35, MSG_NOSIGNAL);
  struct pollfd ready = {server, POLLIN, 0};
  poll(&ready, 1, 1000);
  int pending = 0;
  ioctl(server, FIONREAD, &pending);
  recv(server, buffer, 10, MSG_PEEK);
  recv(server, buffer, sizeof buffer, 0);
  recv(server, buffer, sizeof buffer, MSG_DONTWAIT);
  shutdown(client, SHUT_WR);

  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons(9)};
  int datagrams = socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP);
  sendto(datagrams, "datagram", 8, MSG_DONTWAIT, (struct sockaddr*)&six, sizeof six);
  connect(datagrams, (struct sockaddr*)&six, sizeof six);

  struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(bind(in, (struct sockaddr*)&any, sizeof any) == 0);
  length = sizeof any;
  CHECK(getsockname(in, (struct sockaddr*)&any, &length) == 0);
  sendto(out, "to you", 6, 0, (struct sockaddr*)&any, sizeof any);
  length = sizeof peer;
  recvfrom(in, buffer, sizeof buffer, 0, (struct sockaddr*)&peer, &length);
  struct iovec vectors[2] = {{(char*)"one ", 4}, {(char*)"two", 3}};
  struct mmsghdr several[2] = {
      {.msg_hdr = {&any, sizeof any, vectors, 2, NULL, 0, 0}},
      {.msg_hdr = {&any, sizeof any, vectors + 1, 1, NULL, 0, 0}},
  };
  sendmmsg(out, several, 2, 0);
  char first[20], second[20];
  struct sockaddr_in from[2];
  struct iovec into[2] = {{first, sizeof first}, {second, sizeof second}};
  struct mmsghdr received[2] = {
      {.msg_hdr = {from, sizeof from[0], into, 1, NULL, 0, 0}},
      {.msg_hdr = {from + 1, sizeof from[1], into + 1, 1, NULL, 0, 0}},
  };
  struct timespec patience = {1, 0};
  recvmmsg(in, received, 2, 0, &patience);
  recvmmsg(in, received, 2, MSG_DONTWAIT, NULL);

  struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "rich.socket"};
  struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0rich.abstract"};
  int named = socket(AF_UNIX, SOCK_STREAM, 0), hidden = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(named, (struct sockaddr*)&path, sizeof path);
  bind(hidden, (struct sockaddr*)&abstract, sizeof(sa_family_t) + 14);
  length = sizeof peer;
  getsockname(named, (struct sockaddr*)&peer, &length);
  unlink("rich.socket");
  path.sun_path[0] = '/';
  connect(named, (struct sockaddr*)&path, sizeof path);

  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  bind(netlink, (struct sockaddr*)&kernel, sizeof kernel);
  length = sizeof kernel;
  getsockname(netlink, (struct sockaddr*)&kernel, &length);
  setsockopt(netlink, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
}

static void with_messages(void) {
  int pair[2], on = 1;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  char control[CMSG_SPACE(2 * sizeof(int))], name[100], data[20];
  struct iovec vector = {(char*)"with two fds", 12};
  struct msghdr message = {NULL, 0, &vector, 1, control, sizeof control, 0};
  struct cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(2 * sizeof(int));
  memcpy(CMSG_DATA(head), (int[]){0, 1}, 2 * sizeof(int));
  sendmsg(pair[0], &message, 0);
  char ancillary[200];
  struct iovec into[2] = {{data, 5}, {data + 5, 15}};
  struct msghdr received = {name, sizeof name, into, 2, ancillary, sizeof ancillary, 0};
  struct iovec nothing = {NULL, 0};
  struct msghdr peek = {NULL, 0, &nothing, 1, NULL, 0, 0};
  recvmsg(pair[1], &peek, MSG_PEEK | MSG_TRUNC);
  recvmsg(pair[1], &received, MSG_CMSG_CLOEXEC);
  recvmsg(pair[1], &received, MSG_DONTWAIT);
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &credentials, &length);
}

static void with_polling(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  struct pollfd fds[3] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 0}};
  struct timespec t = {0, 2000000};
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGINT);
  poll(fds, 1, 1);
  poll(fds, 3, -1);
  ppoll(fds, 1, &t, &mask);
  ppoll(fds, 3, &t, NULL);
  poll(NULL, 0, 1);
  fd_set read_set, write_set;
  FD_ZERO(&read_set);
  FD_ZERO(&write_set);
  FD_SET(ends[0], &read_set);
  FD_SET(ends[1], &write_set);
  struct timeval tv = {1, 0};
  syscall(SYS_select, ends[1] + 1, &read_set, &write_set, NULL, &tv);
  FD_SET(ends[0], &read_set);
  tv = (struct timeval){0, 1000};
  syscall(SYS_select, ends[0] + 1, &read_set, NULL, NULL, &tv);
  FD_SET(ends[0], &read_set);
  FD_SET(ends[1], &write_set);
  t = (struct timespec){1, 0};
  pselect(ends[1] + 1, &read_set, &write_set, NULL, &t, &mask);
  t = (struct timespec){0, 1000};
  pselect(0, NULL, NULL, NULL, &t, NULL);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLOUT | EPOLLET, {.fd = ends[1]}}, events[4];
  epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event);
  epoll_wait(epoll, events, 4, 100);
  epoll_pwait(epoll, events, 4, 1, &mask);
  syscall(SYS_epoll_pwait2, epoll, events, 4, &t, &mask, 8);
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_MOD, ends[1], &event);
  epoll_ctl(epoll, EPOLL_CTL_DEL, ends[1], NULL);
}

static void with_ipc(void) {
  int shared = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  void* memory = shmat(shared, NULL, 0);
  struct shmid_ds state;
  shmctl(shared, IPC_STAT, &state);
  shmdt(memory);
  shmctl(shared, IPC_RMID, NULL);
  int semaphores = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
  struct sembuf steps[2] = {{0, 1, 0}, {1, 2, SEM_UNDO}};
  semop(semaphores, steps, 2);
  steps[0].sem_op = -1;
  struct timespec t = {1, 0};
  semtimedop(semaphores, steps, 1, &t);
  semctl(semaphores, 0, IPC_RMID);
  int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  struct {
    long type;
    char text[16];
  } message = {5, "a message"};
  msgsnd(queue, &message, 10, IPC_NOWAIT);
  msgrcv(queue, &message, 16, 0, MSG_NOERROR);
  msgctl(queue, IPC_RMID, NULL);
  struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 64};
  mqd_t posix = mq_open("/tarry-rich", O_RDWR | O_CREAT, 0600, &attributes);
  if (posix >= 0) {
    char text[64];
    unsigned priority;
    mq_send(posix, "queued", 6, 3);
    mq_getattr(posix, &attributes);
    mq_receive(posix, text, sizeof text, &priority);
    mq_unlink("/tarry-rich");
  }
  int watch = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(watch, "/tmp", IN_CREATE | IN_MOVED_TO);
}

int main(void) {
  with_addresses();
  with_messages();
  with_polling();
  with_ipc();
}
