// Many files that are used once, while two reads of pipes that began before them go on: one that ends
// after them, one that the end of the process breaks off.
// usage: many_files DIRECTORY COUNT. Facts: {"fact": "ends" | "stays", "tid", "inode" of the pipe},
// {"fact": "files", "count"}.
#include <fcntl.h>
#include <sys/stat.h>

#include "workload.h"

struct pipe_end {
  const char* name;
  int fds[2];
};

static void* reader(void* argument) {
  struct pipe_end* end = argument;
  struct stat status;
  char byte;
  CHECK(fstat(end->fds[0], &status) == 0);
  fact("\"fact\": \"%s\", \"tid\": %d, \"inode\": %llu", end->name, my_tid(),
       (unsigned long long)status.st_ino);
  CHECK(read(end->fds[0], &byte, 1) == 1);
  return NULL;
}

int main(int argc, char** argv) {
  struct pipe_end ends = {"ends", {-1, -1}}, stays = {"stays", {-1, -1}};
  if (argc != 3) return 2;
  const long count = atol(argv[2]);
  CHECK(pipe(ends.fds) == 0 && pipe(stays.fds) == 0);
  pthread_t first = start_thread(reader, &ends);
  start_thread(reader, &stays);
  nap_ms(NAP_MS);
  CHECK(chdir(argv[1]) == 0);
  for (long i = 0; i < count; i++) {
    char name[40];
    snprintf(name, sizeof name, "file_%ld", i);
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    CHECK(fd >= 0);
    close(fd);
    unlink(name);
  }
  CHECK(write(ends.fds[1], "x", 1) == 1);
  pthread_join(first, NULL);
  fact("\"fact\": \"files\", \"count\": %ld", count);
  print_notes();
  _exit(0);
}
