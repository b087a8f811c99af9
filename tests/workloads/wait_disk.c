// The disk: a cold read, page faults on a cold mapping, fsync. How long each takes is the disk's
// business: only that it waited, and for which file, is known. Argument: a directory on a real disk.
#include <fcntl.h>

#include "workload.h"

enum { kSizeBytes = 32 << 20 };

static struct expected_wait* expect_disk(const char* label, const char* call, const char* path) {
  struct expected_wait* w = expect(label, "disk", call);
  w->least_ns = 0;
  w->resource_kind = "file";
  snprintf(w->resource, sizeof w->resource, "%s", path);
  return w;
}

static void forget_pages(int fd) {
  CHECK(fsync(fd) == 0);
  CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
}

int main(int argc, char** argv) {
  char path[128];
  snprintf(path, sizeof path, "%s/tarry-disk.XXXXXX", argc > 1 ? argv[1] : "/var/tmp");
  int fd = mkstemp(path);
  CHECK(fd >= 0);
  static char block[1 << 20];
  memset(block, 'x', sizeof block);
  for (int i = 0; i < kSizeBytes >> 20; i++) CHECK(write(fd, block, sizeof block) == sizeof block);

  struct expected_wait* w = expect_disk("fsync", "fsync", path);
  CHECK(fsync(fd) == 0);
  done(w);

  forget_pages(fd);
  CHECK(lseek(fd, 0, SEEK_SET) == 0);
  w = expect_disk("cold read", "read", path);
  while (read(fd, block, sizeof block) > 0) continue;
  done(w);

  forget_pages(fd);
  CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) == 0);
  char* pages = mmap(NULL, kSizeBytes, PROT_READ, MAP_PRIVATE, fd, 0);
  CHECK(pages != MAP_FAILED);
  CHECK(madvise(pages, kSizeBytes, MADV_RANDOM) == 0);
  w = expect_disk("page faults on a cold file", "", path);
  unsigned sum = 0;
  for (int at = 0; at < kSizeBytes; at += 1 << 18) sum += (unsigned char)pages[at];
  done(w);
  CHECK(sum == (kSizeBytes >> 18) * 'x');

  close(fd);
  unlink(path);
  print_notes();
}
