// Locks: a mutex held by another thread, a condition variable, flock, fcntl record locks.
#include <fcntl.h>
#include <sys/file.h>

#include "workload.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t work_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_ready = PTHREAD_COND_INITIALIZER;
static int work_items, stop_workers;
static _Atomic pid_t holder_tid;
static _Atomic int held;

static void* hold_mutex(void* unused) {
  (void)unused;
  holder_tid = my_tid();
  pthread_mutex_lock(&mutex);
  held = 1;
  nap_ms(NAP_MS + 20);
  pthread_mutex_unlock(&mutex);
  return NULL;
}

static void wait_for_mutex(void) {
  pthread_t thread = start_thread(hold_mutex, NULL);
  while (!held) nap_ms(1);
  struct expected_wait* w = expect("contended mutex", "lock", "futex");
  pthread_mutex_lock(&mutex);
  done(w);
  w->waker_tid = holder_tid;
  w->context = "thread";
  pthread_mutex_unlock(&mutex);
  pthread_join(thread, NULL);
}

// A worker of a pool: parked until work is handed over, three times.
static void* work(void* unused) {
  (void)unused;
  for (;;) {
    struct expected_wait* w = expect("parked worker", "lock", "futex");
    pthread_mutex_lock(&work_mutex);
    while (!work_items && !stop_workers) pthread_cond_wait(&work_ready, &work_mutex);
    int stopped = !work_items;
    if (!stopped) work_items--;
    pthread_mutex_unlock(&work_mutex);
    done(w);
    w->role = "idle";
    w->context = "thread";
    w->waker_tid = getpid();  // the main thread
    if (stopped) return NULL;
  }
}

static void park_worker(void) {
  pthread_t thread = start_thread(work, NULL);
  for (int i = 0; i < 4; i++) {
    nap_ms(NAP_MS + 10);
    pthread_mutex_lock(&work_mutex);
    if (i < 3) work_items++;
    else stop_workers = 1;
    pthread_cond_signal(&work_ready);
    pthread_mutex_unlock(&work_mutex);
  }
  pthread_join(thread, NULL);
}

// A child holds the lock on the file for a while; `lock` says how.
static void wait_for_file_lock(const char* path, const char* label, const char* call,
                               int (*lock)(int fd, int wait)) {
  int ready[2];
  CHECK(pipe(ready) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0 && lock(fd, 0) == 0);
    CHECK(write(ready[1], "x", 1) == 1);
    nap_ms(NAP_MS + 20);
    _exit(0);  // closes the file, which gives the lock back
  }
  char byte;
  CHECK(read(ready[0], &byte, 1) == 1);
  int fd = open(path, O_RDWR);
  CHECK(fd >= 0);
  struct expected_wait* w = expect(label, "lock", call);
  w->resource_kind = "file";
  snprintf(w->resource, sizeof w->resource, "%s", path);
  w->waker_tid = child;
  w->context = "thread";
  CHECK(lock(fd, 1) == 0);
  done(w);
  close(fd);
  close(ready[0]);
  close(ready[1]);
  waitpid(child, NULL, 0);
}

static int with_flock(int fd, int wait) {
  return flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
}

static int with_fcntl(int fd, int wait) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, wait ? F_SETLKW : F_SETLK, &all);
}

static int with_ofd(int fd, int wait) {
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &all);
}

int main(void) {
  char path[] = "/tmp/tarry-lock.XXXXXX";
  close(mkstemp(path));
  wait_for_mutex();
  park_worker();
  wait_for_file_lock(path, "flock", "flock", with_flock);
  wait_for_file_lock(path, "fcntl lock", "fcntl", with_fcntl);
  wait_for_file_lock(path, "open file description lock", "fcntl", with_ofd);
  unlink(path);
  print_notes();
}
