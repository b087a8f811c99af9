// Runs a command while the programs of floor.bpf.c are attached.
// usage: floor calls|clock|state|record|switches CMD…; exit status of CMD.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "floor.h"
#include "floor.skel.h"

static const char* const kSteps[] = {
    [kFloorNothing] = "calls", [kFloorClock] = "clock", [kFloorState] = "state", [kFloorRecord] = "record"};
enum { kStepCount = sizeof kSteps / sizeof *kSteps };

static int stepsOf(const char* name) {
  for (int i = 0; i < kStepCount; i++)
    if (!strcmp(name, kSteps[i])) return i;
  return -1;
}

static int skip(void* context, void* data, size_t size) {
  (void)context, (void)data, (void)size;
  return 0;
}

// The command's wait status. Its records are thrown away as they come, so that there is always room.
static int await(pid_t command, struct ring_buffer* records) {
  int status = 0;
  while (waitpid(command, &status, WNOHANG) == 0) {
    ring_buffer__consume(records);
    nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
  }
  return status;
}

int main(int argc, char** argv) {
  int steps = argc > 2 ? stepsOf(argv[1]) : -1;
  bool calls = steps >= 0;
  if (argc < 3 || (!calls && strcmp(argv[1], "switches") != 0)) {
    fprintf(stderr, "usage: floor calls|clock|state|record|switches CMD...\n");
    return 2;
  }
  struct floor_bpf* programs = floor_bpf__open();
  if (!programs) {
    perror("floor: open");
    return 1;
  }
  if (calls) programs->rodata->steps = steps;
  bpf_program__set_autoload(programs->progs.enter, calls);
  bpf_program__set_autoload(programs->progs.leave, calls);
  bpf_program__set_autoload(programs->progs.switched, !calls);
  bpf_program__set_autoload(programs->progs.waking, !calls);
  struct ring_buffer* records = NULL;
  if (!floor_bpf__load(programs))
    records = ring_buffer__new(bpf_map__fd(programs->maps.ring), skip, NULL, NULL);
  if (!records || floor_bpf__attach(programs)) {
    perror("floor: attach");
    floor_bpf__destroy(programs);
    return 1;
  }
  pid_t command = fork();
  if (!command) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status = command < 0 ? 1 << 8 : await(command, records);
  ring_buffer__free(records);
  floor_bpf__destroy(programs);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
