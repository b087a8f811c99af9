// As many system calls as it can from as many threads as asked: getpid through syscall(2).
// usage: storm CALLS [THREADS]. Facts: {"fact": "issued", "tid", "calls"} for each thread.
#include "workload.h"

static long calls = 1000000;

static void* storm(void* unused) {
  (void)unused;
  for (long i = 0; i < calls; i++) syscall(SYS_getppid);
  fact("\"fact\": \"issued\", \"tid\": %d, \"calls\": %ld", my_tid(), calls);
  return NULL;
}

int main(int argc, char** argv) {
  int count = argc > 2 ? atoi(argv[2]) : 2;
  if (argc > 1) calls = atol(argv[1]);
  CHECK(count > 0 && count <= 64);
  pthread_t threads[64];
  for (int i = 0; i < count; i++) threads[i] = start_thread(storm, NULL);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  print_notes();
}
