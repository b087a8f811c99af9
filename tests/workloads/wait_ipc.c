// Waits for another process or thread: pipe, FIFO, Unix sockets, eventfd, signalfd, message queue.
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "workload.h"

static struct expected_wait* expect_ipc(const char* label, const char* call, const char* resource_kind) {
  struct expected_wait* w = expect(label, "ipc", call);
  w->resource_kind = resource_kind;
  w->context = "thread";
  return w;
}

static void end_child(pid_t child) {
  CHECK(waitpid(child, NULL, 0) == child);
}

static void read_pipe(void) {
  int fds[2];
  char byte;
  CHECK(pipe(fds) == 0);
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    CHECK(write(fds[1], "x", 1) == 1);
    _exit(0);
  }
  struct expected_wait* w = expect_ipc("pipe read", "read", "pipe");
  w->waker_tid = child;
  CHECK(read(fds[0], &byte, 1) == 1);
  done(w);
  end_child(child);
  close(fds[0]);
  close(fds[1]);
}

// The end of file is what ends the wait: the child exits and so closes its end.
static void read_pipe_to_its_end(void) {
  int fds[2];
  char byte;
  CHECK(pipe(fds) == 0);
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    _exit(0);
  }
  close(fds[1]);
  struct expected_wait* w = expect_ipc("pipe read until closed", "read", "pipe");
  w->waker_tid = child;
  CHECK(read(fds[0], &byte, 1) == 0);
  done(w);
  end_child(child);
  close(fds[0]);
}

static void write_full_pipe(void) {
  int fds[2];
  static char block[1 << 16];
  CHECK(pipe(fds) == 0);
  CHECK(write(fds[1], block, sizeof block) == sizeof block);
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    CHECK(read(fds[0], block, sizeof block) > 0);
    _exit(0);
  }
  struct expected_wait* w = expect_ipc("write into a full pipe", "write", "pipe");
  w->waker_tid = child;
  CHECK(write(fds[1], block, 4096) == 4096);
  done(w);
  end_child(child);
  close(fds[0]);
  close(fds[1]);
}

static void open_fifo(void) {
  char path[] = "/tmp/tarry-fifo.XXXXXX";
  CHECK(mkdtemp(path));
  char fifo[64];
  snprintf(fifo, sizeof fifo, "%s/fifo", path);
  CHECK(mkfifo(fifo, 0600) == 0);
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    int fd = open(fifo, O_WRONLY);
    nap_ms(NAP_MS + 20);
    CHECK(write(fd, "x", 1) == 1);
    _exit(0);
  }
  struct expected_wait* w = expect_ipc("open of a FIFO", "openat", "");
  w->waker_tid = child;
  int fd = open(fifo, O_RDONLY);
  done(w);
  char byte;
  w = expect_ipc("FIFO read", "read", "fifo");
  snprintf(w->resource, sizeof w->resource, "%s", fifo);
  w->waker_tid = child;
  CHECK(read(fd, &byte, 1) == 1);
  done(w);
  close(fd);
  end_child(child);
  unlink(fifo);
  rmdir(path);
}

// A client asks over a Unix socket and waits for the answer; the server has been idle before.
static void talk_over_unix_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/tmp/tarry-unix.%d", getpid());
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(listener, (struct sockaddr*)&address, sizeof address) == 0);
  CHECK(listen(listener, 5) == 0);
  char text[16];
  pid_t client_pid = getpid();
  pid_t server = fork();
  if (server == 0) {
    struct expected_wait* w = expect_ipc("accept on a Unix socket", "accept", "unix");
    w->role = "idle";
    w->waker_tid = client_pid;
    int fd = accept(listener, NULL, NULL);
    done(w);
    w = expect_ipc("Unix server before the question", "read", "unix");
    w->role = "idle";
    w->waker_tid = client_pid;
    CHECK(read(fd, text, sizeof text) == 8);
    done(w);
    nap_ms(NAP_MS + 20);
    CHECK(write(fd, "answer", 6) == 6);
    _exit(0);
  }
  nap_ms(NAP_MS + 20);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(fd, (struct sockaddr*)&address, sizeof address) == 0);
  nap_ms(NAP_MS + 20);
  CHECK(write(fd, "question", 8) == 8);
  struct expected_wait* w = expect_ipc("answer over a Unix socket", "read", "unix");
  w->role = "answer";
  w->waker_tid = server;
  CHECK(read(fd, text, sizeof text) == 6);
  done(w);
  end_child(server);
  close(fd);
  close(listener);
  unlink(address.sun_path);
}

static int event_fd;
static _Atomic pid_t event_writer;

static void* write_event(void* unused) {
  (void)unused;
  event_writer = my_tid();
  nap_ms(NAP_MS + 20);
  CHECK(eventfd_write(event_fd, 1) == 0);
  return NULL;
}

static void read_eventfd(void) {
  eventfd_t value;
  event_fd = eventfd(0, 0);
  pthread_t thread = start_thread(write_event, NULL);
  struct expected_wait* w = expect_ipc("eventfd read", "read", "eventfd");
  CHECK(eventfd_read(event_fd, &value) == 0);
  done(w);
  w->waker_tid = event_writer;
  pthread_join(thread, NULL);
  close(event_fd);
}

static void read_signalfd(void) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
  int fd = signalfd(-1, &set, 0);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    kill(parent, SIGUSR1);
    _exit(0);
  }
  struct signalfd_siginfo info;
  struct expected_wait* w = expect_ipc("signalfd read", "read", "signalfd");
  w->waker_tid = child;
  CHECK(read(fd, &info, sizeof info) == sizeof info);
  done(w);
  end_child(child);
  close(fd);
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void receive_message(void) {
  char name[32];
  snprintf(name, sizeof name, "/tarry.%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
  mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
  if (queue < 0) return;  // kernel without message queues
  pid_t child = fork();
  if (child == 0) {
    nap_ms(NAP_MS + 20);
    CHECK(mq_send(queue, "x", 1, 0) == 0);
    _exit(0);
  }
  char text[16];
  struct expected_wait* w = expect_ipc("message queue", "mq_timedreceive", "");
  w->waker_tid = child;
  CHECK(mq_receive(queue, text, sizeof text, NULL) == 1);
  done(w);
  end_child(child);
  mq_close(queue);
  mq_unlink(name);
}

int main(void) {
  read_pipe();
  read_pipe_to_its_end();
  write_full_pipe();
  open_fifo();
  talk_over_unix_socket();
  read_eventfd();
  read_signalfd();
  receive_message();
  print_notes();
}
