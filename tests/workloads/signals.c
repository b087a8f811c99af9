// Signals of every kind, one scene a word of the command line: kills children timers faults pipes queued
// stops blocked threads storm. Each leaves the process as it found it; `last` ends it by SIGABRT.
// Facts: {"fact": "signal", "tid" (receiver), "signo", "action", "sender_tid", "times"}, and
// {"fact": "none", "pid"} of a process that ends without any signal.
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "workload.h"

static sigjmp_buf back;
static atomic_int* handled;  // by all processes

static void count(int signo) {
  (void)signo;
  atomic_fetch_add(handled, 1);
}

static void jump_back(int signo) {
  siglongjmp(back, signo);
}

static void handle(int signo, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  CHECK(sigaction(signo, &action, NULL) == 0);
}

static void told(pid_t tid, int signo, const char* action, pid_t sender_tid, int times) {
  fact(
      "\"fact\": \"signal\", \"tid\": %d, \"signo\": %d, \"action\": \"%s\", \"sender_tid\": %d, \"times\": "
      "%d",
      tid, signo, action, sender_tid, times);
}

static pid_t sleeper(void) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) {
    nap_ms(20);
    return child;
  }
  for (;;) pause();
}

static void end(pid_t child, int signo) {
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signo);
}

struct order {
  pid_t target, sender;
  int signo;
};

static void* send_order(void* argument) {
  struct order* order = argument;
  order->sender = my_tid();
  CHECK(kill(order->target, order->signo) == 0);
  return NULL;
}

// By default, by a thread that is not the first one, to a child with a handler, to oneself.
static void kills(void) {
  const int fatal[] = {SIGTERM, SIGKILL, SIGHUP, SIGRTMIN + 5};
  for (int i = 0; i < 4; i++) {
    struct order order = {sleeper(), 0, fatal[i]};
    pthread_join(start_thread(send_order, &order), NULL);
    end(order.target, order.signo);
    told(order.target, order.signo, "terminate", order.sender, 1);
  }
  handle(SIGUSR1, count, SA_RESTART);
  pid_t child = sleeper();
  for (int i = 0; i < 5; i++) {
    int before = *handled;
    CHECK(kill(child, SIGUSR1) == 0);
    while (*handled == before) nap_ms(1);  // or two would become one
  }
  kill(child, SIGKILL);
  end(child, SIGKILL);
  told(child, SIGUSR1, "handler", my_tid(), 5);
  for (int i = 0; i < 3; i++) raise(SIGUSR1);
  told(my_tid(), SIGUSR1, "handler", my_tid(), 3);
}

// A storm: some of them are merged, as the kernel does.
static void children(void) {
  enum { COUNT = 300 };
  handle(SIGCHLD, count, SA_RESTART);
  for (int i = 0; i < COUNT; i++) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) _exit(i % 256);
    if (i % 10 == 9)
      while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  }
  while (waitpid(-1, NULL, 0) > 0) continue;
  handle(SIGCHLD, SIG_DFL, 0);
}

static void timers(void) {
  handle(SIGALRM, count, SA_RESTART);
  struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
  for (int i = 0; i < 20; i++) pause();
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
  handle(SIGRTMIN + 2, count, 0);
  struct sigevent event = {
      .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2, .sigev_value.sival_int = 77};
  struct itimerspec once = {{0, 0}, {0, 5000000}};
  timer_t timer;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  CHECK(timer_settime(timer, 0, &once, NULL) == 0);
  pause();
  timer_delete(timer);
  told(my_tid(), SIGRTMIN + 2, "handler", 0, 1);
}

static void faults(void) {
  const int all[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  for (int i = 0; i < 4; i++) handle(all[i], jump_back, SA_NODEFER);
  if (!sigsetjmp(back, 1)) *(volatile int*)0x1234 = 1;
#if defined __x86_64__
  if (!sigsetjmp(back, 1)) *(volatile int*)0x800000000000000 = 1;  // not canonical: no address is told
#endif
  void* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  if (!sigsetjmp(back, 1)) *(volatile int*)page = 1;
  FILE* empty = tmpfile();
  CHECK(empty);
  void* beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(empty), 0);
  CHECK(beyond != MAP_FAILED);
  if (!sigsetjmp(back, 1)) *(volatile int*)beyond = 1;
  if (!sigsetjmp(back, 1)) __builtin_trap();
#if defined __x86_64__
  volatile int zero = 0, many = 100;
  if (!sigsetjmp(back, 1)) many = many / zero;
#endif
  for (int i = 0; i < 4; i++) handle(all[i], SIG_DFL, 0);
}

