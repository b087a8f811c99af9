// 400 threads, forty at a time, that start, call and end; some end with the whole process's others
// still alive. Facts: {"fact": "thread", "tid", "calls"}: getppid calls each made.
#include "workload.h"

enum { kRounds = 10, kThreads = 40, kCalls = 5 };

static void* live(void* argument) {
  long extra = (long)argument % 3;
  for (long i = 0; i < kCalls + extra; i++) syscall(SYS_getppid);
  fact("\"fact\": \"thread\", \"tid\": %d, \"calls\": %ld", my_tid(), kCalls + extra);
  return NULL;
}

int main(void) {
  for (int round = 0; round < kRounds; round++) {
    pthread_t threads[kThreads];
    for (long i = 0; i < kThreads; i++) threads[i] = start_thread(live, (void*)i);
    for (int i = 0; i < kThreads; i++) pthread_join(threads[i], NULL);
  }
  print_notes();
}
