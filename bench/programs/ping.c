// Two processes on one CPU that hand a byte to and fro through two pipes: two switches and two wake-ups a
// round trip. usage: ping ROUNDS. Prints {"rounds": made, "ns": elapsed a round trip, "cpu_ns": CPU time of
// both}.
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void need(int ok, const char* what) {
  if (ok) return;
  perror(what);
  _exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t cpuOf(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
}

int main(int argc, char** argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 0;
  if (rounds <= 0) {
    fprintf(stderr, "usage: ping ROUNDS\n");
    return 2;
  }
  cpu_set_t allowed, one;
  need(!sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
    if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &one);
  need(!sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");

  int there[2], back[2];
  need(!pipe(there) && !pipe(back), "pipe");
  pid_t child = fork();
  need(child >= 0, "fork");
  char byte = 0;
  if (!child) {
    close(there[1]);
    while (read(there[0], &byte, 1) == 1) need(write(back[1], &byte, 1) == 1, "write");
    _exit(0);
  }
  close(there[0]);
  for (int i = 0; i < 100; i++)
    need(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "warm up");
  int64_t begin = now(), cpu = cpuOf(RUSAGE_SELF);
  for (long i = 0; i < rounds; i++)
    need(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "round trip");
  int64_t elapsed = now() - begin;
  close(there[1]);
  waitpid(child, NULL, 0);
  cpu = cpuOf(RUSAGE_SELF) + cpuOf(RUSAGE_CHILDREN) - cpu;
  printf("{\"rounds\": %ld, \"ns\": %.2f, \"cpu_ns\": %.2f}\n", rounds, (double)elapsed / (double)rounds,
         (double)cpu / (double)rounds);
  return 0;
}