static void pipes(void) {
  int ends[2];
  handle(SIGPIPE, count, 0);
  CHECK(pipe(ends) == 0);
  close(ends[0]);
  CHECK(write(ends[1], "x", 1) < 0);
  close(ends[1]);
  told(my_tid(), SIGPIPE, "handler", my_tid(), 1);
}

// Real-time signals keep their number, order and values.
static void queued(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigaddset(&set, SIGRTMIN + 1);
  handle(SIGRTMIN, count, 0);
  handle(SIGRTMIN + 1, count, 0);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    for (int i = 1; i <= 50; i++) sigqueue(getppid(), SIGRTMIN, (union sigval){.sival_int = i});
    sigqueue(getppid(), SIGRTMIN + 1, (union sigval){.sival_ptr = (void*)0x123456789});
    sigqueue(getppid(), SIGRTMIN + 1, (union sigval){.sival_ptr = NULL});
    _exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
  told(my_tid(), SIGRTMIN, "handler", child, 50);
  told(my_tid(), SIGRTMIN + 1, "handler", child, 2);
}

static void* sleep_on(void* unused) {
  (void)unused;
  for (;;) nap_ms(1000);
  return NULL;
}

static pid_t two_threads(void) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) sleep_on((start_thread(sleep_on, NULL), NULL));
  nap_ms(50);
  return child;
}

static void stops(void) {
  int status;
  pid_t child = two_threads();
  for (int i = 0; i < 2; i++) {
    CHECK(kill(child, SIGSTOP) == 0);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    nap_ms(50);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    nap_ms(50);
  }
  CHECK(kill(child, SIGKILL) == 0);
  end(child, SIGKILL);
  told(child, SIGSTOP, "stop", my_tid(), 2);
  told(child, SIGCONT, "continue", my_tid(), 2);
}

// Kept back while it is blocked, then delivered with the default, which is to do nothing; and never.
static void blocked(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  sigaddset(&set, SIGUSR2);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    raise(SIGWINCH);
    raise(SIGUSR2);
    sigdelset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    _exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  told(child, SIGWINCH, "ignore", child, 1);
  told(child, SIGUSR2, "", 0, 0);
}

// A fatal signal is one, however many threads die of it; and none where another thread ends all.
static void threads(void) {
  pid_t child = two_threads();
  CHECK(kill(child, SIGTERM) == 0);
  end(child, SIGTERM);
  fact("\"fact\": \"process\", \"pid\": %d, \"signo\": %d, \"sender_tid\": %d", child, SIGTERM, my_tid());
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    start_thread(sleep_on, NULL);
    start_thread(sleep_on, NULL);
    nap_ms(20);
    _exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  fact("\"fact\": \"none\", \"pid\": %d", child);
}

// More than a small ring holds.
static void storm(void) {
  enum { COUNT = 200000 };
  handle(SIGUSR2, count, SA_RESTART);
  for (int i = 0; i < COUNT; i++) CHECK(syscall(SYS_tgkill, getpid(), my_tid(), SIGUSR2) == 0);
  fact("\"fact\": \"storm\", \"tid\": %d, \"times\": %d", my_tid(), COUNT);
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*play)(void);
  } scenes[] = {{"kills", kills},     {"children", children}, {"timers", timers}, {"faults", faults},
                {"pipes", pipes},     {"queued", queued},     {"stops", stops},   {"blocked", blocked},
                {"threads", threads}, {"storm", storm}};
  handled = mmap(NULL, sizeof *handled, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(handled != MAP_FAILED);
  prctl(PR_SET_DUMPABLE, 0);  // no core files
  bool aborts = false;
  for (int i = 1; i < argc; i++) {
    bool known = strcmp(argv[i], "last") == 0;
    aborts = aborts || known;
    for (size_t k = 0; k < sizeof scenes / sizeof *scenes; k++) {
      if (strcmp(argv[i], scenes[k].name) != 0) continue;
      scenes[k].play();
      known = true;
    }
    if (!known) {
      fprintf(stderr, "workload: no scene %s\n", argv[i]);
      return 2;
    }
  }
  print_notes();
  if (aborts) abort();
  return 0;
}
