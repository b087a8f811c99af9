// A person at a keyboard, played by the parent at the master side of a pseudo-terminal.
#include <fcntl.h>
#include <poll.h>

#include "workload.h"

int main(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  const char* name = ptsname(master);
  CHECK(name);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    int tty = open(name, O_RDWR | O_NOCTTY);
    CHECK(tty >= 0);
    char line[16];
    struct expected_wait* w = expect("read of a terminal", "terminal", "read");
    w->resource_kind = "tty";
    CHECK(read(tty, line, sizeof line) == 3);
    done(w);
    struct pollfd polled = {.fd = tty, .events = POLLIN};
    w = expect("poll of a terminal", "terminal", "poll");
    w->resource_kind = "tty";
    CHECK(poll(&polled, 1, -1) == 1);
    done(w);
    CHECK(read(tty, line, sizeof line) == 3);
    _exit(0);
  }
  for (int i = 0; i < 2; i++) {
    nap_ms(NAP_MS + 20);
    CHECK(write(master, "ok\n", 3) == 3);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  print_notes();
}
