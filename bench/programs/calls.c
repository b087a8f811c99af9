// Makes system calls of one kind and says what each cost.
// usage: calls KIND COUNT [THREADS]; KIND is one of those below. Prints one JSON object:
//   {"calls": made, "ns": elapsed a call, "cpu_ns": CPU time a call}
// With several threads each makes COUNT calls, and both times are those of a call of one thread.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int zero_fd, null_fd, event_fd;
static char buffer[4096];

static void need(long result, const char* what) {
  if (result >= 0) return;
  fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
  exit(1);
}

// Each cycle returns the number of calls it made.
static long plain(void) {
  return syscall(SYS_getppid) > 0 ? 1 : 1;
}

static long readWrite(void) {
  need(read(zero_fd, buffer, 64), "read");
  need(write(null_fd, buffer, 64), "write");
  return 2;
}

static long path(void) {
  struct stat st;
  need(stat("/usr/bin/env", &st), "stat");
  return 1;
}

static long openClose(void) {
  int fd = open("/usr/bin/env", O_RDONLY);
  need(fd, "open");
  close(fd);
  return 2;
}

static long pollReady(void) {
  struct pollfd fds[] = {{.fd = event_fd, .events = POLLIN}, {.fd = null_fd, .events = POLLOUT}};
  need(poll(fds, 2, 1000), "poll");
  return 1;
}

// What an everyday program does: files looked up in vain, opened and read, things polled and written.
static long mixed(void) {
  struct stat st;
  stat("/usr/lib/missing/libexample.so", &st);
  int fd = open("/usr/bin/env", O_RDONLY);
  need(fd, "open");
  need(fstat(fd, &st), "fstat");
  need(read(fd, buffer, sizeof buffer), "read");
  need(lseek(fd, 0, SEEK_SET), "lseek");
  need(read(fd, buffer, 832), "read");
  close(fd);
  pollReady();
  need(write(null_fd, buffer, 64), "write");
  syscall(SYS_getppid);
  return 10;
}

static const struct {
  const char* name;
  long (*cycle)(void);
} kKinds[] = {{"plain", plain},    {"rw", readWrite},   {"path", path},
              {"open", openClose}, {"poll", pollReady}, {"mixed", mixed}};

static int64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

enum { kMostThreads = 64 };

static long (*cycle)(void);
static long count;

static void* makeCalls(void* made) {
  while (*(long*)made < count) *(long*)made += cycle();
  return NULL;
}

int main(int argc, char** argv) {
  count = argc > 2 ? atol(argv[2]) : 0;
  const int threads = argc > 3 ? atoi(argv[3]) : 1;
  for (size_t i = 0; argc > 1 && i < sizeof kKinds / sizeof *kKinds; i++)
    if (!strcmp(argv[1], kKinds[i].name)) cycle = kKinds[i].cycle;
  if (!cycle || count <= 0 || threads < 1 || threads > kMostThreads) {
    fprintf(stderr, "usage: calls plain|rw|path|open|poll|mixed COUNT [THREADS]\n");
    return 2;
  }
  need(zero_fd = open("/dev/zero", O_RDONLY), "/dev/zero");
  need(null_fd = open("/dev/null", O_WRONLY), "/dev/null");
  need(event_fd = eventfd(1, 0), "eventfd");
  for (long i = 0; i < 1000 && i < count; i++) cycle();  // warm
  long made[kMostThreads] = {0};
  pthread_t others[kMostThreads];
  int64_t begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 1; i < threads; i++)
    need(-pthread_create(&others[i], NULL, makeCalls, &made[i]), "pthread_create");
  makeCalls(&made[0]);
  for (int i = 1; i < threads; i++) pthread_join(others[i], NULL);
  cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  int64_t elapsed = now(CLOCK_MONOTONIC) - begin;
  printf("{\"calls\": %ld, \"ns\": %.2f, \"cpu_ns\": %.2f}\n", made[0] * threads,
         (double)elapsed / (double)made[0], (double)cpu / (double)made[0] / threads);
  return 0;
}
