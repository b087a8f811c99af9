// Runs a command and writes what it took, itself and its descendants, without what a recorder around
// it needs to start and to finish.
// usage: timed FILE CMD…; FILE gets {"ns": elapsed, "cpu_ns": CPU time}; exit status of CMD.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t ns(struct timeval t) {
  return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: timed FILE CMD...\n");
    return 2;
  }
  int64_t begin = now();
  pid_t command = fork();
  if (!command) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status = 1;
  struct rusage usage;
  if (command < 0 || wait4(command, &status, 0, &usage) != command) {
    perror("timed");
    return 1;
  }
  int64_t elapsed = now() - begin;
  FILE* file = fopen(argv[1], "w");
  if (!file) {
    perror(argv[1]);
    return 1;
  }
  fprintf(file, "{\"ns\": %ld, \"cpu_ns\": %ld}\n", (long)elapsed,
          (long)(ns(usage.ru_utime) + ns(usage.ru_stime)));
  if (fclose(file)) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
