// Many short processes, one after the other; child i exits with i % 200. usage: forks COUNT FILE. Writes a
// line "PID STATUS" a child into FILE.
#include "workload.h"

int main(int argc, char** argv) {
  CHECK(argc > 2);
  const int count = atoi(argv[1]);
  FILE* file = fopen(argv[2], "w");
  CHECK(file != NULL);
  for (int i = 0; i < count; i++) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) _exit(i % 200);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    fprintf(file, "%d %d\n", (int)child, WEXITSTATUS(status));
  }
  CHECK(fclose(file) == 0);
  return 0;
}
