// Runs a command beside COUNT processes that sleep until it has ended.
// usage: sleepers COUNT CMD…; exit status of CMD.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(int ok, const char* what) {
  if (ok) return;
  perror(what);
  exit(1);
}

int main(int argc, char** argv) {
  long count = argc > 2 ? atol(argv[1]) : -1;
  if (count < 0) {
    fprintf(stderr, "usage: sleepers COUNT CMD...\n");
    return 2;
  }
  int gate[2], ready[2];
  need(!pipe(gate) && !pipe(ready), "pipe");
  char byte = 0;
  for (long i = 0; i < count; i++) {
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child) continue;
    close(gate[1]);
    need(write(ready[1], &byte, 1) == 1, "write");
    need(read(gate[0], &byte, 1) == 0, "read");  // ends when the last writer closes
    _exit(0);
  }
  for (long i = 0; i < count; i++) need(read(ready[0], &byte, 1) == 1, "read");
  pid_t command = fork();
  need(command >= 0, "fork");
  if (!command) {
    close(gate[1]);
    execvp(argv[2], argv + 2);
    need(0, argv[2]);
  }
  int status = 0;
  need(waitpid(command, &status, 0) == command, "waitpid");
  close(gate[1]);
  while (wait(NULL) > 0) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
