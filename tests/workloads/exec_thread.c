// A thread that is not the leader calls execve: it becomes the leader, all others are gone.
// Facts are printed before: {"fact": "exec", "pid", "tid"} with the thread that calls it.
#include "workload.h"

static void* sleep_on(void* unused) {
  (void)unused;
  for (;;) nap_ms(1000);
  return NULL;
}

static void* replace(void* unused) {
  (void)unused;
  nap_ms(20);
  printf("{\"fact\": \"exec\", \"pid\": %d, \"tid\": %d}\n", getpid(), my_tid());
  fflush(stdout);
  execl("/bin/sh", "sh", "-c", "exit 7", (char*)NULL);
  fail("execl");
  return NULL;
}

int main(void) {
  start_thread(sleep_on, NULL);
  start_thread(replace, NULL);
  sleep_on(NULL);
}
