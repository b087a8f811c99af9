// Runs a command while programs that do nothing are attached (floor.bpf.c).
// usage: floor calls|switches CMD…; exit status of CMD.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor.skel.h"

int main(int argc, char** argv) {
  bool calls = argc > 2 && !strcmp(argv[1], "calls");
  if (argc < 3 || (!calls && strcmp(argv[1], "switches") != 0)) {
    fprintf(stderr, "usage: floor calls|switches CMD...\n");
    return 2;
  }
  struct floor_bpf* programs = floor_bpf__open();
  if (!programs) {
    perror("floor: open");
    return 1;
  }
  bpf_program__set_autoload(programs->progs.enter, calls);
  bpf_program__set_autoload(programs->progs.leave, calls);
  bpf_program__set_autoload(programs->progs.switched, !calls);
  bpf_program__set_autoload(programs->progs.waking, !calls);
  if (floor_bpf__load(programs) || floor_bpf__attach(programs)) {
    perror("floor: attach");
    floor_bpf__destroy(programs);
    return 1;
  }
  int status = 1 << 8;
  pid_t command = fork();
  if (!command) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  waitpid(command, &status, 0);
  floor_bpf__destroy(programs);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
