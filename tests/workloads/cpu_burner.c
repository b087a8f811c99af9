// Computes for the given number of milliseconds of CPU time in each of N threads.
// usage: cpu_burner MS [THREADS]. Fact: {"fact": "burnt", "begin_ns", "real_ns", "cpu_ns"}: both spans begin
// in main(), not with the process, whose CPU time has that of the loader and of the shell before it.
#include "workload.h"

static int burn_ms = 500;

static int64_t cpu_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void* burn(void* unused) {
  (void)unused;
  int64_t until = cpu_ns(CLOCK_THREAD_CPUTIME_ID) + burn_ms * MS;
  do {
    for (volatile int i = 0; i < 20000; i++) continue;
  } while (cpu_ns(CLOCK_THREAD_CPUTIME_ID) < until);
  return NULL;
}

int main(int argc, char** argv) {
  int count = argc > 2 ? atoi(argv[2]) : 1;
  if (argc > 1) burn_ms = atoi(argv[1]);
  int64_t begin = now_ns();
  int64_t cpu_begin = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
  pthread_t threads[64];
  CHECK(count > 0 && count <= 64);
  for (int i = 1; i < count; i++) threads[i] = start_thread(burn, NULL);
  burn(NULL);
  for (int i = 1; i < count; i++) pthread_join(threads[i], NULL);
  fact("\"fact\": \"burnt\", \"begin_ns\": %lld, \"real_ns\": %lld, \"cpu_ns\": %lld", (long long)begin,
       (long long)(now_ns() - begin), (long long)(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin));
  print_notes();
}
