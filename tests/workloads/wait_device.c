// A character device that is no terminal: the kernel's log, until a line is written to it.
#include <fcntl.h>

#include "workload.h"

static void* write_line(void* unused) {
  (void)unused;
  nap_ms(NAP_MS + 20);
  int fd = open("/dev/kmsg", O_WRONLY);
  const char line[] = "<7>tarry: a line for a test that waits for one\n";
  CHECK(write(fd, line, sizeof line - 1) > 0);
  close(fd);
  return NULL;
}

int main(void) {
  char line[8192];
  int fd = open("/dev/kmsg", O_RDWR);
  if (fd < 0) skip("no /dev/kmsg");
  CHECK(lseek(fd, 0, SEEK_END) >= 0);
  pthread_t thread = start_thread(write_line, NULL);
  struct expected_wait* w = expect("read of a device", "device", "read");
  w->resource_kind = "device";
  snprintf(w->resource, sizeof w->resource, "/dev/kmsg");
  CHECK(read(fd, line, sizeof line) > 0);
  done(w);
  pthread_join(thread, NULL);
  print_notes();
}
