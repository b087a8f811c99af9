// What the workload programs share: each does something whose waits are known beforehand, and at its
// end prints one JSON object a line saying what a recording of it should show:
//
//   {"label": "pipe read", "tid": 4712, "kind": "ipc", "call": "read", "resource_kind": "pipe",
//    "resource": "", "role": "", "waker_tid": 4713, "context": "thread",
//    "least_ns": 100000000, "begin_ns": …, "end_ns": …}
//
// kind, role and context are those of docs/schema.md (thread_state.wait_kind, role, waker_context); an
// empty string says nothing about that column, waker_tid 0 neither. The thread blocked at least least_ns, and
// begin_ns … end_ns (CLOCK_BOOTTIME) were taken around the call. Other facts come as objects with
// a "fact" key. All in shared memory, so that children may add theirs; the first process prints.
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000LL
#define NAP_MS 100

struct expected_wait {
  const char *label, *kind, *call, *resource_kind, *role, *context;
  char resource[160];
  pid_t tid;
  _Atomic pid_t waker_tid;
  int64_t least_ns, begin_ns, end_ns;
};

struct notes {
  _Atomic int wait_count;
  struct expected_wait waits[256];
  _Atomic int fact_count;
  char facts[512][200];
};

static struct notes* notes_;

_Noreturn static inline void fail(const char* what) {
  fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
  exit(1);
}

// Where this machine cannot do it: the test skips, loudly.
static inline void skip(const char* why) {
  printf("{\"fact\": \"skip\", \"why\": \"%s\"}\n", why);
  fflush(stdout);
  _exit(0);
}

#define CHECK(x)        \
  do {                  \
    if (!(x)) fail(#x); \
  } while (0)

__attribute__((constructor)) static void map_notes(void) {
  notes_ = mmap(NULL, sizeof *notes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (notes_ == MAP_FAILED) fail("mmap");
}

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline pid_t my_tid(void) {
  return (pid_t)syscall(SYS_gettid);
}

static inline void nap_ms(int ms) {
  struct timespec t = {ms / 1000, ms % 1000 * MS};
  nanosleep(&t, NULL);
}

// Begins a wait of the calling thread.
static inline struct expected_wait* expect(const char* label, const char* kind, const char* call) {
  int i = atomic_fetch_add(&notes_->wait_count, 1);
  if (i >= 256) fail("too many waits");
  struct expected_wait* w = &notes_->waits[i];
  w->label = label;
  w->kind = kind;
  w->call = call;
  w->resource_kind = w->role = w->context = "";
  w->tid = my_tid();
  w->least_ns = NAP_MS * MS;
  w->begin_ns = now_ns();
  return w;
}

static inline void done(struct expected_wait* w) {
  w->end_ns = now_ns();
}

__attribute__((format(printf, 1, 2))) static inline void fact(const char* format, ...) {
  int i = atomic_fetch_add(&notes_->fact_count, 1);
  if (i >= 512) fail("too many facts");
  va_list args;
  va_start(args, format);
  vsnprintf(notes_->facts[i], sizeof notes_->facts[i], format, args);
  va_end(args);
}

static inline void print_notes(void) {
  for (int i = 0; i < notes_->wait_count; i++) {
    struct expected_wait* w = &notes_->waits[i];
    printf(
        "{\"label\": \"%s\", \"tid\": %d, \"kind\": \"%s\", \"call\": \"%s\", "
        "\"resource_kind\": \"%s\", \"resource\": \"%s\", \"role\": \"%s\", \"waker_tid\": %d, "
        "\"context\": \"%s\", \"least_ns\": %lld, \"begin_ns\": %lld, \"end_ns\": %lld}\n",
        w->label, w->tid, w->kind, w->call, w->resource_kind, w->resource, w->role, w->waker_tid, w->context,
        (long long)w->least_ns, (long long)w->begin_ns, (long long)w->end_ns);
  }
  for (int i = 0; i < notes_->fact_count; i++) printf("{%s}\n", notes_->facts[i]);
  fflush(stdout);
}

// A thread that runs `body(argument)`; joined by the caller.
static inline pthread_t start_thread(void* (*body)(void*), void* argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, argument)) fail("pthread_create");
  return thread;
}
