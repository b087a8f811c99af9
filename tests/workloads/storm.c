// As many system calls as it can from as many threads as asked: getpid through syscall(2).
// usage: storm CALLS [THREADS]. Facts: {"fact": "issued", "tid", "calls"} for each thread. After the storm
// each makes one more call, getpgid, when the recorder has had time to empty its rings: so its number is
// known.
#include "workload.h"

static long calls = 1000000;
static pthread_barrier_t all_done;

static void* storm(void* unused) {
  (void)unused;
  for (long i = 0; i < calls; i++) syscall(SYS_getppid);
  pthread_barrier_wait(&all_done);
  nap_ms(500);
  syscall(SYS_getpgid, 0);
  nap_ms(200);
  fact("\"fact\": \"issued\", \"tid\": %d, \"calls\": %ld", my_tid(), calls);
  return NULL;
}

int main(int argc, char** argv) {
  int count = argc > 2 ? atoi(argv[2]) : 2;
  if (argc > 1) calls = atol(argv[1]);
  CHECK(count > 0 && count <= 64);
  pthread_t threads[64];
  CHECK(pthread_barrier_init(&all_done, NULL, (unsigned)count) == 0);
  for (int i = 0; i < count; i++) threads[i] = start_thread(storm, NULL);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  print_notes();
}
