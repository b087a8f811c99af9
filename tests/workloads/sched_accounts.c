// Several threads that compute, sleep and yield on fewer CPUs than they want; at its end each says
// what the kernel's own accounts hold: time on CPU and in the run queue (/proc/…/schedstat), and how long it
// has lived, so that the rest was blocked.
// Facts: {"fact": "thread", "tid", "running_ns", "queued_ns", "life_ns", "end_ns"},
// {"fact": "process", "user_ns", "system_ns"}.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>

#include "workload.h"

static int64_t main_ns;  // when the other threads are made, one right after the other

static void note_accounts(void) {
  char path[64];
  long long running = 0, queued = 0;
  int64_t begin, end;
  snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", my_tid());
  const int file = open(path, O_RDONLY);
  // The kernel books running time when a thread leaves the CPU: so just after it did, and at one moment.
  do {
    nap_ms(1);
    char text[100] = "";
    begin = now_ns();
    const ssize_t size = pread(file, text, sizeof text - 1, 0);
    end = now_ns();
    CHECK(size > 0 && sscanf(text, "%lld %lld", &running, &queued) == 2);
  } while (end - begin > MS / 4);
  close(file);
  fact(
      "\"fact\": \"thread\", \"tid\": %d, \"running_ns\": %lld, \"queued_ns\": %lld, \"life_ns\": %lld, "
      "\"end_ns\": %lld",
      my_tid(), running, queued, (long long)(begin - main_ns), (long long)begin);
}

static void compute(int ms) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  int64_t until = t.tv_sec * 1000000000LL + t.tv_nsec + ms * MS;
  do {
    for (volatile int i = 0; i < 20000; i++) continue;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  } while (t.tv_sec * 1000000000LL + t.tv_nsec < until);
}

static void* burn(void* unused) {
  (void)unused;
  compute(300);
  note_accounts();
  return NULL;
}

static void* mix(void* unused) {
  (void)unused;
  for (int i = 0; i < 40; i++) {
    compute(3);
    nap_ms(2);
  }
  note_accounts();
  return NULL;
}

static void* yield(void* unused) {
  (void)unused;
  for (int i = 0; i < 20000; i++) sched_yield();
  note_accounts();
  return NULL;
}

int main(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  main_ns = now_ns();
  pthread_t threads[4] = {start_thread(burn, NULL), start_thread(burn, NULL), start_thread(mix, NULL),
                          start_thread(yield, NULL)};
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  note_accounts();
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  fact("\"fact\": \"process\", \"pid\": %d, \"user_ns\": %lld, \"system_ns\": %lld", getpid(),
       usage.ru_utime.tv_sec * 1000000000LL + usage.ru_utime.tv_usec * 1000LL,
       usage.ru_stime.tv_sec * 1000000000LL + usage.ru_stime.tv_usec * 1000LL);
  print_notes();
}
