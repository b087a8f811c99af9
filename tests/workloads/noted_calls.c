// Makes calls that can be told apart and notes each in a file, without a system call: what a recorder that
// was killed must have kept. usage: noted_calls MILLISECONDS FILE. Call i is lseek(-1, i, 77). The file is
// int64_t[]: the number of calls made, 1 once all is done, then for each the CLOCK_BOOTTIME after it.
// Exit status 7.
#include <fcntl.h>

#include "workload.h"

enum { MOST_CALLS = 1000000, HEAD = 2 };

int main(int argc, char** argv) {
  CHECK(argc > 2);
  const int64_t end_ns = now_ns() + atol(argv[1]) * MS;
  const int fd = open(argv[2], O_RDWR | O_CREAT, 0600);
  const size_t size = (HEAD + MOST_CALLS) * sizeof(int64_t);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
  int64_t* notes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(notes != MAP_FAILED);
  const struct timespec pause = {0, 100000};
  for (int64_t i = 0; i < MOST_CALLS && now_ns() < end_ns; i++) {
    CHECK(lseek(-1, i, 77) < 0);
    notes[HEAD + i] = now_ns();
    notes[0] = i + 1;
    if (i % 8 == 0) nanosleep(&pause, NULL);
  }
  notes[1] = 1;
  return 7;
}
